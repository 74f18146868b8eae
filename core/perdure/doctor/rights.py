"""Whether a server lets this user write, found out without a write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from perdure.doctor.database import Denied
from perdure.doctor.finding import error, one_line
from perdure.doctor.place import GRANT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from perdure.doctor.database import Database
    from perdure.doctor.finding import Finding
    from perdure.store.statements import Statements


def right_findings(connection: Connection, database: Database) -> Iterator[Finding]:
    """Tell that a right is missing which writes need, if one is; a file knows no rights of users."""
    if database.driver is None:
        return
    refused = denial(connection, database, database.driver.statements)
    if refused is not None:
        yield error("database-read-only", database.shown, f"{one_line(refused.problem)}: writes will be refused", GRANT)


def denial(connection: Connection, database: Database, statements: Statements) -> Denied | None:
    """Return what refuses one of the statements by which values are written, or None."""
    for statement in (statements.put, statements.record, statements.forget):
        try:
            with connection.begin_nested():  # PostgreSQL would take no further statement after one that fails
                # Explained, it changes nothing, and rights are looked at; MariaDB says of those alone that suffice that the
                # transaction cannot write.
                connection.exec_driver_sql(f"EXPLAIN {statement.text}", (None,) * len(statement.order))
        except DBAPIError as failure:
            refused = database.meaning(failure.orig or failure)
            if isinstance(refused, Denied):
                return refused
    return None
