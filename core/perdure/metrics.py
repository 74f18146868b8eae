"""What an App counts while it works: always on, and cheap enough for that."""

from __future__ import annotations

import threading
from itertools import count

import attrs


@attrs.frozen
class Metrics:
    """How often things happened since the App was opened, in this process: a fork begins anew. A picture of one moment.

    Attributes:
        reads: Queries that read, by calls of the application, a `ping` among them, and by watchers that look for changes.
        cache_hits: Reads within a `max_age` that memory answered.
        cache_misses: Those that the database was asked for, a module at a time.
        writes: Changes of one name each that were committed, in transactions of callers too.
        conflicts: Calls that ended in a `Conflict`, or a `VersionConflict`: another transaction was in the way.
        retries: Queries and transactions that were begun anew, since the database asked for it or a connection was lost.
        first_writes_without_lock: First writes that went through without their lock, because it was not had in time.
        lock_waits: Locks that were not had at once, and were waited for.
        locks_lost: Named locks that ended while their body still ran.
        watchers: Watches that are open now.
    """

    reads: int = 0
    cache_hits: int = 0
    cache_misses: int = 0
    writes: int = 0
    conflicts: int = 0
    retries: int = 0
    first_writes_without_lock: int = 0
    lock_waits: int = 0
    locks_lost: int = 0
    watchers: int = 0


class Tally:
    """How often something happened. Any thread may count at any time, without a lock and without losing one.

    Attributes:
        count: Counts one more. A step of `itertools.count` is one step of the interpreter, whatever other threads do.
    """

    __slots__ = ("count", "looks", "mutex", "steps")

    def __init__(self) -> None:
        self.steps = count()
        self.count = self.steps.__next__
        self.looks = 0
        self.mutex = threading.Lock()

    def number(self) -> int:
        """Return how often it has happened. To look takes a step too, which is not counted."""
        with self.mutex:
            self.looks += 1
            return next(self.steps) - self.looks + 1

    def start_over(self) -> None:
        """Begin from none, in a process that has no other thread."""
        self.mutex = threading.Lock()  # a thread that is not here may have held the other
        self.looks = next(self.steps) + 1


@attrs.frozen(eq=False)
class Counters:
    """What is counted for one App; see `Metrics`."""

    reads: Tally = attrs.field(factory=Tally)
    cache_hits: Tally = attrs.field(factory=Tally)
    cache_misses: Tally = attrs.field(factory=Tally)
    writes: Tally = attrs.field(factory=Tally)
    conflicts: Tally = attrs.field(factory=Tally)
    retries: Tally = attrs.field(factory=Tally)
    first_writes_without_lock: Tally = attrs.field(factory=Tally)
    lock_waits: Tally = attrs.field(factory=Tally)
    locks_lost: Tally = attrs.field(factory=Tally)

    def snapshot(self, *, watchers: int = 0) -> Metrics:
        """Return what was counted so far, and how many watches are open."""
        counted = {each.name: getattr(self, each.name).number() for each in attrs.fields(Counters)}
        return Metrics(**counted, watchers=watchers)

    # ----------------------------------------------------------------------- forks

    def before_fork(self) -> None:
        """Do nothing."""

    def after_fork_in_parent(self) -> None:
        """Do nothing."""

    def after_fork_in_child(self) -> None:
        """Count what the child does, and not what its parent has done."""
        for each in attrs.fields(Counters):
            getattr(self, each.name).start_over()
