"""The random model behind a made world: prices, open interest, heat and funding as arrays, from one seed.

No market ids, files or units of venues here (`made_markets.py`, `scenario.py`). Time index t of a daily array
is the instant t days after the first day's start; funding arrays count hours from the same instant.

Noise is stationary around a slow trend, so that a world without an event stays without one however long it
lasts; over an event's window the market-wide noise is pinned to leave as it came, so that the size of the
event is the drawn one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches

import numpy as np
import numpy.typing as npt

from pipeline.errors import UsageError

Array = npt.NDArray[np.float64]

QUIET = "quiet"
FAMILIES: tuple[str, ...] = ("build_up_and_crash", QUIET, "price_only_rally", "crash_without_build_up")

CALM_DAYS = 200  # before any event, so that a reader of history has one
EVENT_ROOM_DAYS = 101  # longest build-up 70, plateau 6, crash 3, aftermath 22
SHORTEST_DAYS, SHORTEST_EVENT_DAYS = 30, CALM_DAYS + EVENT_ROOM_DAYS
RALLY_DAYS = 60

CRASH_PROFILE = {
    1: (1.0,),
    2: (0.65, 1.0),
    3: (0.5, 0.85, 1.0),
}  # part of the fall done by the end of each day

BASE_FUNDING = 0.0001  # per 8 h: the venues' own interest component
FUNDING_BOUND = 0.003  # per 8 h


@dataclass(frozen=True)
class Events:
    """What happens, in days after the first day's start; None where the family has no such event.

    growth_ratio: open interest in coins gained by the end of the build-up (0.7 is +70 %); price and open
    interest fall ratios are positive; heated_funding is the rate per 8 h at the end of the build-up.
    """

    build_up_from: int | None = None
    build_up_to: int | None = None
    growth_ratio: float = 0.0
    rally_from: int | None = None
    rally_to: int | None = None
    rally_ratio: float = 0.0
    crash_at: int | None = None
    crash_days: int = 1
    price_fall_ratio: float = 0.0
    open_interest_fall_ratio: float = 0.0
    heated_funding: float = BASE_FUNDING


def check_family(family: str, days: int) -> None:
    """Raises UsageError for an unknown family, or a period too short for its event or too short at all."""
    if family not in FAMILIES:
        near = get_close_matches(family, FAMILIES, n=1)
        guess = f", did you mean {near[0]}" if near else ""
        raise UsageError(f"there is no scenario family {family}{guess}: use one of {', '.join(FAMILIES)}")
    shortest = SHORTEST_DAYS if family == QUIET else SHORTEST_EVENT_DAYS
    if days < shortest:
        remedy = f"use --days {shortest} or more" + (f", or --family {QUIET}" if family != QUIET else "")
        raise UsageError(f"a scenario {family} needs {shortest} days, {days} were asked: {remedy}")


def draw_events(family: str, days: int, rng: np.random.Generator) -> Events:
    """The events of a family; raises UsageError for an unknown family or a period too short for it."""
    check_family(family, days)
    if family == QUIET:
        return Events()
    start = int(rng.integers(max(CALM_DAYS, days // 2), days - EVENT_ROOM_DAYS, endpoint=True))
    length = int(rng.integers(45, 70, endpoint=True))
    crash = Events(
        crash_at=start + length + int(rng.integers(0, 6, endpoint=True)),
        crash_days=int(rng.integers(1, 3, endpoint=True)),
        price_fall_ratio=float(rng.uniform(0.26, 0.36)),
        open_interest_fall_ratio=float(rng.uniform(0.32, 0.43)),
    )
    if family == "price_only_rally":
        ratio = float(rng.uniform(0.65, 0.95))
        return Events(rally_from=start, rally_to=start + RALLY_DAYS, rally_ratio=ratio)
    if family == "crash_without_build_up":
        return crash
    return replace(
        crash,
        build_up_from=start,
        build_up_to=start + length,
        growth_ratio=float(rng.uniform(0.57, 0.83)),
        rally_from=start,
        rally_to=start + length,
        rally_ratio=float(rng.uniform(0.10, 0.30)),
        heated_funding=float(rng.uniform(0.0004, 0.0005)),
    )


def ramp(days: int, first: int | None, last: int | None, power: float = 1.0) -> Array:
    """0 up to `first`, rising to 1 at `last` and staying there; all zero without an event. (days + 1,)"""
    if first is None or last is None:
        return np.zeros(days + 1)
    done = np.clip((np.arange(days + 1) - first) / (last - first), 0.0, 1.0)
    return np.asarray(done**power, dtype=np.float64)


def crash_path(days: int, events: Events) -> Array:
    """Part of the crash done by each instant, 0 to 1. (days + 1,)"""
    path = np.zeros(days + 1)
    if events.crash_at is not None:
        for day, part in enumerate(CRASH_PROFILE[events.crash_days], start=1):
            path[events.crash_at + day :] = part
    return path


def reverting(rng: np.random.Generator, steps: int, columns: int, shock: float, half_life: float) -> Array:
    """Ornstein-Uhlenbeck paths around zero, started from their stationary law. (steps, columns)

    `shock` is the standard deviation of one step's innovation, `half_life` is counted in steps.
    """
    keep = 0.5 ** (1 / half_life)
    shocks = rng.standard_normal((steps, columns)) * shock
    shocks[0] /= np.sqrt(1 - keep**2)
    return _accumulated(shocks, keep)


def clustered(rng: np.random.Generator, steps: int, columns: int, shock: float, half_life: float) -> Array:
    """Like `reverting`, with shocks whose variance follows a GARCH(1,1) of mean `shock` squared."""
    keep = 0.5 ** (1 / half_life)
    normal = np.clip(rng.standard_normal((steps, columns)), -3.5, 3.5)
    shocks = np.empty_like(normal)
    variance = np.full(columns, shock**2)
    for t in range(steps):
        shocks[t] = np.sqrt(variance) * normal[t]
        variance = 0.05 * shock**2 + 0.06 * shocks[t] ** 2 + 0.89 * variance
    return _accumulated(shocks, keep)


def pinned(path: Array, events: Events) -> Array:
    """The path with its change over every event window taken out, evenly over the window. (days + 1,)"""
    result = path.copy()
    crash_to = None if events.crash_at is None else events.crash_at + events.crash_days
    windows = [
        (events.build_up_from or events.rally_from, events.build_up_to or events.rally_to),
        (events.crash_at, crash_to),
    ]
    for first, last in windows:
        if first is not None and last is not None:
            change = result[last] - result[first]
            result -= change * ramp(len(path) - 1, first, last)
    return result


def price_paths(rng: np.random.Generator, days: int, betas: Array, events: Events) -> Array:
    """Price of each asset as a multiple of its first one; asset 0 is the factor. (days + 1, assets)"""
    assets = len(betas)
    factor = pinned(clustered(rng, days + 1, 1, 0.015, 60)[:, 0], events)
    own = clustered(rng, days + 1, assets, 0.020, 40)
    own[:, 0] = 0.0
    rally = np.log1p(events.rally_ratio) * ramp(days, events.rally_from, events.rally_to)
    fall = np.log1p(-events.price_fall_ratio) * crash_path(days, events)
    # In a crash everything falls together: betas shrink towards one.
    path = np.outer(factor, betas) + own + rally[:, None] + np.outer(fall, 1 + 0.4 * (betas - 1))
    return np.asarray(np.exp(path - path[0]), dtype=np.float64)


def open_interest_paths(
    rng: np.random.Generator, days: int, groups: npt.NDArray[np.intp], weights: Array, events: Events
) -> Array:
    """Open interest in coins of each market as a multiple of its usual level. (days + 1, markets)

    groups: index of each market's asset and of its venue (2, markets); weights: its part of the whole in USD,
    by which the unequal share that markets have in a build-up averages to the drawn growth.
    """
    asset_of, venue_of = groups
    assets, venues, steps = int(asset_of.max()) + 1, int(venue_of.max()) + 1, days + 1
    t = np.arange(steps)
    common = rng.uniform(-0.10, 0.10) * t / 365 + reverting(rng, steps, 1, 0.010, 8)[:, 0]
    for low, high in ((18, 32), (40, 70)):  # waves of weeks, 5 to 10 % from trough to peak together
        period, phase = rng.uniform(low, high), rng.uniform(0, 2 * np.pi)
        common += rng.uniform(0.012, 0.025) * np.sin(2 * np.pi * t / period + phase)
    path = pinned(common, events)[:, None] + reverting(rng, steps, assets, 0.012, 10)[:, asset_of]
    path += reverting(rng, steps, venues, 0.006, 30)[:, venue_of]
    path += reverting(rng, steps, len(weights), 0.008, 10)
    share = np.clip(rng.normal(1, 0.20, assets), 0.5, 1.5)[asset_of]
    share *= np.clip(rng.normal(1, 0.12, venues), 0.7, 1.3)[venue_of]
    share /= np.average(share, weights=weights)
    built = ramp(days, events.build_up_from, events.build_up_to, power=rng.uniform(0.8, 1.3))
    path += np.log1p(events.growth_ratio) * np.outer(built, share)
    path += np.log1p(-events.open_interest_fall_ratio) * crash_path(days, events)[:, None]
    return np.exp(path)


def heat_path(days: int, events: Events) -> Array:
    """How crowded the longs are: 0 ordinary, 1 at a build-up's end, below 0 after a crash. (days + 1,)"""
    heat = ramp(days, events.build_up_from, events.build_up_to)
    if events.crash_at is not None:
        after = np.arange(days + 1) - (events.crash_at + 1)
        heat = np.where(after >= 0, -0.6 * np.exp(-after / 5), heat)
    return heat


def funding_paths(rng: np.random.Generator, days: int, markets: int, heat: Array, events: Events) -> Array:
    """Funding rate per 8 hours at every hour, to 8 hours after the last instant. (24 days + 9, markets)"""
    hours = np.arange(24 * days + 9)
    at_peak = max(events.heated_funding - BASE_FUNDING, 0.0003)
    level = BASE_FUNDING + at_peak * np.interp(hours / 24, np.arange(days + 1), heat)
    # Shocks an hour that leave a spread of 0.00003 each, common and own.
    noise = reverting(rng, len(hours), 1, 5.1e-6, 48) + reverting(rng, len(hours), markets, 8.6e-6, 16)
    return np.clip(level[:, None] + noise, -FUNDING_BOUND, FUNDING_BOUND)


def _accumulated(shocks: Array, keep: float) -> Array:
    path = np.empty_like(shocks)
    level = np.zeros(shocks.shape[1])
    for t, shock in enumerate(shocks):
        level = keep * level + shock
        path[t] = level
    return path
