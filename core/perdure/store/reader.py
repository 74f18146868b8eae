"""Reads rows through whatever executes its statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from perdure.store.protocol import Row, StoredValue

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from perdure.names import Key
    from perdure.store.statements import Statements


class Fetch(Protocol):
    """Runs a query on some connection and returns all that it found."""

    def __call__(self, text: str, parameters: Sequence[str], /) -> Sequence[Any]:
        """Run one query; its parameters are a whole key or the beginning of one."""
        ...


class Reader:
    """The reading half of a store.

    Args:
        statements: The statements of its database.
        fetch: Runs a query: on a connection of the store, or on a caller's.
    """

    def __init__(self, statements: Statements, fetch: Fetch) -> None:
        self.fetch = fetch
        self.value_text = statements.value.text
        self.statements = statements

    def value(self, key: Key) -> StoredValue | None:
        """Return what is stored under the key, or None where there is no row."""
        for value in self.fetch(self.value_text, key):
            return StoredValue._make(value)
        return None

    def row(self, key: Key) -> Row | None:
        """Return the row of the key, or None where there is none."""
        for row in self.fetch(self.statements.row.text, key):
            return Row._make(row)
        return None

    def module(self, tenant: str, module: str) -> Sequence[Row]:
        """Return the rows of a module, in the order of names."""
        return [Row._make(row) for row in self.fetch(self.statements.module.text, (tenant, module))]

    def tenant(self, tenant: str) -> Sequence[Row]:
        """Return the rows of a tenant, in the order of modules and names."""
        return [Row._make(row) for row in self.fetch(self.statements.tenant.text, (tenant,))]

    def tenants(self) -> Sequence[str]:
        """Return every tenant, once, in order."""
        return sorted(tenant for (tenant,) in self.fetch(self.statements.tenants.text, ()))
