"""Connections of a host's SQLite engine: lent for one call each, and used as they are.

Nothing is set on them. Python's sqlite3 begins a transaction by itself before a write only, and not after BEGIN IMMEDIATE.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from perdure.errors import StoreUnavailable
from perdure.store import forks
from perdure.store.patience import Patience
from perdure.store.sqlite.connections import Connections
from perdure.store.sqlite.faults import BUSY_TIMEOUT
from perdure.store.sqlite.opening import TAKEN, leaves_nothing_open

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from perdure.names import Key
    from perdure.store.sqlite.connections import Held

INHERITED_POOL = (
    "this process was forked while the host's engine had connections open, which leaves SQLite in it with locks that are not its "
    "own. Dispose of the engine before the fork, or open a new one in the child, and an App on it"
)


class HostConnections(Connections):
    """Who uses which connection of a host's pool; see `Connections`."""

    def lend(self, held: Held) -> Any:
        """Return a connection for one call, which ends with `done`."""
        self.admit()
        held.take(self.engine.raw_connection())
        if held.connection.in_transaction and not self.shared:
            held.connection.rollback()  # the pool does not reset what it takes back
        return held.connection

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """Yield a connection of SQLAlchemy's; see `Connections.connected`."""
        if self.shared:
            held = self.mine()
            with held.mutex:
                self.wait_until_free(held, None)
        with super().connected() as connection:
            yield connection

    def done(self, held: Held) -> None:
        """Return the connection to the host's pool, but not one that all share: its return would end the host's transaction."""
        if not self.shared:
            held.give_back()

    def wait_until_free(self, held: Held, key: Key | None) -> None:
        """Wait until a connection that all threads share is in no transaction.

        Raises:
            StoreUnavailable: It still is after as long as SQLite waits for others.
        """
        if held.writing:
            return
        patience = Patience(BUSY_TIMEOUT)
        while held.connection is not None and held.connection.in_transaction:
            if not patience.pause():
                raise StoreUnavailable(self.shown, TAKEN, key)

    def close(self) -> None:
        """Lend no more; the pool is the host's."""
        self.closed = True
        if self.shared:
            self.mine().let_go()
        forks.watching.discard(self)

    def before_fork(self) -> None:
        """See whether a child would inherit anything: the pool is not ours to empty."""
        self.gate.acquire()
        self.left = [held for held in self.known if held.connection is not None]
        self.clean = leaves_nothing_open(self.engine)

    def after_fork_in_child(self) -> None:
        """Start over; where something was inherited, refuse to work beside it."""
        for held in self.left:
            held.disown()
        self.left = []
        if not self.clean:
            forks.keep_for_ever(self.engine.pool)
            self.inheritance = INHERITED_POOL
        self.start_over()
