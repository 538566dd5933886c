"""How many forced orders a feed that shows at most one a second must have left out.

Counts in, counts out. What was forced by whom, and the value of an order, belong elsewhere.
"""

from __future__ import annotations

import math


def orders_behind(seconds: int, seconds_shown: int) -> float:
    """Orders behind a feed that shows at most one a second: -s ln(1 - k/s), a count.

    `seconds_shown` k of `seconds` s showed an order. Were orders spread at random (Poisson), a second would
    be empty with probability exp(-n/s). Orders cluster, so this is itself too low; a window that showed one
    every second says nothing of the rest and is counted as one second short of it. Raises ValueError unless
    0 <= k <= s and s > 0.
    """
    if not (seconds > 0 and 0 <= seconds_shown <= seconds):
        message = f"{seconds_shown} of {seconds} seconds cannot have shown an order"
        raise ValueError(message)
    return -seconds * math.log1p(-min(seconds_shown, seconds - 1) / seconds)
