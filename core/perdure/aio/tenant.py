"""An application's modules as one tenant sees them, in the async face."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from perdure.aio.calls import OwnCalls
from perdure.aio.scope import AsyncScope
from perdure.aio.status import AsyncModuleStatus
from perdure.aio.watch import AsyncWatch
from perdure.scope.changes import PAGE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    from perdure.aio.lock import Locking
    from perdure.aio.threads import Threads
    from perdure.bindings import Bindings
    from perdure.codes.families import Families
    from perdure.codes.lifecycles import Lifecycles
    from perdure.plugins.report import LoadReport
    from perdure.records.entry import Change, Entry
    from perdure.records.spec import StatusSpec
    from perdure.scope.status import ModuleStatus
    from perdure.store.protocol import HastyRows
    from perdure.tenant import TenantView

R = TypeVar("R")


class AsyncTenantView:
    """An application's modules with the values of one tenant: what `TenantView` is, awaited; got from `app.tenant(…)`."""

    def __init__(self, view: TenantView, threads: Threads, hasty: HastyRows | None, locking: Locking) -> None:
        """See what a view of the sync face sees.

        Args:
            view: The view.
            threads: Where what could wait runs.
            hasty: The rows by reads that never wait, where the database has such reads.
            locking: What holds named locks for tasks.
        """
        self.sync = view
        self.threads = threads
        self.hasty = hasty
        self.locking = locking
        self.known_scopes: dict[str, AsyncScope[Any]] = {}

    @property
    def tenant_name(self) -> str:
        """Whose values these are, or the empty string."""
        return self.sync.tenant_name

    # ----------------------------------------------------------------------- modules

    @overload
    def scope(self, module: StatusSpec[R]) -> AsyncScope[R]: ...
    @overload
    def scope(self, module: str) -> AsyncScope[Any]: ...
    def scope(self, module: str | StatusSpec[Any]) -> AsyncScope[Any]:
        """Return what belongs to one module; see `TenantView.scope`."""
        scope = self.sync.scope(module)
        found = self.known_scopes.get(scope.module)
        if found is None:
            status = self.awaited(scope.status)
            found = self.known_scopes.setdefault(scope.module, AsyncScope(status, scope, self.locking))
        return found

    def awaited(self, status: ModuleStatus[R]) -> AsyncModuleStatus[R]:
        """Return a module's status in the async face."""
        hasty = None if self.hasty is None else (self.hasty, status.on(self.hasty))
        return AsyncModuleStatus(status, OwnCalls(status, self.threads, hasty), self.threads)

    def scopes(self) -> list[AsyncScope[Any]]:
        """Return what belongs to each module, in the order of their names; see `TenantView.scopes`."""
        return [self.scope(scope.module) for scope in self.sync.scopes()]

    @property
    def families(self) -> Families:
        """The families of status codes; see `TenantView.families`."""
        return self.sync.families

    @property
    def lifecycles(self) -> Lifecycles:
        """The lifecycles; see `TenantView.lifecycles`."""
        return self.sync.lifecycles

    @property
    def bindings(self) -> Bindings:
        """The named parts; see `TenantView.bindings`."""
        return self.sync.bindings

    @property
    def report(self) -> LoadReport:
        """What came of loading plugins; see `TenantView.report`."""
        return self.sync.report

    @property
    def schema_versions(self) -> tuple[str, ...]:
        """Every version that perdure's own tables have gone through; see `TenantView.schema_versions`."""
        return self.sync.schema_versions

    # ----------------------------------------------------------------------- values

    async def entries(self) -> list[Entry[Any]]:
        """Return every stored or pinned value of every declared module; see `TenantView.entries`."""
        return await self.threads.read(self.sync.entries)

    async def history(self, *, limit: int = PAGE, before: Change | datetime | None = None) -> list[Change]:
        """Return what is kept of the changes of every module, the latest first; see `TenantView.history`."""
        return await self.threads.read(lambda: self.sync.history(limit=limit, before=before))

    def watch(self, *, since: Mapping[str, Mapping[str, int]] | None = None) -> AsyncWatch[dict[str, dict[str, int]]]:
        """Watch every change of every module of this tenant; see `TenantView.watch`.

        It begins when it is entered, awaited or first asked for a change, and raises then what the sync face raises at once.
        """
        return AsyncWatch(lambda: self.sync.watch(since=since), self.threads)

    def acting_as(self, actor: str) -> AbstractContextManager[None]:
        """Name the actor of every write made inside a `with` block; see `TenantView.acting_as`."""
        return self.sync.acting_as(actor)

    def __repr__(self) -> str:
        return repr(self.sync).replace(type(self.sync).__name__, type(self).__name__, 1)
