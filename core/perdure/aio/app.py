"""The application's door to its modules, for programs that await: `App`, in an event loop."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from perdure.aio.lock import Locking
from perdure.aio.tenant import AsyncTenantView
from perdure.aio.threads import Threads
from perdure.aio.transaction import Begun
from perdure.app import MAX_VALUE_BYTES, WATCH_INTERVAL, App
from perdure.errors import PerdureError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

    from sqlalchemy import URL, Engine

    from perdure.aio.transaction import AsyncTransaction
    from perdure.metrics import Metrics
    from perdure.plugins.loading import FailurePolicy
    from perdure.store.protocol import Durability
    from perdure.upkeep import Leftover, PendingUpgrade, Rewritten

A = TypeVar("A", bound="AsyncApp")


class AsyncApp(AsyncTenantView):
    """An application's modules and where their status is kept: what `App` is, awaited; made by `AsyncApp.open`.

    There is one implementation, the sync one. What could wait for a network or another writer runs in a few threads of the App's
    own; a read of one name of SQLite is quicker than asking a thread, and runs in the loop, unless it would have to wait.

    Cancelling a call that writes waits until it is known what became of the write. An App is for one event loop.
    """

    def __init__(self, app: App, threads: Threads) -> None:
        """Face an App that is open."""
        super().__init__(app, threads, app.resources.store.hasty(), Locking(threads, app.resources.store.counters))
        self.app = app
        self.begun = Begun(app, threads)
        threads.shown = app.resources.store.shown

    def make_ready(self) -> None:
        """Do what those who first use the App would wait for in the loop: start threads, compile modules, connect."""
        self.threads.start()
        for module in self.app.resources.registry.specs:
            with suppress(PerdureError):  # raised again when somebody asks for it
                self.app.scope(module)
        if self.hasty is not None:
            self.hasty.prepare()

    @classmethod
    def open(  # noqa: PLR0913 - each is a decision of the application, given by name
        cls,
        url: str | URL | None = None,
        *,
        engine: Engine | None = None,
        redis: str | Iterable[str] | None = None,
        tenant: str | None = None,
        plugins: str | Iterable[object] | None = None,
        blocked: str | Iterable[str] | None = None,
        on_plugin_failure: FailurePolicy = "raise",
        allow_shared_numbers: bool = False,
        defaults: Mapping[str, Mapping[str, Any]] | None = None,
        pinned: Mapping[str, Mapping[str, Any]] | None = None,
        durability: Durability = "full",
        lock_required: bool = False,
        migrate: bool | None = None,
        max_value_bytes: int = MAX_VALUE_BYTES,
        actor: str | None = None,
        watch_interval: float = WATCH_INTERVAL,
        notify: bool = False,
    ) -> Opening[Self]:
        """Find the installed plugins, open the database and return the App; the arguments are those of `App.open`.

        Returns:
            What gives the App: `async with AsyncApp.open(…) as app`, which closes it, or `app = await AsyncApp.open(…)`, which
            leaves that to `await app.close()`.
        """
        arguments = {name: value for name, value in locals().items() if name not in ("cls", "url")}
        return Opening(cls, partial(App.open, url, **arguments))

    def tenant(self, name: str) -> AsyncTenantView:
        """Return the same modules with the values of another tenant; see `App.tenant`."""
        return AsyncTenantView(self.app.tenant(name), self.threads, self.hasty, self.locking)

    async def tenants(self) -> list[str]:
        """Return every tenant who has a value or a history, in order; see `App.tenants`."""
        return await self.threads.read(self.app.tenants)

    async def erase_tenant(self, name: str) -> int:
        """Remove everything that is stored for a tenant, for good; see `App.erase_tenant`."""
        return await self.threads.write(lambda: self.app.erase_tenant(name))

    # ----------------------------------------------------------------------- upkeep, for all tenants

    async def pending_upgrades(self) -> list[PendingUpgrade]:
        """Return every stored value that is not in the record version that its module writes; see `App.pending_upgrades`."""
        return await self.threads.read(self.app.pending_upgrades)

    async def rewrite_values(self, *, actor: str | None = None, reason: str | None = None) -> Rewritten:
        """Write every value that `pending_upgrades` tells of anew; see `App.rewrite_values`."""
        return await self.threads.write(lambda: self.app.rewrite_values(actor=actor, reason=reason))

    async def leftovers(self) -> list[Leftover]:
        """Return what is stored under modules and names that no plugin declares any more; see `App.leftovers`."""
        return await self.threads.read(self.app.leftovers)

    async def remove_leftover(self, module: str, name: str, *, tenant: str | None = None) -> bool:
        """Remove what is left over under a name, for good; see `App.remove_leftover`."""
        return await self.threads.write(lambda: self.app.remove_leftover(module, name, tenant=tenant))

    # ----------------------------------------------------------------------- the database

    def begin(self) -> AbstractAsyncContextManager[AsyncTransaction]:
        """Return a context manager: a transaction of the App's database, for `status.within(…)`; see `App.begin`.

        It has a thread of its own from its beginning to its end, and is for one task at a time. `run_sync` runs statements of
        yours in it. Until its end the task writes in no other way, as a thread of the sync face does not.
        """
        return self.begun.begin()

    async def ping(self) -> float:
        """Ask the database for nothing, and return the seconds until it answered; see `App.ping`."""
        return await self.threads.read(self.app.ping)

    def metrics(self) -> Metrics:
        """Return how often things happened since the App was opened; see `App.metrics`."""
        return self.app.metrics()

    # ----------------------------------------------------------------------- end

    async def close(self) -> None:
        """Give the database back, and wait for what runs. From now on every use raises `AppClosed`; closing again does nothing.

        It is done to its end also where the caller is cancelled.
        """
        await self.threads.close(self.app.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()


class Opening(Generic[A]):
    """An App that is to be opened: by `async with`, or by `await`."""

    def __init__(self, kind: type[A], open_app: Callable[[], App]) -> None:
        """Take what opens it."""
        self.kind = kind
        self.open_app = open_app

    def __await__(self) -> Generator[object, None, A]:
        """Open the App, and return it."""
        return self.opened().__await__()

    async def opened(self) -> A:
        """Open the App in a thread; where the caller is cancelled meanwhile, close it again."""
        threads = Threads()
        made: list[App] = []
        try:
            await threads.settle(lambda: made.append(self.open_app()))
            app = self.kind(made[0], threads)
            await threads.settle(app.make_ready)
        except BaseException:
            await threads.close(made[0].close if made else lambda: None)
            raise
        return app

    async def __aenter__(self) -> A:
        self.app = await self.opened()
        return self.app

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.app.close()
