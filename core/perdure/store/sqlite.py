"""The store on SQLite: plain autocommit reads, and one writer at a time under BEGIN IMMEDIATE."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import create_engine, event
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from perdure.errors import OutcomeUnknown, StoreUnavailable
from perdure.names import Key
from perdure.store import schema
from perdure.store.attempt import Attempt
from perdure.store.checkpoints import Checkpoints, has_wal_reset_fault
from perdure.store.connections import Connections
from perdure.store.faults import BUSY_TIMEOUT, fault, is_busy
from perdure.store.location import Location, Watch, located
from perdure.store.patience import Patience
from perdure.store.pragmas import CONNECT_ARGUMENTS, Durability, Pragmas
from perdure.store.reader import Reader
from perdure.store.statements import compiled_for, row_by_key, upsert_on_conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import URL, Connection, Engine

    from perdure.store.connections import Held
    from perdure.store.protocol import Row, StoredValue, Transaction

T = TypeVar("T")

PATIENCE = 45.0
"""Seconds for which a transaction is tried again while others hold the file; the last try may add a `BUSY_TIMEOUT`."""

IDLE_CONNECTIONS = 5
"""How many connections of ended threads wait for new threads."""


class SQLiteStore:
    """perdure's tables in a SQLite file, or in memory; a `Store`. Build one with `open`.

    Args:
        location: Where the database is.
        engine: What connects to it, its tables being there.
        checkpoints: What keeps its log short, or None where SQLite does so itself.
        patience: Seconds for which a transaction is tried again.

    Attributes:
        shown: How messages name the database.
    """

    def __init__(
        self, location: Location, engine: Engine, checkpoints: Checkpoints | None = None, *, patience: float = PATIENCE
    ) -> None:
        self.location = location
        self.shown = location.shown
        self.engine = engine
        self.checkpoints = checkpoints
        self.patience = patience
        self.statements = compiled_for(engine.dialect, lock=row_by_key(), put=upsert_on_conflict(insert))
        self.connections = Connections(engine, location.shown, shared=location.path is None)
        self.watch = Watch(location)
        self.reader = Reader(self.statements, self.fetch)

    @classmethod
    def open(cls, url: URL, *, durability: Durability = "full", migrate: bool = True) -> SQLiteStore:
        """Open a database, and create or upgrade its tables where that is needed.

        Args:
            url: `sqlite:///path`, `sqlite://` for memory, or a `file:` URI with `uri=true`. A relative path is resolved now.
            durability: `full` survives power loss, `normal` a killed process.
            migrate: Whether tables may be created or upgraded.

        Raises:
            InvalidStoreUrl: The URL is no valid one of SQLite.
            StoreError: The database cannot be opened, or its tables do not fit.
        """
        location = located(url)
        own_checkpoints = has_wal_reset_fault(sqlite3.sqlite_version_info)
        engine = engine_for(location, Pragmas(location, durability, own_checkpoints))
        try:
            ensure_tables(engine, location, migrate=migrate)
        except BaseException:
            engine.dispose()
            raise
        if location.path is not None and own_checkpoints:
            return cls(location, engine, Checkpoints(location.path, busy_timeout=BUSY_TIMEOUT))
        return cls(location, engine)

    def read_value(self, key: Key) -> StoredValue | None:
        """Return what is stored under the key now; see `Store`."""
        return self.reader.value(key)

    def read(self, key: Key) -> Row | None:
        """Return the row of the key; see `Store`."""
        return self.reader.row(key)

    def read_module(self, tenant: str, module: str) -> Sequence[Row]:
        """Return every row of a module; see `Store`."""
        return self.reader.module(tenant, module)

    def read_tenant(self, tenant: str) -> Sequence[Row]:
        """Return every row of a tenant; see `Store`."""
        return self.reader.tenant(tenant)

    def fetch(self, text: str, parameters: Sequence[str]) -> Sequence[Any]:
        """Run a query on this thread's connection: the hot path of every read."""
        held = self.connections.mine()
        with held.mutex:
            try:
                connection = held.connection or self.connections.lend(held)
                if time.monotonic() >= self.watch.due:
                    self.watch.check()
                rows: Sequence[Any] = connection.execute(text, parameters).fetchall()
            except sqlite3.Error as error:
                raise fault(error, self.location, parameters if isinstance(parameters, Key) else None) from error
        return rows

    def transact(self, key: Key, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction of its own and commit; see `Store`."""
        patience = Patience(self.patience)
        turn = self.connections.turn
        if not turn.acquire(timeout=self.patience):
            problem = f"another thread's transaction has been running for {patience.spent:.0f} s"
            raise StoreUnavailable(self.shown, problem, key)
        try:
            while True:
                held = self.connections.mine()
                with held.mutex:
                    attempt = Attempt(held, self.ready(held, key), self.shown, key)
                    try:
                        result = attempt.run(self.statements, work)
                    except sqlite3.Error as error:
                        if error is not attempt.refusal:
                            raise
                        refused = error
                    else:
                        if self.checkpoints is not None:
                            self.checkpoints.after_commit(attempt.connection)
                        return result
                # Outside of the mutex, so that close() need not wait for as long as we do.
                self.try_again_or_raise(refused, patience, key, in_doubt=attempt.in_doubt)
        finally:
            turn.release()

    def ready(self, held: Held, key: Key) -> sqlite3.Connection:
        """Return this thread's connection to the file that was opened, before anything is written to it."""
        self.watch.check()
        try:
            connection: sqlite3.Connection = held.connection or self.connections.lend(held)
        except sqlite3.Error as error:
            raise fault(error, self.location, key) from error
        return connection

    def try_again_or_raise(self, refused: sqlite3.Error, patience: Patience, key: Key, *, in_doubt: bool) -> None:
        """Wait for another try if SQLite was busy and nothing was committed; raise what SQLite meant if not."""
        if in_doubt:
            problem = f"SQLite failed during COMMIT: {refused}. Read {key.name!r} before writing it again"
            raise OutcomeUnknown(self.shown, problem, key) from refused
        if not is_busy(refused) or not patience.pause():
            raise fault(refused, self.location, key, patience.spent) from refused

    def close(self) -> None:
        """Close every connection, waiting for what is running; a second call does nothing."""
        self.connections.close()


def engine_for(location: Location, pragmas: Pragmas) -> Engine:
    """Return an engine whose pool hands out prepared connections, as many as there are threads."""
    in_memory = location.path is None
    engine = create_engine(
        location.url,
        connect_args=CONNECT_ARGUMENTS,
        poolclass=QueuePool,
        pool_size=1 if in_memory else IDLE_CONNECTIONS,
        max_overflow=0 if in_memory else -1,
    )
    event.listen(engine, "connect", pragmas.prepare)
    return engine


def ensure_tables(engine: Engine, location: Location, *, migrate: bool) -> None:
    """Create or upgrade the tables, trying again while other processes do the same."""
    patience = Patience(PATIENCE)
    while True:
        try:
            with engine.connect() as connection:
                schema.ensure(connection, location.shown, migrate=migrate, lock=begin_immediate)
        except DBAPIError as error:
            refused = error.orig
            if not isinstance(refused, sqlite3.Error):
                raise
            if not is_busy(refused) or not patience.pause():
                raise fault(refused, location, waited=patience.spent) from error
        else:
            return


def begin_immediate(connection: Connection) -> None:
    """Begin a transaction as the only writer."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
