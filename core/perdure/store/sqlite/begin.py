"""A transaction on SQLite that an application begins through the store, and works in with SQLAlchemy."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from perdure.errors import OutcomeUnknown, StoreUnavailable
from perdure.store.patience import Patience
from perdure.store.sqlite.connections import INHERITED_TRANSACTION
from perdure.store.sqlite.faults import code_of, fault, is_busy
from perdure.store.sqlite.opening import begin_immediate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from perdure.store.sqlite.checkpoints import Checkpoints
    from perdure.store.sqlite.connections import Connections
    from perdure.store.sqlite.location import Location


@contextmanager
def begun(connections: Connections, location: Location, patience: float, checkpoints: Checkpoints | None) -> Iterator[Connection]:
    """Yield a connection in a transaction as the only writer, and commit at the end of the block.

    Args:
        connections: The store's.
        location: The database.
        patience: Seconds for which others may hold the file.
        checkpoints: What keeps its log short, if anything.
    """
    waiting = Patience(patience)
    while True:
        with connections.connected() as connection:
            try:
                begin_immediate(connection)
            except DBAPIError as error:
                refused = error.orig
                if not isinstance(refused, sqlite3.Error):
                    raise
                if not is_busy(refused) or not waiting.pause():
                    raise fault(refused, location, waited=waiting.spent) from error
                continue
            process = os.getpid()
            yield connection
            if os.getpid() != process:
                raise StoreUnavailable(location.shown, INHERITED_TRANSACTION)
            commit(connection, location)
            if checkpoints is not None:
                driver: Any = connection.connection.dbapi_connection
                checkpoints.after_commit(driver)
        return


def commit(connection: Connection, location: Location) -> None:
    """Commit, and tell a refusal from an unknown outcome."""
    driver: Any = connection.connection.dbapi_connection
    try:
        connection.commit()
    except DBAPIError as error:
        refused = error.orig
        if not isinstance(refused, sqlite3.Error):
            raise
        if not driver.in_transaction and code_of(refused) != sqlite3.SQLITE_FULL:
            problem = f"SQLite failed during COMMIT: {refused}. Look before doing it again"
            raise OutcomeUnknown(location.shown, problem) from error
        raise fault(refused, location) from error
