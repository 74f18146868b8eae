"""Reads of SQLite that never wait, for an event loop: a few microseconds, or not at all."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, Any, TypeVar

from perdure.store.protocol import MOST_TEXT, WouldWait
from perdure.store.reader import Reader
from perdure.store.sqlite.connections import Held

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perdure.names import Key
    from perdure.store.aged.rows import AgedRows
    from perdure.store.callers.joined import JoinedStore
    from perdure.store.protocol import Transaction
    from perdure.store.sqlite.store import SQLiteStore

T = TypeVar("T")

MOST_ROWS = 20
"""How many rows are little enough to be read, and their values made, while an event loop stands still."""


class Hasty(Reader):
    """The rows of a store by reads that never wait and are never long; `HastyRows`.

    A file is read on a connection of its own, which gives up at once where others wait for a lock. A database in memory has one
    connection for all threads, which is taken if it is free. Whatever else stands in the way, be it damage, is left to a patient
    read to find and to tell.

    Args:
        store: The store, which does everything else.
    """

    def __init__(self, store: SQLiteStore) -> None:
        self.store = store
        self.shown = store.shown
        self.statements = store.statements
        self.connections = store.connections
        self.own = None if self.connections.shared else Brief()

    @property
    def held(self) -> Held:
        """What holds the connection."""
        return self.own or self.connections.mine()

    def prepare(self) -> None:
        """Connect, unless that is done; see `HastyRows`."""
        held = self.held
        with held.mutex:
            if held.connection is None:
                connection = self.store.lend(held)
                if held is self.own:
                    self.connections.known.add(held)
                    connection.execute("PRAGMA busy_timeout = 0")

    def fetch(self, text: str, parameters: Sequence[object], about: Key | None = None) -> Sequence[Any]:  # noqa: ARG002 - no error is told
        """Run a query, if that can be done at once."""
        held, watch = self.held, self.store.watch
        if not held.mutex.acquire(blocking=False):
            raise WouldWait
        try:
            if held.connection is None:
                raise WouldWait
            if time.monotonic() >= watch.due:
                watch.check()
            rows = held.connection.execute(text, parameters).fetchmany(MOST_ROWS + 1)
        except sqlite3.Error as error:
            raise WouldWait from error
        finally:
            held.mutex.release()
        if len(rows) > MOST_ROWS or size_of(rows) > MOST_TEXT:
            raise WouldWait
        self.store.count_read()
        return rows  # type: ignore[no-any-return]  # the driver's, as for every store

    def transact(self, key: Key, work: Callable[[Transaction], T]) -> T:
        """Write as the store does."""
        return self.store.transact(key, work)

    def aged(self, seconds: float, on_outage: float) -> AgedRows:
        """Return what the store remembers; see `RowStore`."""
        return self.store.aged(seconds, on_outage)

    def joined(self, connection: Any) -> JoinedStore:
        """Join as the store does."""
        return self.store.joined(connection)


class Brief(Held):
    """A connection that waits for nobody, and so is of no use to others: it is closed, never given back."""

    __slots__ = ()

    def give_back(self, *, close: bool = True) -> None:  # noqa: ARG002 - it always is
        """Close the connection."""
        super().give_back(close=True)


def size_of(rows: Sequence[Sequence[Any]]) -> int:
    """Return how much text there is in rows."""
    return sum([len(each) for row in rows for each in row if isinstance(each, str | bytes)])
