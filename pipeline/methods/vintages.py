"""When the positions open today were entered: open interest by day of entry, under rules of who leaves first.

Only total open interest is seen, so nobody knows which positions close. Drawing them from all alike is the
estimate; the oldest first and the youngest first are its bounds. At what price a vintage entered, and what
that means for its margin, is `cushion.py`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Rule = Literal["pro_rata", "fifo", "lifo"]


def entry_shares(open_interest: npt.ArrayLike, rule: Rule) -> npt.NDArray[np.float64]:
    """Share of the last day's positions that entered on each day, shape (days,), fractions adding up to 1.

    open_interest: coins at the end of each day, oldest first, shape (days,), all above or at zero and known.
    What is open on the first day counts as entered then; a rise enters on its day, a fall leaves by `rule`:
    pro_rata (all vintages alike), fifo (the oldest first), lifo (the youngest first). NaN throughout when
    nothing is open on the last day. Raises ValueError for a missing or negative day.

    >>> entry_shares([100, 120, 90, 100], "fifo").round(9).tolist()
    [0.7, 0.2, 0.0, 0.1]
    """
    level = np.asarray(open_interest, dtype=float)
    if level.ndim != 1 or level.size == 0 or not np.all(level >= 0):
        message = "open interest by day must be one series, known and not negative: fill or cut it before"
        raise ValueError(message)
    book = np.zeros(level.size)
    for day, amount in enumerate(level):
        change = amount - (level[day - 1] if day else 0.0)
        book[day] = max(change, 0.0)
        if change < 0:
            _leave(book[:day], -change, rule)
    return book / level[-1] if level[-1] > 0 else np.full(level.size, np.nan)


def _leave(book: npt.NDArray[np.float64], amount: float, rule: Rule) -> None:
    """Take `amount` out of the vintages, oldest at index 0, in place."""
    if rule == "pro_rata":
        book *= max(0.0, 1 - amount / book.sum())
        return
    order = book if rule == "fifo" else book[::-1]
    gone = np.minimum(np.cumsum(order), amount)
    order -= np.diff(gone, prepend=0.0)
