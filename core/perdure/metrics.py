"""What an App counts while it works."""

from __future__ import annotations

import threading
from collections import Counter

import attrs


@attrs.frozen
class Metrics:
    """How often things happened since the App was opened.

    Attributes:
        first_writes_without_lock: First writes that went through without their lock, because it was not had in time.
        lock_waits: Locks that were not had at once, and were waited for.
        locks_lost: Named locks that ended while their body still ran.
    """

    first_writes_without_lock: int = 0
    lock_waits: int = 0
    locks_lost: int = 0


NAMES = frozenset(each.name for each in attrs.fields(Metrics))


class Counters:
    """Counts for one App; any thread may count."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.mutex = threading.Lock()

    def count(self, what: str) -> None:
        """Count one more of `what`, an attribute of `Metrics`."""
        if what not in NAMES:
            raise KeyError(what)
        with self.mutex:
            self.counts[what] += 1

    def snapshot(self) -> Metrics:
        """Return what was counted so far."""
        with self.mutex:
            return Metrics(**self.counts)
