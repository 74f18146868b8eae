"""How a lock that is not free is waited for."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perdure.lock.protocol import Grip, Refusal
    from perdure.metrics import Counters

SHORTEST_PAUSE = 0.005
LONGEST_PAUSE = 0.1


def taken(grip: Grip, seconds: float, counters: Counters, *, even_if_broken: bool = True) -> float | Refusal:
    """Try until the lock is had.

    Args:
        grip: What to take.
        seconds: How long to go on; 0 tries once.
        counters: Where waiting is counted, once.
        even_if_broken: Whether to go on while what keeps the locks cannot be reached.

    Returns:
        When the try began that had it, by `time.monotonic()`, else why the last one failed.
    """
    deadline = time.monotonic() + seconds
    pause = SHORTEST_PAUSE
    begun = time.monotonic()
    refusal = grip.take()
    if refusal and seconds:
        counters.lock_waits.count()
    while refusal:
        if refusal.broken and not even_if_broken:
            return refusal
        # The pauses differ, so that those who wait do not come back all at once.
        time.sleep(max(0.0, min(random.uniform(pause / 2, pause), deadline - time.monotonic())))  # noqa: S311 - no secret
        begun = time.monotonic()
        if begun >= deadline:
            return refusal
        pause = min(2 * pause, LONGEST_PAUSE)
        refusal = grip.take()
    return begun
