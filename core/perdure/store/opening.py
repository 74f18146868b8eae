"""Which store a URL or an engine stands for; only what is needed of the drivers is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError

from perdure.errors import DriverMissing, InvalidArgument, InvalidStoreUrl

if TYPE_CHECKING:
    from perdure.store.protocol import Durability, Store

DRIVERS = {"sqlite": "pysqlite", "postgresql": "psycopg", "mysql": "pymysql", "mariadb": "pymysql"}
"""The driver for each database, by the name that URLs and dialects give it."""


NOTIFIES = "False: PostgreSQL only; elsewhere watchers look every watch_interval seconds"


def open_store(
    where: str | URL | Engine, *, durability: Durability = "full", migrate: bool = True, notify: bool = False
) -> Store:
    """Open a database as a store, and create or upgrade its tables where that is needed.

    Args:
        where: `sqlite:///path`, `postgresql://…`, `mariadb://…` or `mysql://…`, the driver being ours to choose; or a host's
            engine, which is used as it is and never disposed of.
        durability: What a committed write survives: `full` a loss of power, `normal` a killed process.
        migrate: Whether tables may be created or upgraded.
        notify: Whether every write tells watchers in other processes at once, by PostgreSQL's NOTIFY.

    Raises:
        InvalidStoreUrl: The URL is none, or names another database or driver.
        InvalidArgument: The engine is none that can be used, or another database than PostgreSQL is to notify.
        DriverMissing: The database's driver is not installed.
        StoreError: The database cannot be opened, or its tables do not fit.
    """
    source = parsed(where) if isinstance(where, str | URL) else where
    if hasattr(source, "sync_engine"):
        raise InvalidArgument("engine", repr(source), "a synchronous Engine beside it, made by sqlalchemy.create_engine")
    backend = source.get_backend_name() if isinstance(source, URL) else source.dialect.name
    shown = source.render_as_string() if isinstance(source, URL) else source.url.render_as_string()
    if notify and backend != "postgresql":
        raise InvalidArgument("notify", "True", NOTIFIES)
    if backend == "sqlite":
        from perdure.store.sqlite.store import SQLiteStore  # noqa: PLC0415 - start-up: one database of three is used

        return SQLiteStore.open(source, durability=durability, migrate=migrate)
    if backend == "postgresql":
        try:
            from perdure.store.servers.postgresql import PostgreSQLStore  # noqa: PLC0415 - psycopg is an extra
        except ImportError as error:
            raise DriverMissing(shown, "psycopg", "postgresql") from error
        return PostgreSQLStore.open(source, durability=durability, migrate=migrate, notify=notify)
    if backend in ("mysql", "mariadb"):
        try:
            from perdure.store.servers.mariadb import MariaDBStore  # noqa: PLC0415 - PyMySQL is an extra
        except ImportError as error:
            raise DriverMissing(shown, "PyMySQL", "mariadb") from error
        return MariaDBStore.open(source, durability=durability, migrate=migrate)
    raise InvalidArgument("engine", backend, "an Engine of SQLite, PostgreSQL or MariaDB")


ESCAPED = "In a user or password, write @ as %40, : as %3A and / as %2F"
"""What to do about a URL that falls apart in the wrong places."""


def parsed(url: str | URL) -> URL:
    """Return a database URL as SQLAlchemy's, with the driver that we use.

    Raises:
        InvalidStoreUrl: It is no URL, or names a database or a driver that perdure does not know.
    """
    try:
        where = make_url(url)
    except ArgumentError:
        raise InvalidStoreUrl(without_secrets(str(url)), "it is not of the form database://…") from None
    except ValueError:
        raise InvalidStoreUrl(without_secrets(str(url)), f"its host or port is none. {ESCAPED}") from None
    backend, named, driver = where.drivername.partition("+")
    if isinstance(url, str) and backend != "sqlite" and "@" in f"{where.host}{where.database}":  # the rest of a password
        raise InvalidStoreUrl(without_secrets(url), f"it has more than one @. {ESCAPED}")
    if backend == "postgres":  # SQLAlchemy knows it no more, and providers of databases hand it out
        backend = "postgresql"
    if backend not in DRIVERS:
        raise InvalidStoreUrl(where.set(query={}).render_as_string(), f"status is not kept in {backend!r}")
    if named and driver != DRIVERS[backend]:
        problem = f"the driver {driver!r} is not {DRIVERS[backend]}; leave it out"
        raise InvalidStoreUrl(where.set(query={}).render_as_string(), problem)
    return where.set(drivername=f"{backend}+{DRIVERS[backend]}")


def without_secrets(url: str) -> str:
    """Return what may be shown of a URL that cannot be read as one: all of it only where it can hold no password."""
    return url if url.replace(".", "").replace("/", "").isalnum() else f"{url.partition(':')[0]}:…"
