"""What the stores of all databases do alike: everything that a query or a transaction is enough for."""

from __future__ import annotations

import logging
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, TypeVar

from perdure.errors import Conflict, OutcomeUnknown
from perdure.store.aged.rows import AgedRows
from perdure.store.reader import Reader
from perdure.store.rows import refuse_damaged_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perdure.metrics import Counters
    from perdure.names import Key
    from perdure.store.aged.snapshots import Snapshots
    from perdure.store.callers.joined import Home, JoinedStore
    from perdure.store.protocol import Observer, Transaction
    from perdure.store.rows import Written
    from perdure.store.writer import Writer

T = TypeVar("T")

logger = logging.getLogger("perdure.store")


class DatabaseStore(Reader):
    """The part of a `Store` that does not depend on the database.

    Attributes:
        shown: How messages name the database.
        upgraded: The versions of the tables that opening went through.
        home: What joins the transactions of callers, and tells of what was written.
        snapshots: What was read lately, for those who need not have it fresh.
        counters: What is counted.
    """

    shown: str
    upgraded: tuple[str, ...] = ()
    home: Home
    snapshots: Snapshots
    counters: Counters

    @abstractmethod
    def run(self, key: Key | None, work: Callable[[Writer], T]) -> T:
        """Run `work` in a transaction and commit, again where the database asks for it."""

    @abstractmethod
    def in_transaction(self) -> bool:
        """Tell whether a query of this thread would run within a transaction."""

    def begun_anew(self, cause: BaseException) -> None:
        """Count a query or transaction that is tried again, and log why; a driver's words may quote values, and are left out."""
        self.counters.retries.count()
        number = next((each for each in cause.args[:1] if isinstance(each, int)), "")
        logger.debug("%s: once more, after %s %s", self.shown, type(cause).__name__, getattr(cause, "sqlstate", None) or number)

    def tenants(self) -> Sequence[str]:
        """Return every tenant; see `Store`."""
        found = [tenant for (tenant,) in self.fetch(self.statements.tenants.text, ())]
        refuse_damaged_key(self.shown, found)
        return sorted(found)

    def transact(self, key: Key, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction of its own and commit; see `Store`."""
        try:
            return self.home.delivery.told(lambda noted: self.run(key, noted), work)
        except OutcomeUnknown:
            self.snapshots.forget()
            raise
        except Conflict:
            self.counters.conflicts.count()
            raise

    def erase_tenant(self, tenant: str) -> int:
        """Remove every value and all history of a tenant; see `Store`."""
        try:
            return self.run(None, lambda writer: writer.erase(tenant))
        finally:  # also where nobody knows
            self.snapshots.forget()

    def subscribe(self, callback: Callable[[Written], None]) -> None:
        """Have a function called for every committed write; see `Store`."""
        self.home.delivery.subscribe(callback)

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Have every transaction told of as a whole; see `Store`."""
        return self.home.delivery.observe(observer)

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:  # noqa: ARG002 - databases that tell do more
        """Call nothing: this database does not tell; see `Store`."""
        return lambda: None

    def joined(self, connection: Any) -> JoinedStore:
        """Return the rows as the transaction of a caller has them; see `Store`."""
        return self.home.joined(connection)

    def aged(self, seconds: float, on_outage: float) -> AgedRows:
        """Return the same rows as they were a while ago; see `RowStore`."""
        return AgedRows(self, self.snapshots, seconds, on_outage)
