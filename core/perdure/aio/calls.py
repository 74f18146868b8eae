"""Where a call of the async face runs: in the loop, in a thread, or within a transaction of the caller's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from perdure.aio.transaction import AsyncTransaction
from perdure.errors import TransactionRefused
from perdure.store.aged.rows import AgedRows
from perdure.store.callers.admission import source_of
from perdure.store.database import DatabaseStore
from perdure.store.protocol import WouldWait

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Dialect

    from perdure.aio.threads import Threads
    from perdure.scope.status import ModuleStatus
    from perdure.store.protocol import HastyRows

T = TypeVar("T")


class Calls(Protocol):
    """Runs what a module's status is asked."""

    async def read_one(self, work: Callable[[ModuleStatus[Any]], T]) -> T:
        """Run a read of a few rows."""
        ...

    async def read(self, work: Callable[[ModuleStatus[Any]], T]) -> T:
        """Run a read of many rows."""
        ...

    async def write(self, work: Callable[[ModuleStatus[Any]], T]) -> T:
        """Run a write, to its end."""
        ...

    def aged(self, seconds: float, on_outage: float) -> Calls:
        """Return calls whose reads may be so old."""
        ...


class OwnCalls:
    """Calls in transactions of the App's own.

    Args:
        status: The module's status.
        threads: Where what could wait runs.
        hasty: The same rows for reads that never wait, where the database has such reads, and the status on them.
    """

    def __init__(self, status: ModuleStatus[Any], threads: Threads, hasty: tuple[HastyRows, ModuleStatus[Any]] | None) -> None:
        self.status = status
        self.threads = threads
        self.hasty = hasty

    async def read_one(self, work: Callable[[ModuleStatus[Any]], T]) -> T:
        """Read in the loop where that takes no longer than to ask another thread, and cannot wait; see `Calls`."""
        if self.hasty is None:
            return await self.threads.read(lambda: work(self.status))
        if self.threads.pace.spent():
            await self.threads.pace.wait()
        rows, status = self.hasty
        try:
            return work(status)
        except WouldWait:
            pass

        def patiently() -> T:
            rows.prepare()
            return work(self.status)

        return await self.threads.read(patiently)

    async def read(self, work: Callable[[ModuleStatus[Any]], T]) -> T:
        """Read in a thread; see `Calls`."""
        return await self.threads.read(lambda: work(self.status))

    async def write(self, work: Callable[[ModuleStatus[Any]], T]) -> T:
        """Write in a thread; see `Calls`."""
        return await self.threads.write(lambda: work(self.status))

    def aged(self, seconds: float, on_outage: float) -> OwnCalls:
        """Return calls that read from memory in the loop, where that will do; see `Calls`."""
        status = self.status.max_age(seconds, on_outage=on_outage)
        rows = status.store.hasty()
        return OwnCalls(status, self.threads, None if rows is None else (rows, status.on(rows)))


class JoinedCalls:
    """Calls within a transaction of the caller's.

    Args:
        status: The module's status.
        transaction: An `AsyncConnection`, an `AsyncSession`, or what `AsyncApp.begin()` gives: what has a `run_sync`.
        threads: Where what could wait runs, but for the transaction itself.

    Raises:
        TransactionRefused: It has none.
    """

    def __init__(self, status: ModuleStatus[Any], transaction: Any, threads: Threads) -> None:
        self.status = status
        self.transaction = transaction
        self.threads = threads
        self.joined: ModuleStatus[Any] | None = None
        if not hasattr(transaction, "run_sync"):
            kind = type(transaction).__name__
            raise self.refusal(f"{kind} is none. Give an AsyncConnection, an AsyncSession, or what AsyncApp.begin() gives")

    async def write(self, work: Callable[[ModuleStatus[Any]], T]) -> T:
        """Run a call where the transaction runs."""
        if self.joined is None and not isinstance(self.transaction, AsyncTransaction):
            await self.make_ready()

        def within(given: Any) -> T:
            if self.joined is None:
                self.joined = self.status.within(given)
            return work(self.joined)

        found: T = await self.transaction.run_sync(within)
        return found

    async def read_one(self, work: Callable[[ModuleStatus[Any]], T]) -> T:
        """Run a read where the transaction runs."""
        return await self.write(work)

    async def read(self, work: Callable[[ModuleStatus[Any]], T]) -> T:
        """Run a read where the transaction runs."""
        return await self.write(work)

    def aged(self, seconds: float, on_outage: float) -> JoinedCalls:  # noqa: ARG002 - whatever the age: what is seen is the transaction's
        """Return the same calls."""
        return self

    async def make_ready(self) -> None:
        """Do in a thread what joining would else do in the loop, where the drivers of asynchronous connections run."""
        if getattr(self.transaction, "sync_connection", self) is None:
            raise self.refusal("the connection is not open yet. Await it, or enter it by async with")
        store, shown = self.status.store, self.status.store.shown

        def dialect_of(given: Any) -> Dialect:
            return source_of(given, shown)().dialect

        dialect = await self.transaction.run_sync(dialect_of)
        if isinstance(store, DatabaseStore | AgedRows):
            await self.threads.read(lambda: store.home.make_ready(dialect))

    def refusal(self, problem: str) -> TransactionRefused:
        """Return the error for a transaction that cannot be joined."""
        return TransactionRefused(self.status.store.shown, problem)
