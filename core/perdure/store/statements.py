"""Every statement, defined once and compiled once per store to text.

As text it runs on a bare DBAPI connection, without SQLAlchemy's share of the cost, and on a caller's SQLAlchemy connection
through `exec_driver_sql`. Compile with a dialect whose parameters are positional (`qmark` or `format`).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import attrs
from sqlalchemy import Integer, bindparam, case, delete, func, insert, literal_column, null, or_, select, tuple_, union, update

from perdure.store.tables import change, status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import ColumnElement, CompoundSelect, Delete, Insert, Select, Table, Update
    from sqlalchemy.dialects.postgresql import Insert as PostgreSQLInsert
    from sqlalchemy.dialects.sqlite import Insert as SQLiteInsert
    from sqlalchemy.engine import Compiled, Dialect

KEY = ("tenant", "module", "name")


class Rows(Protocol):
    """What a statement gives back: a DBAPI cursor, or a result of SQLAlchemy."""

    @property
    def rowcount(self) -> int:
        """How many rows a DELETE removed, or an UPDATE changed; of no other statement is it to be believed."""
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
    """A statement as text.

    Attributes:
        text: The statement.
        order: The names of its parameters in the order of their places.
        given: The parameters that are always the same: SQLAlchemy adds some of its own.
    """

    text: str
    order: tuple[str, ...]
    given: Mapping[str, object]

    @classmethod
    def of(cls, compiled: Compiled) -> Statement:
        """Return what was compiled for a dialect whose parameters have places."""
        result: Any = compiled
        given = {name: bound.value for name, bound in result.binds.items() if bound.unique}
        return cls(str(result), tuple(result.positiontup or ()), given)

    def arguments(self, values: Mapping[str, object]) -> tuple[object, ...]:
        """Return those of the values that the statement takes, each in its place."""
        if self.given:
            values = {**self.given, **values}
        return tuple([values[name] for name in self.order])


@attrs.frozen
class Statements:
    """The statements of one store.

    Attributes:
        value: What a `StoredValue` needs, by key. The parameters of reads by key are in its order.
        row: A `Row` by key.
        module: The `Row`s of a module, in the order of names.
        tenant: The `Row`s of a tenant, in the order of modules and names.
        changes: The `ChangeRow`s of a key below the version `before`, the latest first.
        changes_after: Those above the version `after`, the earliest first.
        module_changes: The `ChangeRow`s of a module before a `Mark`, the latest first.
        tenant_changes: Those of a tenant.
        change_set: The `ChangeRow`s of a module that were made together, in the order of names.
        lock: A `Row` by key, and no other writer at it until the transaction ends.
        put: Creates or replaces a row and returns it as a `Row`; leaves one alone that is newer than `newest`.
        record: Adds a change to the history.
        prune: Drops the changes of a key up to the version `until`.
        forget: Drops all changes of a key.
        tenants: Every tenant that has a value or a history, once.
        modules: The modules of a tenant that have rows.
        erase: Drops the values of a module, and keeps its rows.
        erase_actors: Drops who wrote them.
        erase_history: Removes the changes of a module.
        notify: Tells other processes that a module was written, where they asked for it.
        heads: Returns the statement for the `Head`s of so many modules.
    """

    value: Statement
    row: Statement
    module: Statement
    tenant: Statement
    changes: Statement
    changes_after: Statement
    module_changes: Statement
    tenant_changes: Statement
    change_set: Statement
    lock: Statement
    put: Statement
    record: Statement
    prune: Statement
    forget: Statement
    tenants: Statement
    modules: Statement
    erase: Statement
    erase_actors: Statement
    erase_history: Statement
    notify: Statement | None
    heads: Callable[[int], Statement]


def compiled_for(
    dialect: Dialect,
    *,
    lock: Select[*tuple[Any, ...]] | Insert,
    put: Insert,
    tenants: Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]] | None = None,
    notify: Select[*tuple[Any, ...]] | None = None,
) -> Statements:
    """Compile every statement.

    Args:
        dialect: The database's own, with a positional `paramstyle`.
        lock: How this database locks a key: `row_by_key()` where a transaction is alone anyway.
        put: Its upsert.
        tenants: How it lists tenants; `each_tenant()` unless given.
        notify: How it tells other processes of a write to `tenant` and `module`, if it is to.
    """

    def compiled(
        statement: Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]] | Insert | Update | Delete,
        inserted: Table | None = None,
    ) -> Statement:
        columns = None if inserted is None else [column.name for column in inserted.columns]
        return Statement.of(statement.compile(dialect=dialect, column_keys=columns))

    @cache
    def heads(count: int) -> Statement:
        return Statement.of(heads_of(count).compile(dialect=dialect, compile_kwargs={"render_postcompile": True}))

    of_module = select(status).where(*parameters(status, "tenant", "module")).order_by(status.c.name)
    of_tenant = select(status).where(*parameters(status, "tenant")).order_by(status.c.module, status.c.name)
    of_key = select(change).where(*parameters(change, *KEY)).limit(bindparam("limit"))
    made_together = select(change).where(*parameters(change, "tenant", "module", "change_set"))
    outdated = delete(change).where(*parameters(change, *KEY), change.c.version <= bindparam("until"))
    in_module = parameters(status, "tenant", "module")
    cleared = {"value": null(), "version": status.c.version + literal_column("1"), "updated_at": bindparam("at")}
    return Statements(
        value=compiled(select(status.c.value, status.c.encoding, status.c.record_version).where(*parameters(status, *KEY))),
        row=compiled(row_by_key()),
        module=compiled(of_module),
        tenant=compiled(of_tenant),
        changes=compiled(of_key.where(change.c.version < bindparam("before")).order_by(change.c.version.desc())),
        changes_after=compiled(of_key.where(change.c.version > bindparam("after")).order_by(change.c.version)),
        module_changes=compiled(latest_first("tenant", "module")),
        tenant_changes=compiled(latest_first("tenant")),
        change_set=compiled(made_together.order_by(change.c.name, change.c.version)),
        lock=compiled(lock, status if lock.is_insert else None),
        put=compiled(put, status),
        record=compiled(insert(change), change),
        prune=compiled(outdated),
        forget=compiled(delete(change).where(*parameters(change, *KEY))),
        tenants=compiled(each_tenant() if tenants is None else tenants),
        modules=compiled(select(status.c.module).distinct().where(*parameters(status, "tenant")).order_by(status.c.module)),
        erase=compiled(update(status).where(*in_module, status.c.value.is_not(None)).values(cleared)),
        erase_actors=compiled(update(status).where(*in_module, status.c.actor.is_not(None)).values(actor=null())),
        erase_history=compiled(delete(change).where(*parameters(change, "tenant", "module"))),
        notify=None if notify is None else compiled(notify),
        heads=heads,
    )


def latest_first(*scope: str) -> Select[*tuple[Any, ...]]:
    """Return the statement that reads the history of what these columns name, from a `Mark` back, or all of it."""
    place = (change.c.at, change.c.module, change.c.name, change.c.version)
    mark = tuple(bindparam(f"mark_{column.name}", type_=column.type) for column in place)
    whole = bindparam("from_the_latest", type_=Integer) == literal_column("1")
    earlier = select(change).where(*parameters(change, *scope), or_(whole, tuple_(*place) < tuple_(*mark)))
    return earlier.order_by(*(column.desc() for column in place)).limit(bindparam("limit"))


def heads_of(count: int) -> Select[*tuple[Any, ...]]:
    """Return the statement that reads the versions of so many modules; its parameters are their tenants and names by turns."""
    places = [("", "")] * count
    of_modules = tuple_(status.c.tenant, status.c.module).in_(places)
    return select(status.c.tenant, status.c.module, status.c.name, status.c.version).where(of_modules)


def parameters(table: Table, *names: str) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that these columns equal the parameters of the same names."""
    return tuple(table.c[name] == bindparam(name) for name in names)


def row_by_key() -> Select[*tuple[Any, ...]]:
    """Return the statement that reads one row."""
    return select(status).where(*parameters(status, *KEY))


def each_tenant() -> CompoundSelect[*tuple[Any, ...]]:
    """Return the statement that lists every tenant that has a value or a history.

    It leaps from one to the next along the primary keys: `SELECT DISTINCT` reads every row on PostgreSQL and SQLite.
    Source: https://wiki.postgresql.org/wiki/Loose_indexscan.
    """
    return union(leaping(status, status.c.value.is_not(None)), leaping(change))


def leaping(table: Table, *where: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Return the statement that reads the tenants of a table's rows by leaps."""
    found = select(func.min(table.c.tenant).label("tenant")).where(*where).cte(f"found_{table.name}", recursive=True)
    following = select(func.min(table.c.tenant)).where(table.c.tenant > found.c.tenant, *where)
    step = select(following.correlate(found).scalar_subquery()).where(found.c.tenant.is_not(None))
    found = found.union_all(step)
    return select(found.c.tenant).where(found.c.tenant.is_not(None))


def distinct_tenants() -> CompoundSelect[*tuple[Any, ...]]:
    """Return the plain statement for the same."""
    return union(select(status.c.tenant).where(status.c.value.is_not(None)), select(change.c.tenant))


def replaced_by(arriving: Any) -> dict[str, ColumnElement[Any]]:
    """Return what an upsert replaces in a row that is there: by the value that arrived, the version by the next one.

    In this order, which counts on MariaDB: an assignment sees what those before it have assigned. A row at version 0 was only
    ever locked, so it is first written now.
    """
    first = case((status.c.version == literal_column("0"), arriving.created_at), else_=status.c.created_at)
    names = ("record_version", "value", "encoding", "updated_at", "actor")
    replaced = {name: arriving[name] for name in names}
    return {"created_at": first, "version": status.c.version + literal_column("1"), **replaced}


def can_be_replaced() -> ColumnElement[bool]:
    """Return the condition that a row holds nothing newer than its writer can read."""
    return or_(status.c.value.is_(None), status.c.record_version <= bindparam("newest"))


def upsert_on_conflict(insert_on_conflict: InsertOnConflict) -> Insert:
    """Return the upsert of SQLite and PostgreSQL: the first version is 1, and every write moves it by one."""
    arriving = insert_on_conflict(status).values(version=literal_column("1"))
    return arriving.on_conflict_do_update(
        index_elements=list(KEY), set_=replaced_by(arriving.excluded), where=can_be_replaced()
    ).returning(*status.c)


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
