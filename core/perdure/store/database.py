"""What the stores of all databases do alike: everything that a query or a transaction is enough for."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, TypeVar

from perdure.store.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perdure.names import Key
    from perdure.store.callers.delivery import Written
    from perdure.store.callers.joined import Home, JoinedStore
    from perdure.store.protocol import HastyRows, Transaction
    from perdure.store.writer import Writer

T = TypeVar("T")


class DatabaseStore(Reader):
    """The part of a `Store` that does not depend on the database.

    Attributes:
        upgraded: The versions of the tables that opening went through.
        home: What joins the transactions of callers, and tells of what was written.
    """

    upgraded: tuple[str, ...] = ()
    home: Home

    @abstractmethod
    def run(self, key: Key | None, work: Callable[[Writer], T]) -> T:
        """Run `work` in a transaction and commit, again where the database asks for it."""

    def tenants(self) -> Sequence[str]:
        """Return every tenant; see `Store`."""
        return sorted(tenant for (tenant,) in self.fetch(self.statements.tenants.text, ()))

    def transact(self, key: Key, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction of its own and commit; see `Store`."""
        return self.home.delivery.told(lambda noted: self.run(key, noted), work)

    def erase_tenant(self, tenant: str) -> int:
        """Remove every value and all history of a tenant; see `Store`."""
        return self.run(None, lambda writer: writer.erase(tenant))

    def subscribe(self, callback: Callable[[Written], None]) -> None:
        """Have a function called for every committed write; see `Store`."""
        self.home.delivery.subscribe(callback)

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:  # noqa: ARG002 - databases that tell do more
        """Call nothing: this database does not tell; see `Store`."""
        return lambda: None

    def hasty(self) -> HastyRows | None:
        """Return None: this database is reached over a network; see `Store`."""
        return None

    def joined(self, connection: Any) -> JoinedStore:
        """Return the rows as the transaction of a caller has them; see `Store`."""
        return self.home.joined(connection)
