"""How unevenly an amount is spread over its holders: Herfindahl, top shares, Gini, Theil and its split.

Amounts are any non-negative quantity in one unit (USD of open interest, of debt, of loans); a member that
was not seen is left out by the caller, never passed as zero. Which table is measured is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Amounts = npt.ArrayLike


@dataclass(frozen=True)
class TheilSplit:
    """Theil's T of a venue x asset grid, in nats, and the three parts that add up to it.

    `between_venues` and `between_assets` are T of the row and column totals; `mutual_information` is how far
    the grid is from independence: which venue holds which asset.
    """

    total: float
    between_venues: float
    between_assets: float
    mutual_information: float


def hhi(amounts: Amounts) -> float:
    """Herfindahl-Hirschman index: the sum of squared shares, a fraction in [1/n, 1].

    NaN when nothing is held. Raises ValueError for a negative or missing amount.

    >>> round(hhi([50, 30, 20]), 9)
    0.38

    References: Hirschman (1964), "The Paternity of an Index", American Economic Review 54.
    """
    return float(np.sum(_shares(amounts) ** 2))


def effective_n(amounts: Amounts) -> float:
    """How many equal holders would be as concentrated as these: 1 / HHI. NaN when nothing is held."""
    return 1.0 / hhi(amounts)


def top_share(amounts: Amounts, k: int) -> float:
    """Share of the k largest holders, a fraction in [0, 1]; 1 when there are no more than k.

    Raises ValueError when k is below 1.
    """
    if k < 1:
        message = f"the top share needs at least one holder, not k = {k}"
        raise ValueError(message)
    return float(np.sum(np.sort(_shares(amounts))[-k:]))


def gini(amounts: Amounts) -> float:
    """Gini coefficient of the holders, a fraction in [0, (n-1)/n]; 0 when all hold the same.

    G = sum((2r - n - 1) x_r) / (n sum(x)) over amounts in rising order r = 1..n, without the small-sample
    factor n/(n-1). Zero holders count as members.
    """
    shares = np.sort(_shares(amounts))
    n = shares.size
    ranks = np.arange(1, n + 1)
    return float(np.sum((2 * ranks - n - 1) * shares) / n)


def theil_t(amounts: Amounts) -> float:
    """Theil's T, in nats: mean((x/m) ln(x/m)) with m the mean; 0 when all hold the same, at most ln n.

    Zero holders count as members, with 0 ln 0 = 0. This is T, not L (the mean log deviation), which some
    packages return under the name "theil" and which does not exist once a holder has nothing.

    References: Theil (1967), "Economics and Information Theory", chapter 4.
    """
    shares = _shares(amounts)
    return float(np.log(shares.size) - _entropy(shares))


def theil_l(amounts: Amounts) -> float:
    """Theil's L, the mean log deviation, in nats: mean(ln(m/x)) with m the mean; 0 when all hold the same.

    For comparison with packages that call it "theil"; infinite once a holder has nothing, so nothing that is
    quoted uses it.
    """
    shares = _shares(amounts)
    with np.errstate(divide="ignore"):
        return float(-np.mean(np.log(shares * shares.size)))


def rosenbluth(amounts: Amounts) -> float:
    """Rosenbluth's (Hall-Tideman) index, a fraction in [1/n, 1]: 1 / (2 sum(r s_r) - 1), r = 1 the largest.

    It weighs the number of holders more than the HHI does.
    """
    shares = np.sort(_shares(amounts))[::-1]
    return float(1.0 / (2.0 * np.sum(np.arange(1, shares.size + 1) * shares) - 1.0))


def theil_split(grid: Amounts) -> TheilSplit:
    """Split T over all cells of a venue (rows) x asset (columns) grid: T = B_venue + B_asset + MI.

    The grid must be complete: a cell where a venue has none of an asset is 0, and the identity is exact with
    such zeros, because each part is a difference of entropies with 0 ln 0 = 0. All parts are NaN when the
    grid holds nothing. Raises ValueError when `grid` is not two-dimensional.
    """
    cells = np.asarray(grid, dtype=float)
    if cells.ndim != 2:
        message = f"a venue x asset split needs a two-dimensional grid, not {cells.ndim} dimensions"
        raise ValueError(message)
    venues, assets = cells.sum(axis=1), cells.sum(axis=0)
    joint = _entropy(_shares(cells.ravel()))
    return TheilSplit(
        total=theil_t(cells.ravel()),
        between_venues=theil_t(venues),
        between_assets=theil_t(assets),
        mutual_information=_entropy(_shares(venues)) + _entropy(_shares(assets)) - joint,
    )


def _shares(amounts: Amounts) -> npt.NDArray[np.float64]:
    values = np.asarray(amounts, dtype=float)
    if values.ndim != 1:
        message = f"amounts must be one-dimensional, not {values.ndim}-dimensional"
        raise ValueError(message)
    if not np.all(values >= 0):  # also false for NaN
        message = "amounts must be zero or more: leave a member out when its amount is unknown"
        raise ValueError(message)
    total = values.sum()
    # Shares of nothing are undefined, and an undefined figure is NaN, never zero.
    return values / total if total > 0 else np.full(max(values.size, 1), np.nan)


def _entropy(shares: npt.NDArray[np.float64]) -> float:
    if np.isnan(shares).any():
        return float("nan")
    held = shares[shares > 0]
    return float(-np.sum(held * np.log(held)))
