"""Holding a named lock: waiting for it, watching over it while the body runs, and saying so when it was lost."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING

from perdure.errors import InvalidArgument, LockUnavailable
from perdure.lock.protocol import Refusal
from perdure.lock.waiting import taken
from perdure.lock.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perdure.lock.protocol import Grip, HeldLock
    from perdure.metrics import Counters
    from perdure.names import Key


def checked_spans(timeout: float, lease: float) -> None:
    """Refuse what is no span of time.

    Raises:
        InvalidArgument: The timeout is negative or endless, or the lease is not above 0.
    """
    if not 0 <= timeout < math.inf:
        raise InvalidArgument("timeout", repr(timeout), "seconds, 0 or more")
    if not 0 < lease < math.inf:
        raise InvalidArgument("lease", repr(lease), "seconds, more than 0")


@contextmanager
def held(grip: Grip, place: Key, *, timeout: float, lease: float, counters: Counters) -> Iterator[HeldLock]:
    """Hold `grip` around a body; see `NamedLocks.hold`."""
    try:
        outcome = taken(grip, timeout, counters)
    except BaseException:
        grip.release()
        raise
    if isinstance(outcome, Refusal):
        grip.release()
        raise LockUnavailable(*place, timeout, outcome.problem)
    watchdog = Watchdog(grip, place, lease, counters, since=outcome)
    try:
        watchdog.begin()
        yield watchdog
    except BaseException as error:
        watchdog.end()
        if watchdog.lost:
            error.add_note(str(watchdog.loss()))
        raise
    watchdog.end()
    watchdog.check()
