"""Rows that may be a little old: from memory where they are young enough, else from the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from perdure.errors import StoreUnavailable
from perdure.store.aged.snapshots import LONG_AGO, State
from perdure.store.protocol import MOST_TEXT, WouldWait
from perdure.store.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from perdure.names import Key
    from perdure.store.aged.snapshots import Snapshot, Snapshots
    from perdure.store.callers.joined import Home
    from perdure.store.database import DatabaseStore
    from perdure.store.protocol import RowStore, Transaction
    from perdure.store.rows import Cells, Row

T = TypeVar("T")

ASK_AGAIN = 1.0
"""Seconds after which a database that was away is asked again, by one call; meanwhile all others are told what is known."""


class AgedRows(Reader):
    """The rows of a store as they were at most some seconds ago; an `AgedRowStore`.

    A name is read with its whole module, in one query. What is decided by a value that was read, as a write does, is decided by
    the database: transactions, `read_value` and the history are as ever.

    Args:
        store: The store.
        snapshots: What its App has read lately.
        seconds: How old what is told may be.
        on_outage: How much older, while the database is away.
    """

    def __init__(self, store: DatabaseStore, snapshots: Snapshots, seconds: float, on_outage: float) -> None:
        self.store = store
        self.snapshots = snapshots
        self.seconds = seconds
        self.on_outage = on_outage
        self.clock = snapshots.clock
        self.shown = store.shown
        self.statements = store.statements
        self.count_hit = store.counters.cache_hits.count

    def reading(self, key: Key) -> Callable[[], Cells | None]:
        """Return what reads the value of one key; see `RowStore`."""
        memory, name = self.memory(key.tenant, key.module), key.name
        return lambda: self.young(memory).values.get(name)

    def read(self, key: Key) -> Row | None:
        """Return the row of the key, or None where there is none."""
        return self.young(self.memory(key.tenant, key.module)).rows.get(key.name)

    def read_module(self, tenant: str, module: str) -> Sequence[Row]:
        """Return the rows of a module, in the order of names."""
        return list(self.young(self.memory(tenant, module)).rows.values())

    def read_values(self, tenant: str, module: str) -> Mapping[str, Cells]:
        """Return the values of a module by their names."""
        return self.young(self.memory(tenant, module)).values

    def memory(self, tenant: str, module: str) -> Snapshot:
        """Return where a module's rows are remembered; see `AgedRowStore`."""
        return self.snapshots.of(tenant, module)

    def young(self, memory: Snapshot) -> State:
        """Return the rows of a module, as they are remembered if that is young enough; see `AgedRowStore`."""
        state = memory.state
        if self.clock() - state.at >= self.seconds:
            return self.renewed(memory)
        self.count_hit()
        return state

    def renewed(self, memory: Snapshot) -> State:
        """Return the rows of a module as they are, or, while the database is away, as they are known.

        While it is known to be away, one call asks whether it is back, and all others are told what is known, if that will do.

        Raises:
            StoreUnavailable: The database is away, and what is known is too old, or nothing.
        """
        snapshots, state = self.snapshots, memory.state
        if snapshots.away_until == LONG_AGO or self.clock() - state.at >= self.seconds + self.on_outage:
            return self.asked(memory)
        if self.clock() < snapshots.away_until or not snapshots.asking.acquire(blocking=False):
            self.count_hit()
            return state
        try:
            return self.asked(memory)
        finally:
            snapshots.asking.release()

    def asked(self, memory: Snapshot) -> State:
        """Return the rows of a module as they are, if the database can be asked; see `renewed`."""
        snapshots = self.snapshots
        began, writes = self.clock(), memory.writes
        # What is read within a transaction may never be committed, or be older than it looks.
        alone = not self.store.in_transaction()
        try:
            rows = self.fresh(memory)
        except StoreUnavailable:
            state, now = memory.state, self.clock()
            if now - state.at >= self.seconds + self.on_outage:
                raise
            if now - state.at >= self.seconds:  # else another call has read it meanwhile
                snapshots.away_until = now + ASK_AGAIN
            self.count_hit()
            return state
        self.store.counters.cache_misses.count()
        snapshots.away_until = LONG_AGO
        state = State(began, {row.name: row for row in rows})
        return snapshots.take(memory, state, writes) if alone else state

    def fresh(self, snapshot: Snapshot) -> Sequence[Row]:
        """Read a module."""
        return self.store.read_module(*snapshot.place)

    # ----------------------------------------------------------------------- as ever

    def fetch(self, text: str, parameters: Sequence[object], about: Key | None = None) -> Sequence[Any]:
        """Run a query: for the history, which is never old."""
        return self.store.fetch(text, parameters, about)

    def transact(self, key: Key, work: Callable[[Transaction], T]) -> T:
        """Write as the store does."""
        return self.store.transact(key, work)

    def joined(self, connection: Any) -> RowStore:
        """Join as the store does: within a transaction, everything is as it is there."""
        return self.store.joined(connection)

    def aged(self, seconds: float, on_outage: float) -> AgedRows:
        """Return the same rows with another age; see `RowStore`."""
        return self.store.aged(seconds, on_outage)

    @property
    def home(self) -> Home:
        """What joins the transactions of callers."""
        return self.store.home

    def hasty(self) -> AtHand:
        """Return the same rows as far as they need not be read; see `RowStore`."""
        return AtHand(self.store, self.snapshots, self.seconds, self.on_outage)


class AtHand(AgedRows):
    """The same rows where no read may wait; `HastyRows`. Whatever would have to be read raises `WouldWait`."""

    def prepare(self) -> None:
        """Do nothing: there is nothing to connect."""

    def young(self, memory: Snapshot) -> State:
        """Return the rows of a module, if their values are made in a moment; see `AgedRowStore`."""
        if memory.state.length > MOST_TEXT:  # also where it is too old: what comes in its place is not for now
            raise WouldWait
        return super().young(memory)

    def fresh(self, snapshot: Snapshot) -> Sequence[Row]:  # noqa: ARG002 - whichever it is
        """Leave it to a patient read."""
        raise WouldWait

    def fetch(self, text: str, parameters: Sequence[object], about: Key | None = None) -> Sequence[Any]:  # noqa: ARG002 - as above
        """Leave it to a patient read."""
        raise WouldWait
