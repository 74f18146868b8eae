"""Every statement, defined once, and compiled to text once per store."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Integer, bindparam, case, delete, func, insert, literal_column, null, or_, select, tuple_, union, update

from perdure.store.statement import Statement
from perdure.store.tables import change, status

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement, CompoundSelect, Insert, Select, Table
    from sqlalchemy.dialects.postgresql import Insert as PostgreSQLInsert
    from sqlalchemy.dialects.sqlite import Insert as SQLiteInsert
    from sqlalchemy.engine import Dialect

    from perdure.store.statement import Clause

KEY = ("tenant", "module", "name")

MADE = (status.c.version, status.c.created_at, status.c.record_version)
"""What an upsert returns: what its writer does not know, and whether it was the writer's row that was taken."""

VALUE = (status.c.value, status.c.encoding, status.c.record_version)
"""What a `StoredValue` needs."""


class InsertOnConflict(Protocol):
    """The `insert` of SQLite's or PostgreSQL's dialect."""

    def __call__(self, table: Table, /) -> SQLiteInsert | PostgreSQLInsert:
        """Return an INSERT that knows ON CONFLICT."""
        ...


class Statements:
    """The statements of one store, each made when it is first used: most processes need few of them, and soon.

    Args:
        dialect: The database's own, with a positional `paramstyle`.
        lock: Returns how this database locks a key: `row_by_key` where a transaction is alone anyway.
        put: Returns its upsert.
        tenants: Returns how it lists tenants.
        notify: Returns how it tells other processes of a write to `tenant` and `module`, if it is to.
    """

    def __init__(
        self,
        dialect: Dialect,
        *,
        lock: Callable[[], Select[*tuple[Any, ...]] | Insert],
        put: Callable[[], Insert],
        tenants: Callable[[], CompoundSelect[*tuple[Any, ...]]] | None = None,
        notify: Callable[[], Select[*tuple[Any, ...]]] | None = None,
    ) -> None:
        self.dialect = dialect
        self.locking = lock
        self.putting = put
        self.listing = tenants or each_tenant
        self.notifying = notify

    def compiled(self, clause: Clause, inserted: Table | None = None) -> Statement:
        """Return a statement as text."""
        return Statement(clause, self.dialect, inserted)

    def silent(self) -> Statements:
        """Return the same statements, without the one that notifies."""
        return Statements(self.dialect, lock=self.locking, put=self.putting, tenants=self.listing)

    # ----------------------------------------------------------------------- reading

    @cached_property
    def value(self) -> Statement:
        """What a `StoredValue` needs, by key. The parameters of reads by key are in its order."""
        return self.compiled(select(*VALUE).where(*parameters(status, *KEY)))

    @cached_property
    def values(self) -> Statement:
        """The names of a module's rows, each with what a `StoredValue` needs."""
        return self.compiled(select(status.c.name, *VALUE).where(*of_module()))

    @cached_property
    def row(self) -> Statement:
        """A `Row` by key."""
        return self.compiled(row_by_key())

    @cached_property
    def module(self) -> Statement:
        """The `Row`s of a module, in the order of names."""
        return self.compiled(select(status).where(*of_module()).order_by(status.c.name))

    @cached_property
    def tenant(self) -> Statement:
        """The `Row`s of a tenant, in the order of modules and names."""
        return self.compiled(select(status).where(*parameters(status, "tenant")).order_by(status.c.module, status.c.name))

    @cached_property
    def tenants(self) -> Statement:
        """Every tenant that has a value or a history, once."""
        return self.compiled(self.listing())

    @cached_property
    def modules(self) -> Statement:
        """The modules of a tenant that have rows."""
        modules = select(status.c.module).distinct().where(*parameters(status, "tenant"))
        return self.compiled(modules.order_by(status.c.module))

    def heads(self, count: int) -> Statement:
        """The `Head`s of so many modules."""
        found = self.by_count.get(count)
        if found is None:
            found = self.by_count[count] = self.compiled(heads_of(count))
        return found

    @cached_property
    def by_count(self) -> dict[int, Statement]:
        """The statements for `heads` that were made already."""
        return {}

    # ----------------------------------------------------------------------- the history

    @cached_property
    def changes(self) -> Statement:
        """The `ChangeRow`s of a key below the version `before`, the latest first."""
        return self.compiled(of_key().where(change.c.version < bindparam("before")).order_by(change.c.version.desc()))

    @cached_property
    def changes_after(self) -> Statement:
        """Those above the version `after`, the earliest first."""
        return self.compiled(of_key().where(change.c.version > bindparam("after")).order_by(change.c.version))

    @cached_property
    def module_changes(self) -> Statement:
        """The `ChangeRow`s of a module before a `Mark`, the latest first."""
        return self.compiled(latest_first("tenant", "module"))

    @cached_property
    def tenant_changes(self) -> Statement:
        """Those of a tenant."""
        return self.compiled(latest_first("tenant"))

    @cached_property
    def change_set(self) -> Statement:
        """The `ChangeRow`s of a module that were made together, in the order of names."""
        made_together = select(change).where(*parameters(change, "tenant", "module", "change_set"))
        return self.compiled(made_together.order_by(change.c.name, change.c.version))

    # ----------------------------------------------------------------------- writing

    @cached_property
    def lock(self) -> Statement:
        """A `Row` by key, and no other writer at it until the transaction ends."""
        clause = self.locking()
        return self.compiled(clause, status if clause.is_insert else None)

    @cached_property
    def put(self) -> Statement:
        """Creates or replaces a row and returns what is `MADE`; leaves one alone that is newer than `newest`."""
        return self.compiled(self.putting(), status)

    @cached_property
    def record(self) -> Statement:
        """Adds a change to the history."""
        return self.compiled(insert(change), change)

    @cached_property
    def prune(self) -> Statement:
        """Drops the changes of a key up to the version `until`."""
        return self.compiled(delete(change).where(*parameters(change, *KEY), change.c.version <= bindparam("until")))

    @cached_property
    def notify(self) -> Statement | None:
        """Tells other processes that a module was written, where they asked for it."""
        return None if self.notifying is None else self.compiled(self.notifying())

    @cached_property
    def forget(self) -> Statement:
        """Drops all changes of a key."""
        return self.compiled(delete(change).where(*parameters(change, *KEY)))

    @cached_property
    def erase(self) -> Statement:
        """Drops the values of a module, and keeps its rows."""
        cleared = {"value": null(), "version": status.c.version + literal_column("1"), "updated_at": bindparam("at")}
        return self.compiled(update(status).where(*of_module(), status.c.value.is_not(None)).values(cleared))

    @cached_property
    def erase_actors(self) -> Statement:
        """Drops who wrote them."""
        return self.compiled(update(status).where(*of_module(), status.c.actor.is_not(None)).values(actor=null()))

    @cached_property
    def erase_history(self) -> Statement:
        """Removes the changes of a module."""
        return self.compiled(delete(change).where(*parameters(change, "tenant", "module")))


def of_key() -> Select[*tuple[Any, ...]]:
    """Return the statement that reads the history of a key, `limit` changes of it."""
    return select(change).where(*parameters(change, *KEY)).limit(bindparam("limit"))


def of_module() -> tuple[ColumnElement[bool], ...]:
    """Return the condition that a row is of a module."""
    return parameters(status, "tenant", "module")


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
    return union(leaping(status, status.c.value.is_not(None)), leaping(change), without_tenant(status), without_tenant(change))


def leaping(table: Table, *where: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Return the statement that reads the tenants of a table's rows by leaps."""
    found = select(func.min(table.c.tenant).label("tenant")).where(*where).cte(f"found_{table.name}", recursive=True)
    following = select(func.min(table.c.tenant)).where(table.c.tenant > found.c.tenant, *where)
    step = select(following.correlate(found).scalar_subquery()).where(found.c.tenant.is_not(None))
    found = found.union_all(step)
    return select(found.c.tenant).where(found.c.tenant.is_not(None))


def without_tenant(table: Table) -> Select[*tuple[Any, ...]]:
    """Return the statement that finds rows over which those leaps go, and which a restore without constraints may have left."""
    return select(table.c.tenant).where(table.c.tenant.is_(None))


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
    """Return the condition that a row has a version to go on from, and holds nothing newer than its writer can read."""
    return status.c.version.is_not(None) & or_(status.c.value.is_(None), status.c.record_version <= bindparam("newest"))


def upsert_on_conflict(insert_on_conflict: InsertOnConflict) -> Insert:
    """Return the upsert of SQLite and PostgreSQL: the first version is 1, and every write moves it by one."""
    arriving = insert_on_conflict(status).values(version=literal_column("1"))
    return arriving.on_conflict_do_update(
        index_elements=list(KEY), set_=replaced_by(arriving.excluded), where=can_be_replaced()
    ).returning(*MADE)


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
