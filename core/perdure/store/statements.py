"""Every statement, defined once and compiled once per store to text.

As text it runs on a bare DBAPI connection, without SQLAlchemy's share of the cost, and on a caller's SQLAlchemy connection
through `exec_driver_sql`. Compile with a dialect whose parameters are positional (`qmark` or `format`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import attrs
from sqlalchemy import bindparam, delete, insert, literal_column, select

from perdure.store.tables import change, status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Delete, Insert, Select, Table
    from sqlalchemy.dialects.postgresql import Insert as PostgreSQLInsert
    from sqlalchemy.dialects.sqlite import Insert as SQLiteInsert
    from sqlalchemy.engine import Dialect

KEY = ("tenant", "module", "name")


class Rows(Protocol):
    """What a statement gives back: a DBAPI cursor, or a result of SQLAlchemy."""

    def fetchall(self) -> Sequence[Any]:
        """Return every row that is left."""
        ...


class Execute(Protocol):
    """Runs a statement on some connection; who calls it need not know on which."""

    def __call__(self, text: str, parameters: Sequence[object], /) -> Rows:
        """Run one statement with its parameters in the order of their places."""
        ...


class InsertOnConflict(Protocol):
    """The `insert` of SQLite's or PostgreSQL's dialect."""

    def __call__(self, table: Table, /) -> SQLiteInsert | PostgreSQLInsert:
        """Return an INSERT that knows ON CONFLICT."""
        ...


class Statement(NamedTuple):
    """A statement's text, and the names of its parameters in the order of their places."""

    text: str
    order: tuple[str, ...]

    def arguments(self, values: Mapping[str, object]) -> tuple[object, ...]:
        """Return those of the values that the statement takes, each in its place."""
        return tuple([values[name] for name in self.order])


@attrs.frozen
class Statements:
    """The statements of one store.

    Attributes:
        value: What a `StoredValue` needs, by key. The parameters of all reads are in the order of the key.
        row: A `Row` by key.
        module: The `Row`s of a module, in the order of names.
        tenant: The `Row`s of a tenant, in the order of modules and names.
        lock: A `Row` by key, and no other writer at it until the transaction ends.
        put: Creates or replaces a row and returns it as a `Row`.
        record: Adds a change to the history.
        prune: Drops the changes of a key up to the version `until`.
    """

    value: Statement
    row: Statement
    module: Statement
    tenant: Statement
    lock: Statement
    put: Statement
    record: Statement
    prune: Statement


def compiled_for(dialect: Dialect, *, lock: Select[*tuple[Any, ...]] | Insert, put: Insert) -> Statements:
    """Compile every statement.

    Args:
        dialect: The database's own, with a positional `paramstyle`.
        lock: How this database locks a key: `row_by_key()` where a transaction is alone anyway.
        put: Its upsert.
    """

    def compiled(statement: Select[*tuple[Any, ...]] | Insert | Delete, inserted: Table | None = None) -> Statement:
        columns = None if inserted is None else [column.name for column in inserted.columns]
        result = statement.compile(dialect=dialect, column_keys=columns)
        return Statement(str(result), tuple(result.positiontup or ()))

    of_module = select(status).where(*parameters(status, "tenant", "module")).order_by(status.c.name)
    of_tenant = select(status).where(*parameters(status, "tenant")).order_by(status.c.module, status.c.name)
    outdated = delete(change).where(*parameters(change, *KEY), change.c.version <= bindparam("until"))
    return Statements(
        value=compiled(select(status.c.value, status.c.encoding, status.c.record_version).where(*parameters(status, *KEY))),
        row=compiled(row_by_key()),
        module=compiled(of_module),
        tenant=compiled(of_tenant),
        lock=compiled(lock, status if lock.is_insert else None),
        put=compiled(put, status),
        record=compiled(insert(change), change),
        prune=compiled(outdated),
    )


def parameters(table: Table, *names: str) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that these columns equal the parameters of the same names."""
    return tuple(table.c[name] == bindparam(name) for name in names)


def row_by_key() -> Select[*tuple[Any, ...]]:
    """Return the statement that reads one row."""
    return select(status).where(*parameters(status, *KEY))


def upsert_on_conflict(insert_on_conflict: InsertOnConflict) -> Insert:
    """Return the upsert of SQLite and PostgreSQL: the first version is 1, and every write moves it by one."""
    one: ColumnElement[int] = literal_column("1")
    arriving = insert_on_conflict(status).values(version=one)
    replaced = {name: arriving.excluded[name] for name in ("value", "encoding", "record_version", "updated_at", "actor")}
    return arriving.on_conflict_do_update(
        index_elements=list(KEY), set_={"version": status.c.version + one, **replaced}
    ).returning(*status.c)
