"""Whose transaction may be joined: a Connection or Session on the App's own database, with a transaction."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, PendingRollbackError, ResourceClosedError

from perdure.errors import TransactionRefused
from perdure.store.callers.conflicts import driver_of
from perdure.store.sqlite.location import identity
from perdure.store.tables import status

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from perdure.names import Key

Identity: TypeAlias = tuple[object, ...]
"""What tells a database from every other."""

IDENTITY = "perdure.identity"
"""Where in a connection's `info` lies what its database said."""

PROCESS = "perdure.process"
"""Where in a connection's `info` lies which process made use of it."""

POSTGRESQL = f"""
SELECT (SELECT system_identifier FROM pg_control_system()), current_database(), CAST(to_regclass('{status.name}') AS oid)
"""  # noqa: S608 - a constant

MARIADB = "SHOW GLOBAL VARIABLES WHERE variable_name IN ('hostname', 'port', 'server_uid', 'datadir')"
"""Older ones have no `server_uid`, and say so by leaving it out."""


def source_of(given: Any, shown: str) -> Callable[[], Connection]:
    """Return what gives the connection to work on. A Session is asked anew each time, and nothing of it is flushed.

    Raises:
        TransactionRefused: It is neither a Connection nor a Session, or an asynchronous one.
    """
    if isinstance(given, Connection):
        return lambda: given
    kind = type(given).__name__
    if hasattr(given, "run_sync"):
        problem = f"{kind} is asynchronous. Await it.run_sync(lambda inner: status.within(inner).set(…))"
        raise TransactionRefused(shown, problem)
    if hasattr(given, "flush") and hasattr(given, "connection"):
        connect: Callable[..., Connection] = given.connection
        return lambda: connect(bind_arguments={"clause": status})
    raise TransactionRefused(shown, f"{kind} has no transaction. Give a Connection or a Session, as from app.begin()")


def admit(connection: Connection, engine: Engine, shown: str, own_identity: Callable[[], Identity]) -> None:
    """Return if a connection leads to the App's own database, and raise otherwise.

    Asked once per connection to the database, and never where it comes from the App's own pool.

    Args:
        connection: The caller's. A transaction is begun on it where there is none, as by its first statement.
        engine: The App's own.
        shown: How messages name the App's database.
        own_identity: Returns the identity of the App's database.

    Raises:
        TransactionRefused: It is closed, or leads to another database.
    """
    begin(connection, shown, None)
    if connection.engine.pool is engine.pool:
        return
    found: Identity | None = connection.info.get(IDENTITY)
    if found is None:
        try:
            found = connection.info[IDENTITY] = identity_of(connection)
        except DBAPIError as error:
            raise TransactionRefused(shown, f"its database does not say which one it is: {error.orig}") from error.orig
    if found != own_identity():
        other = connection.engine.url.render_as_string()
        problem = f"the connection leads to {other}, where this App's tables are not. Give one to the App's own database"
        raise TransactionRefused(shown, problem)


def begin(connection: Connection, shown: str, key: Key | None) -> None:
    """See to it that a connection has a transaction, which will not commit each statement by itself.

    Raises:
        TransactionRefused: It is closed, has failed, or is in AUTOCOMMIT.
    """
    try:
        if not connection.in_transaction():
            connection.begin()
        driver = driver_of(connection)
    except ResourceClosedError as error:
        raise closed(shown, key) from error
    except PendingRollbackError as error:
        raise failed(shown, key) from error
    if connection.info.setdefault(PROCESS, os.getpid()) != os.getpid():
        problem = "the connection was inherited from the process that forked this one, and so was its transaction"
        raise TransactionRefused(shown, f"{problem}. Open one of this process's own", key)
    each_by_itself = connection.dialect.detect_autocommit_setting(connection.connection.dbapi_connection)  # type: ignore[arg-type]  # an open connection has one
    # On SQLite, a host that takes over BEGIN puts the driver into autocommit, and then begins.
    if each_by_itself and not (connection.dialect.name == "sqlite" and driver.in_transaction):
        problem = "the connection is in AUTOCOMMIT, so that nothing could be rolled back. Give one with a transaction"
        raise TransactionRefused(shown, problem, key)


def mark_process(connection: Connection) -> None:
    """Note whose connection it is, so that a forked child is refused it."""
    connection.info[PROCESS] = os.getpid()


def closed(shown: str, key: Key | None) -> TransactionRefused:
    """Return the error for a connection that was given back."""
    return TransactionRefused(shown, "the connection is closed. Call within(…) again, with an open one", key)


def failed(shown: str, key: Key | None) -> TransactionRefused:
    """Return the error for a transaction that failed before."""
    return TransactionRefused(shown, "an earlier error has ended the transaction. Roll it back, and run it again", key)


def identity_of(connection: Connection) -> Identity:
    """Ask a database which one it is. SQLite is not read for it, since a transaction that began with a read may be too old."""
    name = connection.dialect.name
    if name == "postgresql":
        return (name, *connection.exec_driver_sql(POSTGRESQL).one())
    if name in ("mysql", "mariadb"):
        variables = sorted(map(tuple, connection.exec_driver_sql(MARIADB)))
        return ("mariadb", connection.exec_driver_sql("SELECT database()").scalar(), *variables)
    if name == "sqlite":
        files = {database: file for _, database, file in connection.exec_driver_sql("PRAGMA database_list")}
        return sqlite_identity(Path(files["main"]) if files["main"] else None)
    return (name,)


def sqlite_identity(path: Path | None) -> Identity:
    """Return the identity of a SQLite file; a database in memory is nobody else's."""
    return ("sqlite", identity(path) or object())
