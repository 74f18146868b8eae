"""The store on SQLite: plain autocommit reads, and one writer at a time under BEGIN IMMEDIATE."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.dialects import sqlite

from perdure.errors import OutcomeUnknown, StoreUnavailable, TablesMissing
from perdure.lock.files import FileNamedLocks
from perdure.lock.memory import MemoryNamedLocks
from perdure.names import Key
from perdure.store.aged.snapshots import Snapshots
from perdure.store.callers.admission import identity_of
from perdure.store.callers.joined import Home
from perdure.store.database import DatabaseStore
from perdure.store.patience import Patience
from perdure.store.schema.versions import MIGRATE_ONCE
from perdure.store.sqlite.attempt import Attempt
from perdure.store.sqlite.begin import begun
from perdure.store.sqlite.connections import Connections
from perdure.store.sqlite.faults import fault, is_busy
from perdure.store.sqlite.hasty import Hasty
from perdure.store.sqlite.host_connections import HostConnections
from perdure.store.sqlite.location import Location, Watch, located
from perdure.store.sqlite.opening import PATIENCE, compiled, ensure_tables, host_location, own_engine
from perdure.store.sqlite.text import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import URL, Connection

    from perdure.lock.protocol import NamedLocks
    from perdure.store.callers.admission import Identity
    from perdure.store.protocol import Durability
    from perdure.store.sqlite.checkpoints import Checkpoints
    from perdure.store.sqlite.connections import Held
    from perdure.store.writer import Writer

T = TypeVar("T")


class Current(threading.local):
    """What is going on in a thread."""

    begun: bool = False


class SQLiteStore(DatabaseStore):
    """perdure's tables in a SQLite file, or in memory; a `Store`. Build one with `open`.

    Args:
        location: Where the database is.
        engine: What connects to it, its tables being there.
        checkpoints: What keeps its log short, or None where SQLite or a host does so.
        own: Whether the engine is the store's own, to be disposed of; else a host's.
        patience: Seconds for which a transaction is tried again.

    Attributes:
        shown: How messages name the database.
        upgraded: The versions of the tables that opening went through.
        home: What joins the transactions of callers.
    """

    def __init__(
        self,
        location: Location,
        engine: Engine,
        checkpoints: Checkpoints | None = None,
        *,
        own: bool = True,
        patience: float = PATIENCE,
    ) -> None:
        self.location = location
        self.shown = location.shown
        self.engine = engine
        self.checkpoints = checkpoints
        self.patience = patience
        self.statements = compiled(sqlite.dialect(paramstyle="qmark"))
        self.connections = (Connections if own else HostConnections)(engine, location.shown, shared=location.path is None)
        self.watch = Watch(location)
        self.home = Home(engine, self.shown, compiled, lambda error, key: fault(error, location, key), self.identity)
        self.counters = self.home.counters
        self.count_read = self.counters.reads.count
        self.current = Current()
        self.snapshots = Snapshots(self.home.delivery)

    @classmethod
    def open(cls, where: URL | Engine, *, durability: Durability = "full", migrate: bool = True) -> SQLiteStore:
        """Open a database, and create or upgrade its tables where that is needed.

        Args:
            where: `sqlite:///path`, `sqlite://` for memory, or a `file:` URI with `uri=true`. A relative path is resolved now.
                Or a host's engine, which is used as it is, with the host's pragmas, and never disposed of.
            durability: `full` survives power loss, `normal` a killed process.
            migrate: Whether tables may be created or upgraded.

        Raises:
            InvalidStoreUrl: The URL is no valid one of SQLite.
            InvalidArgument: The engine cannot be used safely.
            StoreError: The database cannot be opened, or its tables do not fit.
        """
        own = not isinstance(where, Engine)
        if isinstance(where, Engine):
            location, engine, checkpoints = host_location(where, durability), where, None
        else:
            location = located(where)
            if not migrate and location.path is not None and not location.path.exists():
                raise TablesMissing(location.shown, f"there is no such file, and none is to be made. {MIGRATE_ONCE}")
            engine, checkpoints = own_engine(location, durability)
        upgraded = ensure_tables(engine, location, migrate=migrate, own=own)
        store = cls(location, engine, checkpoints, own=own)
        store.upgraded = upgraded
        return store

    def in_transaction(self) -> bool:
        """Tell whether this thread's connection is in a transaction, be it somebody else's who shares it."""
        connection = self.connections.mine().connection
        return connection is not None and connection.in_transaction

    def ping(self) -> float:
        """Return the seconds until SQLite answered; see `Store`."""
        began = time.perf_counter()
        self.fetch("SELECT 1 FROM perdure_status LIMIT 1", ())  # one that reads the file
        return time.perf_counter() - began

    def fetch(self, text: str, parameters: Sequence[object], about: Key | None = None) -> Sequence[Any]:
        """Run a query on this thread's connection: the hot path of every read."""
        held = self.connections.mine()
        with held.mutex:
            lent = held.connection is None
            try:
                connection = held.connection or self.lend(held)
                if time.monotonic() >= self.watch.due:
                    self.watch.check()
                self.count_read()
                return rows_of(connection, text, parameters)
            except sqlite3.Error as error:
                raise fault(error, self.location, parameters if isinstance(parameters, Key) else about) from error
            finally:
                if lent:
                    self.connections.done(held)

    def lend(self, held: Held) -> Any:
        """Return a connection for a thread that has none, if the file is there: to connect would make another."""
        self.watch.check()
        return self.connections.lend(held)

    def run(self, key: Key | None, work: Callable[[Writer], T]) -> T:
        """Run `work` in a transaction, again while others hold the file."""
        self.refuse_within_begin(key)
        patience = Patience(self.patience)
        turn = self.connections.turn
        if not turn.acquire(timeout=self.patience):
            problem = f"another thread's transaction has been running for {patience.spent:.0f} s"
            raise StoreUnavailable(self.shown, problem, key)
        try:
            while True:
                held = self.connections.mine()
                with held.mutex:
                    lent = held.connection is None
                    attempt = Attempt(held, self.ready(held, key), self.shown, key)
                    try:
                        self.connections.wait_until_free(held, key)
                        result = attempt.run(self.statements, work)
                    except sqlite3.Error as error:
                        if error is not attempt.refusal:
                            raise
                        refused = error
                    else:
                        if self.checkpoints is not None:
                            self.checkpoints.after_commit(attempt.connection)
                        return result
                    finally:
                        if lent:
                            self.connections.done(held)
                # Outside of the mutex, so that close() need not wait for as long as we do.
                self.try_again_or_raise(refused, patience, key, in_doubt=attempt.in_doubt)
        finally:
            turn.release()

    def refuse_within_begin(self, key: Key | None = None) -> None:
        """Refuse a second transaction within one that this thread began through the store."""
        if self.current.begun:
            problem = "a write within begin(), on the same thread, would wait for it for ever"
            raise StoreUnavailable(self.shown, f"{problem}. Write after it, or within it (status.within)", key)

    def ready(self, held: Held, key: Key | None) -> sqlite3.Connection:
        """Return this thread's connection to the file that was opened, before anything is written to it."""
        self.watch.check()
        try:
            connection: sqlite3.Connection = held.connection or self.connections.lend(held)
        except sqlite3.Error as error:
            raise fault(error, self.location, key) from error
        return connection

    def try_again_or_raise(self, refused: sqlite3.Error, patience: Patience, key: Key | None, *, in_doubt: bool) -> None:
        """Wait for another try if SQLite was busy and nothing was committed; raise what SQLite meant if not."""
        if in_doubt:
            again = f"Read {key.name!r} before writing it again" if key and key.name else "Look before doing it again"
            raise OutcomeUnknown(self.shown, f"SQLite failed during COMMIT: {refused}. {again}", key) from refused
        if not is_busy(refused) or not patience.pause():
            raise fault(refused, self.location, key, patience.spent) from refused
        self.begun_anew(refused)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Return a connection with a transaction, as the only writer; see `Store`."""
        self.refuse_within_begin()
        self.watch.check()
        current = self.current
        with begun(self.connections, self.location, self.patience, self.checkpoints) as connection:
            current.begun = True
            try:
                yield connection
            finally:
                current.begun = False

    def identity(self) -> Identity:
        """Return what tells this database from every other."""
        with self.connections.connected() as connection:
            return identity_of(connection)

    def hasty(self) -> Hasty | None:
        """Return the same rows by reads that never wait, or None on a host's engine, whose pool may have to be waited for."""
        return None if isinstance(self.connections, HostConnections) else Hasty(self)

    def named_locks(self) -> NamedLocks:
        """Return the locks that modules take by name: files beside the database, or in memory where it is."""
        if self.location.path is None:
            return MemoryNamedLocks(self.counters)
        return FileNamedLocks(self.location.path, self.counters)

    def close(self) -> None:
        """Close every connection, waiting for what is running; a second call does nothing."""
        self.snapshots.close()
        self.connections.close()
