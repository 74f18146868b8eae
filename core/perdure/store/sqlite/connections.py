"""A connection for every thread, held for as long as the thread lives.

Held, because checking one out for each read costs more than the read.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from perdure.errors import AppClosed, StoreUnavailable
from perdure.store import forks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine, PoolProxiedConnection

    from perdure.names import Key

WAIT_BEFORE_FORK = 5.0
"""Seconds for which a fork waits for the transactions of other threads."""

INHERITED_MEMORY = (
    "it lives in the memory of the process that opened it, and this is a forked child. Open one in the child, or use a file"
)
INHERITED_TRANSACTION = (
    "this process was forked while a transaction was running, which leaves SQLite in it with locks that are not its own. "
    "Fork outside of transactions, or start the child with multiprocessing's 'spawn'"
)


class Held:
    """A connection that one thread uses, behind a lock, so that `close()` in another thread waits for it.

    The lock is reentrant: what runs within a transaction may read.

    Attributes:
        mutex: To be held while the connection is used.
        connection: The DBAPI connection, or None until it is lent, and after it was taken away.
        inherited: Whether it was taken away because this is a forked child.
        writing: Whether what is open on it is a transaction of the store's.
        lent_out: Whether a caller has the connection, in `begin()`, and uses it without the lock: nobody else may close it.
    """

    __slots__ = ("__weakref__", "connection", "inherited", "lent_out", "mutex", "process", "proxy", "writing")

    def __init__(self) -> None:
        self.mutex = threading.RLock()
        self.connection: Any = None
        self.inherited = False
        self.writing = False
        self.lent_out = False
        self.proxy: PoolProxiedConnection | None = None
        self.process = 0

    def take(self, proxy: PoolProxiedConnection) -> None:
        """Hold a connection that was checked out from the pool."""
        self.proxy, self.connection, self.process = proxy, proxy.dbapi_connection, os.getpid()

    def give_back(self, *, close: bool = False) -> None:
        """Return the connection to the pool, or have it closed at once."""
        proxy, self.proxy, self.connection = self.proxy, None, None
        if proxy is not None:
            end = proxy.invalidate if close else proxy.close
            end()

    def let_go(self) -> None:
        """Use the connection no more, and return it to the pool unless that would end somebody else's transaction."""
        if self.connection is not None and self.connection.in_transaction:
            forks.keep_for_ever(self.proxy)
            self.proxy = self.connection = None
        self.give_back()

    def disown(self) -> None:
        """Neither use nor close a connection that is the parent's."""
        forks.keep_for_ever(self.proxy)
        self.proxy, self.connection, self.inherited = None, None, True

    def __del__(self) -> None:
        """Give the connection back at the end of its thread; in a forked child, threads end that never ran there."""
        if self.proxy is not None:
            if self.process == os.getpid():
                self.give_back()
            else:
                self.disown()


class Connections:
    """Who holds which connection of an engine's pool.

    Args:
        engine: What connects.
        shown: How messages name the database.
        shared: Whether all threads hold the same connection, as they must where the database is in memory.

    Attributes:
        turn: To be held while writing: threads queue here, so that only processes compete for the file.
    """

    def __init__(self, engine: Engine, shown: str, *, shared: bool) -> None:
        self.engine = engine
        self.shown = shown
        self.shared = shared
        self.closed = False
        self.inheritance = ""
        self.left: list[Held] = []
        self.start_over()
        forks.watching.add(self)

    def start_over(self) -> None:
        """Begin with nothing held by anyone."""
        self.gate = threading.RLock()  # guards what is known, and who may be lent a connection
        self.turn = threading.RLock()
        self.known: WeakSet[Held] = WeakSet()
        self.places: Any = SimpleNamespace() if self.shared else threading.local()

    def mine(self) -> Held:
        """Return what this thread holds; its connection may have to be lent first."""
        try:
            held: Held = self.places.held
        except AttributeError:
            with self.gate:
                # Where the place is shared, another thread may have been here meanwhile.
                held = getattr(self.places, "held", None) or Held()
                self.places.held = held
                self.known.add(held)
        return held

    def lend(self, held: Held) -> Any:
        """Return a connection for a thread that has none, or none any more.

        Raises:
            AppClosed: `close()` was called.
            StoreUnavailable: This is a forked child, and what it inherited stands in the way.
        """
        with self.gate:
            self.admit()
            held.take(self.engine.raw_connection())
        return held.connection

    def admit(self) -> None:
        """Raise if nothing is lent any more, or in this process."""
        if self.closed:
            raise AppClosed(self.shown)
        if self.inheritance:
            raise StoreUnavailable(self.shown, self.inheritance)

    def wait_until_free(self, held: Held, key: Key | None) -> None:
        """Wait until nobody else is in a transaction on the connection: where it is ours, nobody ever is."""

    def done(self, held: Held) -> None:
        """Note the end of a call for which a connection was lent: it stays with its thread."""

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """Yield a connection of SQLAlchemy's, closed at the end of the block.

        Where all threads share the one connection it is that one, and they wait for the end of the block.
        """
        if not self.shared:
            held = Held()
            with self.gate:
                self.known.add(held)
            with self.bound(held) as connection:
                yield connection
            return
        held = self.mine()
        with held.mutex:
            held.give_back()
            with self.bound(held) as connection:
                yield connection

    @contextmanager
    def bound(self, held: Held) -> Iterator[Connection]:
        """Yield a connection of SQLAlchemy's that `held` knows of, so that `close()` and forks do."""
        with self.gate:
            self.admit()
            connection = self.engine.connect()
            held.take(connection.connection)
            held.lent_out = True
        try:
            yield connection
        finally:
            if not held.inherited:
                held.proxy = held.connection = None
                held.lent_out = False
                if self.closed:  # and with it the pool: nobody would close what is given back to it
                    connection.invalidate()
                connection.close()

    def close(self) -> None:
        """Close every connection, waiting for the calls that use them. What `begin()` has lent is its caller's until its end."""
        with self.gate:
            self.closed = True
            known = list(self.known)
        for held in known:
            with held.mutex:
                if not held.lent_out:
                    held.give_back(close=True)
        self.engine.dispose()
        forks.watching.discard(self)

    def before_fork(self) -> None:
        """Close every connection outside of a transaction, and lend none before the fork is done."""
        self.gate.acquire()
        end = time.monotonic() + WAIT_BEFORE_FORK
        for held in list(self.known):
            if not self.shared and held.connection is not None and held.mutex.acquire(timeout=max(0, end - time.monotonic())):
                try:
                    if held.connection is not None and not held.lent_out and not held.connection.in_transaction:
                        held.give_back(close=True)
                finally:
                    held.mutex.release()
        self.left = [held for held in self.known if held.connection is not None]
        if not self.left:  # what is left goes back to the pool it came from
            self.engine.dispose()

    def after_fork_in_parent(self) -> None:
        """Lend again."""
        self.left = []
        self.gate.release()

    def after_fork_in_child(self) -> None:
        """Start over; where something was inherited all the same, refuse to work beside it."""
        for held in self.left:
            held.disown()
        if self.left:
            forks.keep_for_ever(self.engine.pool)
            self.inheritance = INHERITED_MEMORY if self.shared else INHERITED_TRANSACTION
        self.left = []
        self.engine.dispose(close=False)
        self.start_over()
