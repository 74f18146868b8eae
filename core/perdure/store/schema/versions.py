"""Which version of the tables a database has, and what to do about it when a store is opened."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy import inspect

from perdure.errors import SchemaMismatch, TablesMissing

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection

logger = logging.getLogger("perdure.store")

REVISIONS = ("0001",)
"""Every version there ever was, oldest first."""

HEAD = REVISIONS[-1]
VERSION_TABLE = "perdure_schema"


MIGRATE_ONCE = "`perdure migrate` sees to that, and so does opening it with migrate=True (PERDURE_MIGRATE=yes)."
"""What to do about tables that are not there, or older."""


def ensure(
    connection: Connection, shown: str, *, migrate: bool, alone: Callable[[Connection], AbstractContextManager[None]]
) -> tuple[str, ...]:
    """See to it that the tables are those of this perdure.

    Args:
        connection: A connection outside of a transaction; it is left so.
        shown: How messages name the database.
        migrate: Whether missing or older tables may be created or upgraded.
        alone: Begins a transaction, and keeps out every other process that wants to do the same, to the end of the block.

    Returns:
        The versions that the tables went through here: none where there was nothing to do.

    Raises:
        TablesMissing: There are none, and none are to be created.
        SchemaMismatch: The tables are newer than this perdure, or older and not to be touched; or nobody knows which they are.
    """
    found = revision(connection, shown)
    connection.rollback()
    if is_current(found, shown):
        return ()
    if not migrate:
        if found is None:
            raise TablesMissing(shown, f"this perdure needs those of version {HEAD}. {MIGRATE_ONCE}")
        raise SchemaMismatch(shown, f"its tables are of version {found}, and this perdure needs {HEAD}. {MIGRATE_ONCE}")
    with alone(connection):
        found = revision(connection, shown)
        done = is_current(found, shown)  # another process may have been first
        if not done:
            from perdure.store.schema.upgrade import upgrade_tables  # noqa: PLC0415 - start-up: alembic is imported only to migrate

            upgrade_tables(connection)
        connection.commit()
    connection.rollback()
    if done:
        return ()
    logger.info("%s: the tables are of version %s now, and were of %s.", shown, HEAD, found or "none")
    return REVISIONS[REVISIONS.index(found) + 1 if found else 0 :]


def revision(connection: Connection, shown: str) -> str | None:
    """Return the version that the database says its tables have, or None where it says nothing.

    Raises:
        SchemaMismatch: It names several.
    """
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    rows = connection.exec_driver_sql(f"SELECT DISTINCT version_num FROM {VERSION_TABLE}")  # noqa: S608 - a constant
    found = sorted(str(version) for (version,) in rows if version is not None)
    if len(found) > 1:
        problem = f"{VERSION_TABLE} has the versions {' and '.join(map(repr, found))} of its tables, and there can be only one"
        raise SchemaMismatch(shown, f"{problem}. Delete by hand what is wrong there, or restore it from a backup")
    return found[0] if found else None


def is_current(found: str | None, shown: str) -> bool:
    """Tell whether there is nothing to do.

    Raises:
        SchemaMismatch: The version is none that this perdure knows.
    """
    if found is not None and found not in REVISIONS:
        problem = f"its tables are of version {found!r}, and this perdure knows only up to {HEAD!r}"
        raise SchemaMismatch(shown, f"{problem}. Upgrade it: pip install --upgrade perdure")
    return found == HEAD
