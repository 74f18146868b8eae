"""What one App has read lately, kept for those who need not have it fresh."""

from __future__ import annotations

import threading
import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakValueDictionary

import attrs
from attrs import Factory

from perdure.store import forks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from perdure.store.callers.delivery import Delivery
    from perdure.store.protocol import AskedCommit
    from perdure.store.rows import Cells, Row, Written

LONG_AGO = float("-inf")

MOST = 4096
"""How many snapshots are kept that nobody holds on to: the latest."""


@attrs.frozen(eq=False)
class State:
    """The rows of a module as they were at one time, or some of them later; `Remembered`.

    Attributes:
        at: When the query began that read them, by the monotonic clock.
        rows: The rows, by name and in the order of the names.
        values: What is stored, by name.
        length: How many characters that is.
        made: What those who read them have made of the values.
    """

    at: float
    rows: Mapping[str, Row] = attrs.field(repr=False)  # secrets may be among them
    values: Mapping[str, Cells] = attrs.field(repr=False, default=Factory(lambda self: values_of(self.rows), takes_self=True))
    length: int = attrs.field(default=Factory(lambda self: length_of(self.values), takes_self=True))
    made: dict[str, Any] = attrs.field(repr=False, init=False, factory=dict)


def values_of(rows: Mapping[str, Row]) -> Mapping[str, Cells]:
    """Return what is stored in rows."""
    return {name: (row.text, row.encoding, row.record_version) for name, row in rows.items()}


def length_of(values: Mapping[str, Cells]) -> int:
    """Return how many characters values have."""
    return sum(len(text) for text, *_ in values.values() if text is not None)


UNREAD = State(LONG_AGO, {})


class Snapshot:
    """The rows of one module and tenant, as far as they are known; a `Memory`.

    Attributes:
        place: The tenant and the module, as it is stored.
        state: The rows. It is replaced as a whole, so that whoever takes it has what belongs together.
        writes: How often it was told of writes of this App's own: what a query has read that began before one may be older.
    """

    __slots__ = ("__weakref__", "place", "state", "writes")

    def __init__(self, place: tuple[str, str]) -> None:
        self.place = place
        self.state = UNREAD
        self.writes = 0


class Snapshots:
    """The snapshots of one App, for all of its tenants, modules and ages; it observes the App's own writes.

    Args:
        delivery: What tells of them.
        clock: The seconds now, of a clock that nobody sets.

    Attributes:
        away_until: While the database is away, when it is asked again; else long ago.
        asking: Held by the one call that asks whether it is back.
    """

    def __init__(self, delivery: Delivery, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.away_until = LONG_AGO
        self.asking = threading.Lock()
        self.closed = False
        self.known: WeakValueDictionary[tuple[str, str], Snapshot] = WeakValueDictionary()
        self.lately: deque[Snapshot] = deque(maxlen=MOST)
        self.doubtful: WeakKeyDictionary[AskedCommit, frozenset[tuple[str, str]]] = WeakKeyDictionary()
        # Reentrant: whatever makes an object may run the garbage collection, which may end a caller's connection, and with it
        # tell of a write of its own.
        self.mutex = threading.RLock()
        delivery.observe(self)
        forks.watching.add(self)

    def of(self, tenant: str, module: str) -> Snapshot:
        """Return the snapshot of a module, which is everybody's."""
        with self.mutex:
            found = self.known.get((tenant, module))
            if found is None:
                found = self.known[tenant, module] = Snapshot((tenant, module))
                self.lately.append(found)
        return found

    def take(self, snapshot: Snapshot, state: State, writes: int) -> State:
        """Keep what a query has read, unless this App has written meanwhile, and return what is known now.

        Args:
            snapshot: Of which module.
            state: All of its rows.
            writes: Of how many writes the snapshot was told when the query began.
        """
        with self.mutex:
            if state.at < snapshot.state.at:  # a query that began later was quicker
                return snapshot.state
            if writes == snapshot.writes and not self.closed and not self.doubted(snapshot.place):
                snapshot.state = state
        return state

    # ----------------------------------------------------------------------- what this App writes

    def noted(self, written: Sequence[Written]) -> None:
        """Take what a transaction of this App has written, all of it at once."""
        if not self.known:
            return
        by_place: dict[tuple[str, str], list[Row]] = {}
        for each in written:
            by_place.setdefault((each.row.tenant, each.row.module), []).append(each.row)
        for place, rows in by_place.items():
            self.replace(place, partial(succeeding, rows))

    def committing(self, commit: AskedCommit, written: Sequence[Written]) -> None:
        """Forget what a caller is about to commit, and keep nothing of it before it is known what has become of that.

        Nobody tells of the end of a COMMIT: what waits for it is let go when its connection is used or given back.
        """
        places = frozenset((each.row.tenant, each.row.module) for each in written)
        with self.mutex:
            self.doubtful[commit] = places
        for place in places:
            self.replace(place, lambda _: UNREAD)

    def doubted(self, place: tuple[str, str]) -> bool:
        """Tell whether a COMMIT of a module is under way."""
        return any(place in places for places in self.doubtful.values())

    def replace(self, place: tuple[str, str], following: Callable[[State], State]) -> None:
        """Replace the rows of a module by those that follow on them, if it has a snapshot."""
        with self.mutex:
            snapshot = self.known.get(place)
            if snapshot is None:
                return
            snapshot.writes += 1
            writes = snapshot.writes
            state = following(snapshot.state)
            snapshot.state = state if writes == snapshot.writes else UNREAD  # told of another in between: see the mutex

    def forget(self) -> None:
        """Forget every row, also what is being read just now."""
        for place in list(self.known):
            self.replace(place, lambda _: UNREAD)

    def close(self) -> None:
        """Keep nothing any more."""
        self.closed = True
        self.forget()
        forks.watching.discard(self)

    # ----------------------------------------------------------------------- forks

    def before_fork(self) -> None:
        """Wait until nobody changes what is known."""
        self.mutex.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self.mutex.release()

    def after_fork_in_child(self) -> None:
        """Go on: what is known is as true here."""
        self.asking = threading.Lock()
        self.mutex.release()


def succeeding(rows: Sequence[Row], state: State) -> State:
    """Return the state after a transaction that wrote these rows; nothing is known where others have written to them as well.

    What they wrote with them is not known, and what was written together is to be seen together.
    """
    if state is UNREAD:
        return UNREAD
    known = dict(state.rows)
    for row in rows:
        before = known.get(row.name)
        version: object = 0 if before is None else before.version  # of a damaged row, it may be anything
        if version not in (row.version - 1, row.version):
            return UNREAD
        known[row.name] = row
    if len(known) > len(state.rows):
        known = dict(sorted(known.items(), key=lambda item: str(item[0])))
    return State(state.at, known)
