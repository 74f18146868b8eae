"""Engines and SQLAlchemy's connections, ours and a host's, as stores on servers need them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from perdure.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import URL, Connection, Engine

    from perdure.store.servers.driver import Driver

CONNECT_TIMEOUT = 3
"""Seconds within which a server must take a connection, unless the URL says otherwise."""

POOL_SIZE = 5
MOST_CONNECTIONS = 15
POOL_TIMEOUT = 10
"""Seconds for which a call waits for a connection while all are in use."""


def engine_for(url: URL, arguments: Mapping[str, Any]) -> Engine:
    """Return an engine of our own.

    Args:
        url: Where to connect.
        arguments: What the driver is to be told, where the URL does not say it.
    """
    missing = {name: value for name, value in arguments.items() if name not in url.query}
    return create_engine(
        url, connect_args=missing, pool_size=POOL_SIZE, max_overflow=MOST_CONNECTIONS - POOL_SIZE, pool_timeout=POOL_TIMEOUT
    )


def checked_host(engine: Engine, drivers: Mapping[str, str]) -> Engine:
    """Return a host's engine if it can be used.

    Args:
        engine: The host's.
        drivers: The drivers that can be spoken to, by the dialect's name.

    Raises:
        InvalidArgument: It is asynchronous, or of another driver.
    """
    if hasattr(engine, "sync_engine") or engine.dialect.is_async:
        raise InvalidArgument("engine", repr(engine), "a synchronous Engine beside it, made by sqlalchemy.create_engine")
    dialect, driver = engine.dialect.name, engine.dialect.driver
    if drivers.get(dialect) != driver:
        known = ", ".join(f"{name}+{drivers[name]}" for name in drivers)
        raise InvalidArgument("engine", f"{dialect}+{driver}", f"an Engine of {known}")
    return engine


def as_transaction(connection: Connection, driver: Driver) -> Connection:
    """Return a connection of which statements make a transaction, whatever the engine's own setting is."""
    if driver.is_autocommit(connection.connection.dbapi_connection):
        connection.execution_options(isolation_level=driver.isolation)
    return connection


def beside_pool(engine: Engine) -> Engine:
    """Return an engine of the same connections that has no pool: what holds one for long takes none from those that need it."""

    def connect() -> Any:
        pool: Any = engine.pool  # looked up at each call: after a fork there is another
        return pool._creator()  # noqa: SLF001 - SQLAlchemy has no other name for how an engine connects

    return create_engine(engine.url, creator=connect, poolclass=NullPool)
