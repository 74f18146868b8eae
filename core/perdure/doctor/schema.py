"""The tables: are they there, of the version that this perdure needs, and made as it makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import inspect

from perdure.doctor.finding import error, warning
from perdure.doctor.rights import right_findings
from perdure.store.schema import versions
from perdure.store.tables import BY_CODE_POINT, EXACT, metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Inspector, Table

    from perdure.doctor.database import Database
    from perdure.doctor.finding import Finding

MIGRATE = "perdure migrate"
RESTORE = "Restore the tables from a backup; perdure export keeps what can still be read"

COLLATIONS = {
    "mariadb": (
        "SELECT table_name, column_name, collation_name FROM information_schema.columns "
        "WHERE table_schema = DATABASE() AND table_name IN ('perdure_status', 'perdure_change') AND collation_name <> %s"
    ),
    "postgresql": (
        "SELECT r.relname, a.attname, c.collname FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid "
        "JOIN pg_collation c ON c.oid = a.attcollation WHERE r.oid IN (to_regclass('perdure_status'), "
        "to_regclass('perdure_change')) AND a.attname IN ('tenant', 'module', 'name') "
        "AND NOT a.attisdropped AND c.collname NOT IN ('POSIX', %s)"
    ),
}
"""Which columns do not compare as perdure wants them to."""


def schema_findings(database: Database) -> Iterator[Finding]:
    """Tell what is wrong with the tables."""
    with database.reading() as connection:
        version, there = versions.revision(connection, database.shown), present(inspect(connection))
        yield from version_findings(database.shown, version, there)
        if version is not None or there:
            yield from shape_findings(connection, database)
            if database.backend in COLLATIONS:
                yield from collation_findings(connection, database)
            yield from right_findings(connection, database)


def present(inspector: Inspector) -> list[str]:
    """Return which of perdure's tables there are."""
    return [name for name in metadata.tables if inspector.has_table(name)]


def version_findings(where: str, version: str | None, there: list[str]) -> Iterator[Finding]:
    """Tell of tables that are not there, or not of the version that this perdure has."""
    needed = versions.HEAD
    if version is None and there:
        problem = f"{' and '.join(there)} are there, and no version of them is noted; this perdure needs {needed}"
        yield error("schema-behind", where, problem, MIGRATE)
    elif version is None:
        yield error("schema-missing", where, f"it has no tables of perdure; this one needs version {needed}", MIGRATE)
    elif version not in versions.REVISIONS:
        problem = f"its tables are of version {version!r}, and this perdure knows only up to {needed!r}"
        yield error("schema-ahead", where, problem, "pip install --upgrade perdure")
    elif version != needed:
        yield error("schema-behind", where, f"its tables are of version {version!r}, and this perdure needs {needed!r}", MIGRATE)


def shape_findings(connection: Connection, database: Database) -> Iterator[Finding]:
    """Tell of tables, columns and primary keys that are not as perdure makes them."""
    inspector = inspect(connection)
    for table in metadata.sorted_tables:
        where = f"{table.name} of {database.shown}"
        if not inspector.has_table(table.name):
            yield error("schema-damaged", where, "the table is not there, and another is, or its version is noted", RESTORE)
            continue
        if missing := missing_columns(inspector, table):
            yield error("schema-damaged", where, f"it lacks {', '.join(missing)}", RESTORE)
        expected = [column.name for column in table.primary_key]
        found = inspector.get_pk_constraint(table.name)["constrained_columns"]
        if found != expected:
            problem = f"its primary key is ({', '.join(found)}), expected ({', '.join(expected)}): one key may have several rows"
            yield error("primary-key", where, problem, RESTORE)


def missing_columns(inspector: Inspector, table: Table) -> list[str]:
    """Return the columns that a table ought to have."""
    found = {column["name"] for column in inspector.get_columns(table.name)}
    return [column.name for column in table.columns if column.name not in found]


def collation_findings(connection: Connection, database: Database) -> Iterator[Finding]:
    """Tell of columns that a server compares in another way than perdure needs."""
    wanted = EXACT if database.backend == "mariadb" else BY_CODE_POINT
    for table, column, collation in connection.exec_driver_sql(COLLATIONS[database.backend], (wanted,)):
        where = f"{table}.{column} of {database.shown}"
        problem = f"its collation is {collation!r}, expected {wanted!r}"
        if database.backend == "mariadb":
            advice = f"ALTER TABLE {table} CONVERT TO CHARACTER SET utf8mb4 COLLATE {EXACT}"
            yield error("collation", where, f"{problem}: names that differ in case alone may be taken for one", advice)
        else:
            kind = f"varchar({metadata.tables[table].c[column].type.length})"
            advice = f'ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind} COLLATE "{BY_CODE_POINT}"'
            yield warning("collation", where, f"{problem}: an upgrade of the system's locales can break its index", advice)
