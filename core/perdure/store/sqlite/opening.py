"""What a SQLite store is opened on: an engine of our own, or a host's that can be written to safely."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, create_engine, event
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, QueuePool, StaticPool

from perdure.errors import InvalidArgument, StoreUnavailable
from perdure.store import forks
from perdure.store.patience import Patience
from perdure.store.schema import versions
from perdure.store.servers.connecting import checked_host
from perdure.store.sqlite.checkpoints import Checkpoints, has_wal_reset_fault
from perdure.store.sqlite.faults import BUSY_TIMEOUT, fault, is_busy
from perdure.store.sqlite.location import IN_MEMORY, Location
from perdure.store.sqlite.pragmas import CONNECT_ARGUMENTS, Pragmas
from perdure.store.statements import Statements, row_by_key, upsert_on_conflict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import Dialect

    from perdure.store.protocol import Durability

PATIENCE = 45.0
"""Seconds for which a transaction is tried again while others hold the file; the last try may add a `BUSY_TIMEOUT`."""

IDLE_CONNECTIONS = 5
"""How many connections of ended threads wait for new threads."""

FULL = 2
"""What `PRAGMA synchronous` answers where every commit is synced to the disk."""

TAKEN = (
    "the one connection of the host's engine is in a transaction of the host. End it first, or write within it (status.within)"
)

logger = logging.getLogger("perdure.store")


def compiled(dialect: Dialect) -> Statements:
    """Return the statements, compiled for a dialect whose parameters are positional."""
    return Statements(dialect, lock=row_by_key, put=partial(upsert_on_conflict, insert))


def own_engine(location: Location, durability: Durability) -> tuple[Engine, Checkpoints | None]:
    """Return an engine whose pool hands out prepared connections, as many as there are threads, and what keeps the log short."""
    own_checkpoints = has_wal_reset_fault(sqlite3.sqlite_version_info)
    in_memory = location.path is None
    engine = create_engine(
        location.url,
        connect_args=CONNECT_ARGUMENTS,
        poolclass=QueuePool,
        pool_size=1 if in_memory else IDLE_CONNECTIONS,
        max_overflow=0 if in_memory else -1,
    )
    event.listen(engine, "connect", Pragmas(location, durability, own_checkpoints).prepare)
    if location.path is None or not own_checkpoints:
        return engine, None
    return engine, Checkpoints(location.path, busy_timeout=BUSY_TIMEOUT)


def host_location(engine: Engine, durability: Durability) -> Location:
    """Return where a host's engine leads, if it can be used; where it is less durable than asked for, say so.

    Raises:
        InvalidArgument: It is of another driver, or writes through it could be lost; the error says what to set.
        StoreError: The database cannot be opened.
    """
    checked_host(engine, {"sqlite": "pysqlite"})
    address = Location(engine.url, Path(engine.url.database or IN_MEMORY))
    try:
        file, synchronous = found_by(engine, address)
    except sqlite3.Error as error:
        raise fault(error, address) from error
    path = Path(file) if file else None
    refuse_unsafe_pool(engine, in_memory=path is None)
    if path is not None and durability == "full" and synchronous < FULL:
        advice = "Have the engine's connections say PRAGMA synchronous = FULL"
        logger.warning("durability='full' is not had: %s can lose committed writes in a loss of power. %s", path, advice)
    return Location(URL.create("sqlite+pysqlite", database=str(path) if path else None), path)


def found_by(engine: Engine, address: Location) -> tuple[str, int]:
    """Ask a connection of a host's engine which file it has open, and how it is synced.

    Raises:
        InvalidArgument: Its driver begins transactions that are not ours.
        StoreUnavailable: Threads share it, and one is in a transaction: its return to the pool would end that.
    """
    proxy = engine.raw_connection()
    connection: Any = proxy.dbapi_connection
    if isinstance(engine.pool, StaticPool) and connection.in_transaction:
        forks.keep_for_ever(proxy)
        raise StoreUnavailable(address.shown, TAKEN)
    try:
        if getattr(connection, "autocommit", None) is False:
            raise InvalidArgument("engine", "autocommit=False", "an Engine without it: BEGIN IMMEDIATE must be ours to say")
        files = {name: file for _, name, file in connection.execute("PRAGMA database_list").fetchall()}
        (synchronous,) = connection.execute("PRAGMA synchronous").fetchone()
    finally:
        proxy.close()
    return str(files["main"]), int(synchronous)


def refuse_unsafe_pool(engine: Engine, *, in_memory: bool) -> None:
    """Raise where the pool's connections lead to several databases, or threads share one without need."""
    one_connection = isinstance(engine.pool, StaticPool)
    given = f"{type(engine.pool).__name__} on {engine.url.render_as_string()}"
    if in_memory and not one_connection:
        wanted = "poolclass=StaticPool, connect_args={'check_same_thread': False}: else connections see databases of their own"
        raise InvalidArgument("engine", given, wanted)
    if one_connection and not in_memory:
        raise InvalidArgument("engine", given, "another poolclass: threads that share a connection share its transactions")


def leaves_nothing_open(engine: Engine) -> bool:
    """Tell whether a pool has no connection open just now, so that a forked child inherits none."""
    pool = engine.pool
    return isinstance(pool, NullPool) or (isinstance(pool, QueuePool) and pool.checkedin() + pool.checkedout() == 0)


def ensure_tables(engine: Engine, location: Location, *, migrate: bool, own: bool) -> tuple[str, ...]:
    """Create or upgrade the tables, trying again while other processes do the same, and return what was run.

    An engine of our own is disposed of where that fails.
    """
    patience = Patience(PATIENCE)
    with ExitStack() as stack:
        if own:
            stack.callback(engine.dispose)
        while True:
            try:
                with engine.connect() as connection:
                    upgraded = versions.ensure(connection, location.shown, migrate=migrate, alone=alone_on_sqlite)
            except DBAPIError as error:
                refused = error.orig
                if not isinstance(refused, sqlite3.Error):
                    raise
                if not is_busy(refused) or not patience.pause():
                    raise fault(refused, location, waited=patience.spent) from error
            else:
                stack.pop_all()
                return upgraded


@contextmanager
def alone_on_sqlite(connection: Connection) -> Iterator[None]:
    """Begin a transaction as the only writer."""
    begin_immediate(connection)
    yield


def begin_immediate(connection: Connection) -> None:
    """Begin a transaction as the only writer, also where a host's listener has just begun another."""
    if not connection.in_transaction():
        connection.begin()
    driver: Any = connection.connection.dbapi_connection
    if driver.in_transaction:
        driver.rollback()
    connection.exec_driver_sql("BEGIN IMMEDIATE")
