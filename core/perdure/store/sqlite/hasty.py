"""Reads of SQLite that never wait, for an event loop: a few microseconds, or not at all."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, Any, TypeVar

from perdure.names import Key
from perdure.store.protocol import WouldWait
from perdure.store.reader import Reader
from perdure.store.sqlite.connections import Held
from perdure.store.sqlite.faults import fault, is_busy
from perdure.store.sqlite.text import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perdure.store.callers.joined import JoinedStore
    from perdure.store.protocol import Transaction
    from perdure.store.sqlite.store import SQLiteStore

T = TypeVar("T")


class Hasty(Reader):
    """The rows of a store by reads that never wait; `HastyRows`.

    A file is read on a connection of its own, which gives up at once where others wait for a lock. A database in memory has one
    connection for all threads, which is taken if it is free.

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
                connection = self.connections.lend(held)
                if held is self.own:
                    self.connections.known.add(held)
                    connection.execute("PRAGMA busy_timeout = 0")

    def fetch(self, text: str, parameters: Sequence[object], about: Key | None = None) -> Sequence[Any]:
        """Run a query, if that can be done at once."""
        held, store = self.held, self.store
        if not held.mutex.acquire(blocking=False):
            raise WouldWait
        try:
            if held.connection is None:
                raise WouldWait
            if time.monotonic() >= store.watch.due:
                store.watch.check()
            return rows_of(held.connection, text, parameters)
        except sqlite3.Error as error:
            if is_busy(error):
                raise WouldWait from error
            raise fault(error, store.location, parameters if isinstance(parameters, Key) else about) from error
        finally:
            held.mutex.release()

    def transact(self, key: Key, work: Callable[[Transaction], T]) -> T:
        """Write as the store does."""
        return self.store.transact(key, work)

    def joined(self, connection: Any) -> JoinedStore:
        """Join as the store does."""
        return self.store.joined(connection)


class Brief(Held):
    """A connection that waits for nobody, and so is of no use to others: it is closed, never given back."""

    __slots__ = ()

    def give_back(self, *, close: bool = True) -> None:  # noqa: ARG002 - it always is
        """Close the connection."""
        super().give_back(close=True)
