"""What the stores of all databases do alike: everything that a query or a transaction is enough for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perdure.names import Key
    from perdure.store.callers.delivery import Written
    from perdure.store.callers.joined import Home, JoinedStore
    from perdure.store.protocol import Row, StoredValue, Transaction
    from perdure.store.reader import Reader
    from perdure.store.writer import Writer

T = TypeVar("T")


class DatabaseStore(ABC):
    """The part of a `Store` that does not depend on the database.

    Attributes:
        upgraded: The versions of the tables that opening went through.
        reader: Reads rows, through `fetch`.
        home: What joins the transactions of callers, and tells of what was written.
    """

    upgraded: tuple[str, ...] = ()
    reader: Reader
    home: Home

    @abstractmethod
    def fetch(self, text: str, parameters: Sequence[str]) -> Sequence[Any]:
        """Run a query: the hot path of every read."""

    @abstractmethod
    def run(self, key: Key | None, work: Callable[[Writer], T]) -> T:
        """Run `work` in a transaction and commit, again where the database asks for it."""

    def read_value(self, key: Key) -> StoredValue | None:
        """Return what is stored under the key now; see `Store`."""
        return self.reader.value(key)

    def read(self, key: Key) -> Row | None:
        """Return the row of the key; see `Store`."""
        return self.reader.row(key)

    def read_module(self, tenant: str, module: str) -> Sequence[Row]:
        """Return every row of a module; see `Store`."""
        return self.reader.module(tenant, module)

    def read_tenant(self, tenant: str) -> Sequence[Row]:
        """Return every row of a tenant; see `Store`."""
        return self.reader.tenant(tenant)

    def tenants(self) -> Sequence[str]:
        """Return every tenant; see `Store`."""
        return self.reader.tenants()

    def transact(self, key: Key, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction of its own and commit; see `Store`."""
        return self.home.delivery.told(lambda noted: self.run(key, noted), work)

    def erase_tenant(self, tenant: str) -> int:
        """Remove every row of a tenant and all their history; see `Store`."""
        return self.run(None, lambda writer: writer.erase(tenant))

    def subscribe(self, callback: Callable[[Written], None]) -> None:
        """Have a function called for every committed write; see `Store`."""
        self.home.delivery.subscribe(callback)

    def joined(self, connection: Any) -> JoinedStore:
        """Return the rows as the transaction of a caller has them; see `Store`."""
        return self.home.joined(connection)
