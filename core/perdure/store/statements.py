"""Every statement, defined once and compiled once per store to text.

As text it runs on a bare DBAPI connection, without SQLAlchemy's share of the cost, and on a caller's SQLAlchemy connection
through `exec_driver_sql`. Compile with a dialect whose parameters are positional (`qmark` or `format`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import attrs
from sqlalchemy import bindparam, delete, func, insert, literal_column, null, select

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

    @property
    def rowcount(self) -> int:
        """How many rows a DELETE removed; of no other statement is it to be believed."""
        ...

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
        tenants: Every tenant, once.
        modules: The modules of a tenant that have rows.
        erase: Removes the rows of a module.
        erase_history: Removes the changes of a module.
    """

    value: Statement
    row: Statement
    module: Statement
    tenant: Statement
    lock: Statement
    put: Statement
    record: Statement
    prune: Statement
    tenants: Statement
    modules: Statement
    erase: Statement
    erase_history: Statement


def compiled_for(
    dialect: Dialect, *, lock: Select[*tuple[Any, ...]] | Insert, put: Insert, tenants: Select[*tuple[Any, ...]] | None = None
) -> Statements:
    """Compile every statement.

    Args:
        dialect: The database's own, with a positional `paramstyle`.
        lock: How this database locks a key: `row_by_key()` where a transaction is alone anyway.
        put: Its upsert.
        tenants: How it lists tenants; `each_tenant()` unless given.
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
        tenants=compiled(each_tenant() if tenants is None else tenants),
        modules=compiled(select(status.c.module).distinct().where(*parameters(status, "tenant")).order_by(status.c.module)),
        erase=compiled(delete(status).where(*parameters(status, "tenant", "module"))),
        erase_history=compiled(delete(change).where(*parameters(change, "tenant", "module"))),
    )


def parameters(table: Table, *names: str) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that these columns equal the parameters of the same names."""
    return tuple(table.c[name] == bindparam(name) for name in names)


def row_by_key() -> Select[*tuple[Any, ...]]:
    """Return the statement that reads one row."""
    return select(status).where(*parameters(status, *KEY))


def each_tenant() -> Select[*tuple[Any, ...]]:
    """Return the statement that lists tenants by leaping from one to the next along the primary key.

    `SELECT DISTINCT` reads every row on PostgreSQL and SQLite. Source: https://wiki.postgresql.org/wiki/Loose_indexscan.
    """
    found = select(func.min(status.c.tenant).label("tenant")).cte("found", recursive=True)
    following = select(func.min(status.c.tenant)).where(status.c.tenant > found.c.tenant).correlate(found).scalar_subquery()
    found = found.union_all(select(following).where(found.c.tenant.is_not(None)))
    return select(found.c.tenant).where(found.c.tenant.is_not(None))


def replaced_by(arriving: Any) -> dict[str, ColumnElement[Any]]:
    """Return what an upsert replaces in a row that is there: by the value that arrived, the version by the next one."""
    names = ("value", "encoding", "record_version", "updated_at", "actor")
    return {"version": status.c.version + literal_column("1"), **{name: arriving[name] for name in names}}


def upsert_on_conflict(insert_on_conflict: InsertOnConflict) -> Insert:
    """Return the upsert of SQLite and PostgreSQL: the first version is 1, and every write moves it by one."""
    arriving = insert_on_conflict(status).values(version=literal_column("1"))
    return arriving.on_conflict_do_update(index_elements=list(KEY), set_=replaced_by(arriving.excluded)).returning(*status.c)


def locked_row() -> dict[str, ColumnElement[Any]]:
    """Return the values of a row that only exists to be locked: its version is 0, and nothing is stored."""
    return {
        "value": null(),
        "encoding": literal_column("'json'"),
        "version": literal_column("0"),
        "record_version": literal_column("1"),
        "created_at": bindparam("at"),
        "updated_at": bindparam("at"),
        "actor": null(),
    }
