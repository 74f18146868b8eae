"""The database as a diagnosis opens it: nothing can be written by these connections."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import attrs
from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.pool import NullPool

from perdure.errors import DriverMissing, InvalidStoreUrl, StoreError, StoreUnavailable
from perdure.store.faults import Address
from perdure.store.opening import parsed
from perdure.store.servers.connecting import CONNECT_TIMEOUT, engine_for
from perdure.store.sqlite.faults import BUSY_TIMEOUT, fault
from perdure.store.sqlite.location import located
from perdure.store.sqlite.opening import host_location
from perdure.store.sqlite.text import legible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from perdure.store.servers.driver import Driver
    from perdure.store.sqlite.location import Location

PAGE = 500
"""How many rows lie in memory at a time."""


class Denied(StoreUnavailable):
    """A server answers, and does not let this user do what was asked for."""


@attrs.frozen
class Database:
    """A database to be looked at.

    Attributes:
        backend: "sqlite", "postgresql" or "mariadb".
        shown: How messages name it.
        engine: What connects to it.
        hosts: Whether the application writes to it by an engine of its own.
        location: Where the file is; None on a server.
        driver: What knows a server's refusals; None for a file.
    """

    backend: str
    shown: str
    engine: Engine
    hosts: bool
    location: Location | None = None
    driver: Driver | None = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that cannot write.

        Raises:
            StoreError: The database does not answer, or refuses.
            InvalidStoreUrl: Its server is none that perdure can use.
        """
        try:
            with self.connected() as connection:
                if self.driver is None:
                    yield connection
                else:
                    # The host's level, which may be autocommit, comes back with the connection.
                    connection.execution_options(isolation_level=self.driver.isolation)
                    with unwritable(connection, self.backend):
                        yield connection
        except DBAPIError as error:
            raise self.meaning(error.orig or error) from error
        except sqlite3.Error as error:
            raise self.meaning(error) from error

    def connected(self) -> Connection:
        """Return a new connection."""
        try:
            return self.engine.connect()
        except InvalidRequestError as error:  # what SQLAlchemy says of a MySQL that it was to treat as a MariaDB
            raise InvalidStoreUrl(self.shown, "its server is no MariaDB") from error

    def meaning(self, error: BaseException) -> StoreError:
        """Return what an error of the driver means."""
        if self.location is not None and isinstance(error, sqlite3.Error):
            return fault(error, self.location)
        if self.driver is not None and isinstance(error, self.driver.error):
            refusal = self.driver.refusal(error)
            meant = refusal.error(Address(self.driver.product, self.engine.url))
            return Denied(meant.store, meant.problem) if refusal.meaning.denied else meant
        return StoreError(self.shown, f"{type(error).__name__}: {error}")


@contextmanager
def unwritable(connection: Connection, backend: str) -> Iterator[None]:
    """Have a server refuse every write on a connection, until the end of the block."""
    if backend == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")  # and with the transaction it ends
        yield
        return
    # Of the session, for MariaDB ends the transaction before it creates or drops a table. A host's gets its own back.
    usual = "ONLY" if connection.exec_driver_sql("SELECT @@session.tx_read_only").scalar() else "WRITE"
    connection.rollback()
    connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
    try:
        yield
    except BaseException:
        connection.invalidate()  # nobody knows what is still to be read on it
        raise
    connection.exec_driver_sql(f"SET SESSION TRANSACTION READ {usual}")


def rows(connection: Connection, query: str) -> Iterator[Any]:
    """Yield the rows of a query as they come, a page of them in memory at a time."""
    options = connection.execution_options(stream_results=True, yield_per=PAGE)
    yield from options.exec_driver_sql(query)


@contextmanager
def opened(where: str | URL | Engine) -> Iterator[Database]:
    """Yield the database that a URL or a host's engine leads to; nothing is connected yet.

    Raises:
        ConfigurationError: It leads to none, or the driver is missing.
        StoreError: A host's engine cannot say which file it has open.
    """
    source = parsed(where) if isinstance(where, str | URL) else where
    backend = source.get_backend_name() if isinstance(source, URL) else source.dialect.name
    if backend == "sqlite":
        with on_file(source) as database:
            yield database
        return
    make = on_postgresql if backend == "postgresql" else on_mariadb
    database = make(source)
    try:
        yield database
    finally:
        if isinstance(source, URL):
            database.engine.dispose()


def on_postgresql(source: URL | Engine) -> Database:
    """Return a PostgreSQL database."""
    try:
        from perdure.store.servers.postgresql import PostgreSQL  # noqa: PLC0415 - psycopg is an extra
    except ImportError as error:
        raise DriverMissing(shown(source), "psycopg", "postgresql") from error
    timeouts = {"connect_timeout": CONNECT_TIMEOUT, "tcp_user_timeout": 15_000}
    engine = source if isinstance(source, Engine) else engine_for(source, timeouts)
    return Database("postgresql", shown(source), engine, isinstance(source, Engine), driver=PostgreSQL("on"))


def on_mariadb(source: URL | Engine) -> Database:
    """Return a MariaDB database."""
    try:
        from perdure.store.servers.mariadb import ARGUMENTS, MariaDB, patient  # noqa: PLC0415 - PyMySQL is an extra
    except ImportError as error:
        raise DriverMissing(shown(source), "PyMySQL", "mariadb") from error
    if isinstance(source, Engine):
        engine = source
    else:
        engine = engine_for(source.set(drivername="mariadb+pymysql").update_query_dict({"charset": "utf8mb4"}), ARGUMENTS)
        event.listen(engine, "connect", patient)
    return Database("mariadb", shown(source), engine, isinstance(source, Engine), driver=MariaDB())


def shown(source: URL | Engine) -> str:
    """Return how messages name a server's database: without password and options."""
    url = source.url if isinstance(source, Engine) else source
    return url.set(query={}).render_as_string()


@contextmanager
def on_file(source: URL | Engine) -> Iterator[Database]:
    """Yield a SQLite database, opened read-only, whose folder is left as it was found."""
    location = host_location(source, "normal") if isinstance(source, Engine) else located(source)
    hosts = isinstance(source, Engine)
    if location.path is None:
        yield Database("sqlite", location.shown, create_engine("sqlite://"), hosts, location)
        return
    path = location.path
    immutable = location.url.query.get("immutable") == "1"
    engine = create_engine("sqlite+pysqlite://", creator=lambda: read_only(path, immutable=immutable), poolclass=NullPool)
    log = Path(f"{path}-wal")
    was_closed = not log.exists()
    try:
        yield Database("sqlite", location.shown, engine, hosts, location)
    finally:
        if was_closed and log.exists():
            put_away(path, log)


def read_only(path: Path, *, immutable: bool) -> sqlite3.Connection:
    """Return a connection that can neither write to a file nor create it; texts that are none are read with their damage."""
    options = "mode=ro&immutable=1" if immutable else "mode=ro"
    connection = sqlite3.connect(f"file:{quote(str(path))}?{options}", uri=True, isolation_level=None, timeout=BUSY_TIMEOUT)
    connection.text_factory = legible
    return connection


def put_away(path: Path, log: Path) -> None:
    """Have SQLite remove the log and the shared memory that it creates for readers too, and that a reader may not remove.

    Only where the log is new and empty: what others have written meanwhile is for them to copy back.
    """
    with suppress(OSError, sqlite3.Error):
        if log.stat().st_size == 0:
            with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, isolation_level=None)) as connection:
                connection.execute("SELECT 1 FROM sqlite_master").fetchone()
