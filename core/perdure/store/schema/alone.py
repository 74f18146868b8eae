"""How a process keeps all others from upgrading the same tables at the same time."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from perdure.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection

POSTGRESQL_LOCK = int.from_bytes(hashlib.sha256(b"perdure.schema").digest()[:8], "big", signed=True)
LOCK_NOT_AVAILABLE = "55P03"
"""PostgreSQL: a lock was waited for in vain."""

WAIT = 60
"""Seconds for which another process may be upgrading."""


def alone(connection: Connection) -> AbstractContextManager[None]:
    """Keep others out until the block ends, on a database that has locks of its own for that; begins a transaction."""
    if connection.dialect.name == "postgresql":
        return alone_on_postgresql(connection)
    if connection.dialect.name in ("mysql", "mariadb"):
        return alone_on_mariadb(connection)
    return nullcontext()  # SQLite lets nobody else write anyway, once the transaction has begun


@contextmanager
def alone_on_postgresql(connection: Connection) -> Iterator[None]:
    """Hold an advisory lock, which the end of the transaction releases."""
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{WAIT}s'")
    try:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (POSTGRESQL_LOCK,))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        problem = f"another process has been upgrading its tables for {WAIT} s"
        raise StoreUnavailable(connection.engine.url.set(query={}).render_as_string(), problem) from error
    yield


@contextmanager
def alone_on_mariadb(connection: Connection) -> Iterator[None]:
    """Hold a named lock: those are known to the whole server, so the name says which database."""
    database = connection.exec_driver_sql("SELECT DATABASE()").scalar()
    name = "perdure.schema." + hashlib.sha256(str(database).encode()).hexdigest()[:40]
    if not connection.exec_driver_sql("SELECT GET_LOCK(%s, %s)", (name, WAIT)).scalar():
        problem = f"another process has been upgrading its tables for {WAIT} s"
        raise StoreUnavailable(connection.engine.url.set(query={}).render_as_string(), problem)
    try:
        yield
    finally:
        with suppress(DBAPIError):  # a session that is lost has lost its locks too
            connection.exec_driver_sql("SELECT RELEASE_LOCK(%s)", (name,))
