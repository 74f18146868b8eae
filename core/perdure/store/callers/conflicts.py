"""What becomes of a caller's transaction: read from its driver, for SQLAlchemy's events leave it open.

Measured: MariaDB rolls a whole transaction back at a deadlock, SQLite at a full disk, and the next statement begins another one
without a word. PostgreSQL answers COMMIT with a ROLLBACK, and with no error, where a statement had failed before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection

SQLSTATES = frozenset({"40001", "40P01", "55P03"})
"""PostgreSQL: could not serialize, deadlock, lock not available."""

ABORTED = "25P02"
"""PostgreSQL: a statement failed before, and nothing but a rollback is answered."""

ROLLED_BACK = frozenset({1020, 1213})
"""MariaDB: the row has changed since it was read, deadlock."""

TIMED_OUT = 1205
"""MariaDB: a lock was waited for in vain. What was done before stays, unless `innodb_rollback_on_timeout` is on."""

BUSY = frozenset({5, 6})
"""SQLite: BUSY and LOCKED."""

BUSY_SNAPSHOT = 517
"""SQLite: somebody has written since this transaction first read."""

IN_ERROR = 3
"""What libpq calls a transaction in which a statement has failed; 0 is none at all."""

AGAIN = "Run it again from its beginning"
IMMEDIATELY = "and begin it with app.begin(), or with BEGIN IMMEDIATE, so that it waits for its turn instead"


def conflict(error: BaseException | None, connection: Connection) -> str | None:
    """Return what a driver's error means for the transaction, or None where no other transaction was in the way."""
    said = f"({str(error).strip()})"
    # PyMySQL's errors have an sqlstate, too.
    if connection.dialect.name == "postgresql" and getattr(error, "sqlstate", None) in SQLSTATES:
        return f"PostgreSQL has ended your transaction. Roll it back. {AGAIN} {said}"
    code = getattr(error, "sqlite_errorcode", 0)
    if code == BUSY_SNAPSHOT:
        return f"another connection has written since your transaction first read. Roll it back. {AGAIN}, {IMMEDIATELY} {said}"
    if code & 0xFF in BUSY:
        return f"another connection is writing. Your transaction is as it was: roll it back. {AGAIN}, {IMMEDIATELY} {said}"
    number = number_of(error)
    if number in ROLLED_BACK or (number == TIMED_OUT and is_lost(error, connection)):
        return f"MariaDB has rolled your transaction back, with all that it had done. {AGAIN} {said}"
    if number == TIMED_OUT:
        return f"MariaDB waited for a lock in vain. Your transaction is as it was before this: roll it back. {AGAIN} {said}"
    return None


def is_known_rollback(error: BaseException | None) -> bool:
    """Tell whether an error of COMMIT says for certain that nothing was committed: a conflict, or a constraint that failed."""
    state = getattr(error, "sqlstate", None) or ""
    return state[:2] in {"23", "40"} and state != "40003"  # statement completion unknown


def number_of(error: BaseException | None) -> int | None:
    """Return the number of a MariaDB error."""
    number = error.args[0] if error is not None and error.args else None
    return number if type(number) is int else None


def is_lost(error: BaseException | None, connection: Connection) -> bool:
    """Tell, after an error, whether the database has rolled back everything since BEGIN. PostgreSQL leaves that to its caller."""
    if connection.closed or connection.invalidated:
        return True
    if connection.dialect.name == "sqlite":
        return not driver_of(connection).in_transaction
    if number_of(error) not in ROLLED_BACK | {TIMED_OUT}:
        return False
    cursor = connection.connection.cursor()
    try:
        cursor.execute("SELECT @@in_transaction")
        return not cursor.fetchall()[0][0]
    finally:
        cursor.close()


def can_commit(connection: Connection) -> bool:
    """Tell, before COMMIT, whether there is anything that it could commit."""
    driver = driver_of(connection)
    if connection.dialect.name == "sqlite":
        return bool(driver.in_transaction)
    if knows_no_error(driver):
        return not is_aborted(connection)
    return status_of(driver) != IN_ERROR


def is_aborted(connection: Connection) -> bool:
    """Ask PostgreSQL whether a statement of the transaction has failed, where the driver does not know."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute("SELECT 1")
    except Exception as error:  # noqa: BLE001 - whatever else is wrong, COMMIT will meet with
        return getattr(error, "sqlstate", None) == ABORTED
    except BaseException as error:  # cancelled, before a COMMIT that SQLAlchemy takes for done: it would roll nothing back
        connection.invalidate(error)
        raise
    else:
        return False
    finally:
        cursor.close()


def is_open(driver: Any) -> bool:
    """Tell, after COMMIT should have come, whether it never came: somebody's listener prevented it."""
    if hasattr(driver, "in_transaction"):  # SQLite; with autocommit=False it begins the next one at once
        itself = getattr(driver, "_conn", driver)  # aiosqlite does not show its connection's setting
        return bool(driver.in_transaction) and getattr(itself, "autocommit", None) is not False
    if knows_no_error(driver):
        return bool(driver.is_in_transaction())
    return bool(status_of(driver) or getattr(driver, "server_status", 0) & 1)  # the server's flag IN_TRANS, by PyMySQL


def knows_no_error(driver: Any) -> bool:
    """Whether the driver knows that there is a transaction, and not whether it has failed: asyncpg."""
    return hasattr(driver, "is_in_transaction")


def status_of(driver: Any) -> int:
    """Return what libpq says of a transaction, or 0 where the driver does not ask it."""
    return getattr(getattr(driver, "info", None), "transaction_status", 0)


def driver_of(connection: Connection) -> Any:
    """Return the driver's own connection."""
    return connection.connection.driver_connection
