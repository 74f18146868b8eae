"""Reads rows: the reading half of every store, through whatever executes its statements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import chain
from typing import TYPE_CHECKING

from perdure.names import Key
from perdure.store.rows import LATEST, ChangeRow, Head, Mark, Row, StoredValue, refuse_damaged_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from perdure.store.protocol import HastyRows
    from perdure.store.rows import Cells
    from perdure.store.statement import Statement
    from perdure.store.statements import Statements

MODULES_AT_ONCE = 1000
"""Of how many modules one query reads the versions: SQLite takes 32 766 parameters, and older ones 999 rows of values."""


class Reader(ABC):
    """The reading half of a store; see `RowStore` for what each method returns.

    Attributes:
        statements: The statements of its database.
        shown: How messages name the database.
    """

    statements: Statements
    shown: str

    @abstractmethod
    def fetch(self, text: str, parameters: Sequence[object], about: Key | None = None) -> Sequence[Any]:
        """Run a query and return all that it found: on a connection of the store, or on a caller's.

        Args:
            text: The query.
            parameters: Its parameters in the order of their places.
            about: What it is about, for errors, where the parameters are not themselves a `Key`.
        """

    def read_value(self, key: Key) -> StoredValue | None:
        """Return what is stored under the key now, or None where there is no row."""
        found = Reader.reading(self, key)()  # what the database has, also where `reading` remembers
        return None if found is None else StoredValue._make(found)

    def reading(self, key: Key) -> Callable[[], Cells | None]:
        """Return what reads the value of one key; see `RowStore`."""
        fetch, text = self.fetch, self.statements.value.text
        parameters = tuple(key)  # sqlite3 takes longer over a tuple that is more than one

        def read() -> Cells | None:
            rows = fetch(text, parameters, key)
            return rows[0] if rows else None

        return read

    def read(self, key: Key) -> Row | None:
        """Return the row of the key, or None where there is none."""
        for row in self.fetch(self.statements.row.text, key):
            return Row._make(row)
        return None

    def read_module(self, tenant: str, module: str) -> Sequence[Row]:
        """Return the rows of a module, in the order of names."""
        return [Row._make(row) for row in self.fetch(self.statements.module.text, (tenant, module))]

    def read_values(self, tenant: str, module: str) -> Mapping[str, Cells]:
        """Return the values of a module by their names."""
        return {row[0]: row[1:] for row in self.fetch(self.statements.values.text, (tenant, module))}

    def read_tenant(self, tenant: str) -> Sequence[Row]:
        """Return the rows of a tenant, in the order of modules and names."""
        return [Row._make(row) for row in self.fetch(self.statements.tenant.text, (tenant,))]

    def hasty(self) -> HastyRows | None:
        """Return None: these rows are reached over a network; see `RowStore`."""
        return None

    def read_changes(self, key: Key, *, before: int = LATEST, limit: int) -> Sequence[ChangeRow]:
        """Return the changes of a key below a version, the latest first."""
        return self.changes(self.statements.changes, {**key._asdict(), "before": before, "limit": limit})

    def read_changes_after(self, key: Key, version: int, *, limit: int) -> Sequence[ChangeRow]:
        """Return the changes of a key above a version, the earliest first."""
        return self.changes(self.statements.changes_after, {**key._asdict(), "after": version, "limit": limit})

    def read_module_changes(self, tenant: str, module: str, *, before: Mark | None = None, limit: int) -> Sequence[ChangeRow]:
        """Return the changes of a module before a place in its history, the latest first."""
        values = {"tenant": tenant, "module": module, "limit": limit}
        return self.with_keys(self.changes(self.statements.module_changes, {**values, **marked(before)}))

    def read_tenant_changes(self, tenant: str, *, before: Mark | None = None, limit: int) -> Sequence[ChangeRow]:
        """Return the changes of a tenant before a place in its history, the latest first."""
        return self.with_keys(self.changes(self.statements.tenant_changes, {"tenant": tenant, "limit": limit, **marked(before)}))

    def read_change_set(self, tenant: str, module: str, change_set: str) -> Sequence[ChangeRow]:
        """Return the changes of a module that were made together, in the order of names."""
        return self.changes(self.statements.change_set, {"tenant": tenant, "module": module, "change_set": change_set})

    def read_heads(self, modules: Sequence[tuple[str, str]]) -> Sequence[Head]:
        """Return the version of every key of several modules."""
        parts = (modules[start : start + MODULES_AT_ONCE] for start in range(0, len(modules), MODULES_AT_ONCE))
        return [
            Head._make(head)
            for part in parts
            for head in self.fetch(self.statements.heads(len(part)).text, tuple(chain.from_iterable(part)))
        ]

    def changes(self, statement: Statement, values: dict[str, object]) -> Sequence[ChangeRow]:
        """Return the changes that a statement finds."""
        about = Key(str(values["tenant"]), str(values.get("module", "")), str(values.get("name", "")))
        rows = self.fetch(statement.text, statement.arguments(values), about if about.module else None)
        return [ChangeRow._make(row) for row in rows]

    def with_keys(self, changes: Sequence[ChangeRow]) -> Sequence[ChangeRow]:
        """Return changes, all of which are of something that has a name.

        Raises:
            StoreCorrupt: One is not.
        """
        for each in changes:
            refuse_damaged_key(self.shown, each[:3])
        return changes


def marked(before: Mark | None) -> dict[str, object]:
    """Return a place in a history as parameters; without one, a page begins with the latest change, whatever its time."""
    place = Mark(0, "", "", 0) if before is None else before
    return {"from_the_latest": int(before is None), **{f"mark_{name}": value for name, value in place._asdict().items()}}
