"""One name of one module and tenant in the async face."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from perdure.scope.changes import PAGE
from perdure.scope.field_reading import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure.aio.calls import Calls
    from perdure.records.entry import Change, Entry
    from perdure.scope.field import Field
    from perdure.scope.status import ModuleStatus

T = TypeVar("T")
D = TypeVar("D")


class AsyncField(Generic[T]):
    """One name of a module's status, with its declared type: what `Field` is, awaited."""

    def __init__(self, calls: Calls, name: str) -> None:
        """Ask for a name where the calls run."""
        self.calls = calls
        self.name = name

    def of(self, status: ModuleStatus[Any]) -> Field[T]:
        """Return the name of the sync face."""
        return status.field_named(self.name)

    @overload
    async def get(self) -> T | None: ...
    @overload
    async def get(self, default: D) -> T | D: ...
    async def get(self, default: object = ABSENT) -> object:
        """Return the value as every write committed before now left it; see `Field.get`."""
        return await self.calls.read_one(lambda status: self.of(status).get(default))

    async def required(self) -> T:
        """Return the value or its default, or raise `StatusNotSet`; see `Field.required`."""
        return await self.calls.read_one(lambda status: self.of(status).required())

    async def entry(self) -> Entry[T] | None:
        """Return the value with its version, times and actor; see `Field.entry`."""
        return await self.calls.read_one(lambda status: self.of(status).entry())

    async def history(self, *, limit: int = PAGE, before: int | Change | None = None) -> list[Change]:
        """Return what is kept of the changes, the latest first; see `Field.history`."""
        return await self.calls.read(lambda status: self.of(status).history(limit=limit, before=before))

    async def set(self, value: T, *, actor: str | None = None, reason: str | None = None) -> Entry[T]:
        """Store a value; see `Field.set`."""
        return await self.calls.write(lambda status: self.of(status).set(value, actor=actor, reason=reason))

    async def update(self, function: Callable[[T], T], *, actor: str | None = None, reason: str | None = None) -> Entry[T]:
        """Replace the value by what a function makes of it; see `Field.update`.

        The function is a plain one: it runs in another thread, or where the driver of a caller's transaction does, while the row
        is locked.
        """
        refuse_coroutines(function)
        return await self.calls.write(lambda status: self.of(status).update(function, actor=actor, reason=reason))

    async def compare_and_set(self, value: T, *, version: int, actor: str | None = None, reason: str | None = None) -> Entry[T]:
        """Store a value if what is stored still has the version that the caller has seen; see `Field.compare_and_set`."""
        return await self.calls.write(
            lambda status: self.of(status).compare_and_set(value, version=version, actor=actor, reason=reason)
        )

    async def unset(self, *, actor: str | None = None, reason: str | None = None) -> bool:
        """Bring the name back to not stored; see `Field.unset`."""
        return await self.calls.write(lambda status: self.of(status).unset(actor=actor, reason=reason))

    async def revert(self, version: int, *, actor: str | None = None, reason: str | None = None) -> Entry[T] | None:
        """Write the value that the name had at a version, as a new version; see `Field.revert`."""
        return await self.calls.write(lambda status: self.of(status).revert(version, actor=actor, reason=reason))

    async def forget(self) -> int:
        """Erase the history of the name; see `Field.forget`."""
        return await self.calls.write(lambda status: self.of(status).forget())

    async def rewrite(self, *, actor: str | None = None, reason: str | None = None) -> bool:
        """Write what is stored anew, in the record version that is written; see `Field.rewrite`."""
        return await self.calls.write(lambda status: self.of(status).rewrite(actor=actor, reason=reason))

    def __repr__(self) -> str:
        return f"AsyncField({self.name!r})"


def refuse_coroutines(function: Callable[..., Any]) -> None:
    """Refuse a coroutine function where a plain one is called.

    Raises:
        TypeError: It would give a coroutine, and no value.
    """
    if inspect.iscoroutinefunction(function):
        raise TypeError("update takes a plain function: it runs while the row is locked, and cannot await")
