"""The status of one module and tenant in the async face."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from perdure.aio.calls import JoinedCalls
from perdure.aio.field import AsyncField, refuse_coroutines
from perdure.aio.watch import AsyncWatch
from perdure.scope.changes import PAGE
from perdure.scope.field_reading import ABSENT
from perdure.scope.selector import selected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

    from perdure.aio.calls import Calls
    from perdure.aio.threads import Threads
    from perdure.aio.transaction import AsyncTransaction
    from perdure.records.entry import Change, Entry
    from perdure.scope.changeset import ChangeSet
    from perdure.scope.status import ModuleStatus

R = TypeVar("R")
T = TypeVar("T")


class AsyncModuleStatus(Generic[R]):
    """What a module keeps, shaped by its record `R`: what `ModuleStatus` is, awaited; got from `app.scope(…).status`."""

    def __init__(self, status: ModuleStatus[R], calls: Calls, threads: Threads) -> None:
        """Ask a module's status where the calls run."""
        self.sync = status
        self.calls = calls
        self.threads = threads
        self.aged: AsyncModuleStatus[R] | None = None

    @property
    def module(self) -> str:
        """The module that owns these values."""
        return self.sync.module

    # ----------------------------------------------------------------------- reading

    async def get(self, name: str, default: object = ABSENT) -> Any:
        """Return a name's value as every write committed before now left it; see `ModuleStatus.get`."""
        return await self.calls.read_one(lambda status: status.get(name, default))

    async def entry(self, name: str) -> Entry[Any] | None:
        """Return a name's value with its version, times and actor; see `ModuleStatus.entry`."""
        return await self.calls.read_one(lambda status: status.entry(name))

    async def contains(self, name: str) -> bool:
        """Whether a name has an entry: what `name in status` is in the sync face."""
        return await self.calls.read_one(lambda status: name in status)

    def field(self, selector: Callable[[R], T]) -> AsyncField[T]:
        """Return one name with its declared type, for typed reading and writing; see `ModuleStatus.field`."""
        return cast("AsyncField[T]", AsyncField(self.calls, self.sync.field_named(selected(selector)).name))

    async def load(self) -> R:
        """Return all of it as one record, read in one query; see `ModuleStatus.load`."""
        return cast("R", await self.calls.read_one(lambda status: status.load()))

    async def entries(self) -> list[Entry[Any]]:
        """Return every stored or pinned value, in the order of the names; see `ModuleStatus.entries`."""
        return await self.calls.read(lambda status: status.entries())

    async def history(
        self, name: str | None = None, *, limit: int = PAGE, before: int | Change | datetime | None = None
    ) -> list[Change]:
        """Return what is kept of the changes of a name or of the module, the latest first; see `ModuleStatus.history`."""
        return await self.calls.read(lambda status: status.history(name, limit=limit, before=before))

    def watch(self, *names: str, since: Mapping[str, int] | int | None = None) -> AsyncWatch[dict[str, int]]:
        """Watch changes, whoever makes them; see `ModuleStatus.watch`.

        ```python
        async with status.watch("enable") as watch:
            async for change in watch:
                ...
        ```

        It begins when it is entered, awaited or first asked for a change, and raises then what the sync face raises at once.
        """
        return AsyncWatch(lambda: self.sync.watch(*names, since=since), self.threads)

    # ----------------------------------------------------------------------- writing

    async def set(self, name: str, value: object, *, actor: str | None = None, reason: str | None = None) -> Entry[Any]:
        """Store a value; see `ModuleStatus.set`."""
        return await self.calls.write(lambda status: status.set(name, value, actor=actor, reason=reason))

    async def update(
        self, name: str, function: Callable[[Any], Any], *, actor: str | None = None, reason: str | None = None
    ) -> Entry[Any]:
        """Replace a value by what a function makes of it, whoever else writes; see `ModuleStatus.update`.

        The function is a plain one: it runs in another thread, or where the driver of a caller's transaction does, while the row
        is locked.
        """
        refuse_coroutines(function)
        return await self.calls.write(lambda status: status.update(name, function, actor=actor, reason=reason))

    async def compare_and_set(
        self, name: str, value: object, *, version: int, actor: str | None = None, reason: str | None = None
    ) -> Entry[Any]:
        """Store a value if what is stored still has the version that the caller has seen; see `ModuleStatus.compare_and_set`."""
        return await self.calls.write(
            lambda status: status.compare_and_set(name, value, version=version, actor=actor, reason=reason)
        )

    async def unset(self, name: str, *, actor: str | None = None, reason: str | None = None) -> bool:
        """Bring a name back to not stored; see `ModuleStatus.unset`."""
        return await self.calls.write(lambda status: status.unset(name, actor=actor, reason=reason))

    async def revert(self, name: str, version: int, *, actor: str | None = None, reason: str | None = None) -> Entry[Any] | None:
        """Write the value that a name had at a version, as a new version; see `ModuleStatus.revert`."""
        return await self.calls.write(lambda status: status.revert(name, version, actor=actor, reason=reason))

    async def forget(self, name: str) -> int:
        """Erase the history of a name; see `ModuleStatus.forget`."""
        return await self.calls.write(lambda status: status.forget(name))

    async def set_many(self, values: Mapping[str, object], *, actor: str | None = None, reason: str | None = None) -> ChangeSet:
        """Store several values together: all of them or none; see `ModuleStatus.set_many`."""
        return await self.calls.write(lambda status: status.set_many(values, actor=actor, reason=reason))

    async def revert_change_set(
        self, change_set: ChangeSet | str, *, actor: str | None = None, reason: str | None = None
    ) -> ChangeSet:
        """Undo a change set; see `ModuleStatus.revert_change_set`."""
        return await self.calls.write(lambda status: status.revert_change_set(change_set, actor=actor, reason=reason))

    # ----------------------------------------------------------------------- elsewhere

    def max_age(self, seconds: float, *, on_outage: float = 0.0) -> AsyncModuleStatus[R]:
        """Return the same status, which may be a little old where it is read; see `ModuleStatus.max_age`.

        What is young enough is read in the loop, from memory; what is not, in another thread.
        """
        sync = self.sync.max_age(seconds, on_outage=on_outage)  # the same as the last time, if that was for the same arguments
        if self.aged is None or self.aged.sync is not sync:
            self.aged = AsyncModuleStatus(sync, self.calls.aged(seconds, on_outage), self.threads)
        return self.aged

    def within(self, transaction: AsyncConnection | AsyncSession | AsyncTransaction) -> AsyncModuleStatus[R]:
        """Return the same status inside a transaction of the caller's own; see `ModuleStatus.within`.

        Args:
            transaction: An `AsyncConnection` or `AsyncSession` to the App's own database, by asyncpg, psycopg or aiosqlite; or
                what `AsyncApp.begin()` gives.

        Returns:
            The status, for one task at a time. What is wrong with the transaction is raised by its calls.

        Raises:
            TransactionRefused: It is no asynchronous one.
        """
        return AsyncModuleStatus(self.sync, JoinedCalls(self.sync, transaction, self.threads), self.threads)

    def __repr__(self) -> str:
        return f"Async{self.sync!r}"
