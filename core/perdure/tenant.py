"""An application's modules as one tenant sees them."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar, overload

from perdure.actor import acting_as
from perdure.errors import AppClosed, InvalidSpec
from perdure.names import checked_actor, checked_module
from perdure.records.spec import StatusSpec
from perdure.scope.declared import DeclaredModule
from perdure.scope.scope import Scope
from perdure.scope.status import ModuleStatus
from perdure.store.schema.versions import REVISIONS

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from perdure.bindings import Bindings
    from perdure.codes.families import Families
    from perdure.codes.lifecycles import Lifecycles
    from perdure.locks import Locks
    from perdure.metrics import Counters
    from perdure.plugins.registry import Registry
    from perdure.plugins.report import LoadReport
    from perdure.records.entry import Entry
    from perdure.scope.policy import Policy
    from perdure.store.protocol import Store

R = TypeVar("R")


class Resources:
    """What an App and the views of its tenants share.

    Attributes:
        store: The database.
        registry: What plugins handed in.
        policy: What the application decided.
        locks: What keeps its locks.
        counters: What it counts while it works.
        closed: Whether the App is closed, and with it every view.
    """

    def __init__(self, store: Store, registry: Registry, policy: Policy, locks: Locks, counters: Counters) -> None:
        """Take what `App.open` has built."""
        self.store = store
        self.registry = registry
        self.policy = policy
        self.locks = locks
        self.counters = counters
        self.closed = False
        self.closing: list[Callable[[], None]] = [store.close, locks.close]
        self.modules: dict[str, DeclaredModule] = {}

    def declared(self, module: str) -> DeclaredModule:
        """Return a module's names, compiled once for all tenants, or raise `UnknownModule`."""
        found = self.modules.get(module)
        if found is None:
            compiled = DeclaredModule(self.registry.spec(module), self.policy, self.registry.lifecycles)
            found = self.modules.setdefault(module, compiled)
        return found

    def close(self) -> None:
        """Give back what is open; a second call does nothing."""
        self.closed = True
        while self.closing:
            self.closing.pop(0)()


class TenantView:
    """An application's modules with the values of one tenant; got from `app.tenant(…)`. An `App` is one, too.

    Nothing crosses between tenants: values, history, locks. A view may be used by any number of threads. It shares everything
    with its App and ends with it, so it has no `close`; hold on to it as long as it is used.

    Attributes:
        tenant_name: Whose values these are, or the empty string.
    """

    def __init__(self, resources: Resources, tenant_name: str) -> None:
        """See the values of a tenant."""
        self.resources = resources
        self.tenant_name = tenant_name
        self.known_scopes: dict[str, Scope[Any]] = {}

    # ----------------------------------------------------------------------- modules

    @overload
    def scope(self, module: StatusSpec[R]) -> Scope[R]: ...
    @overload
    def scope(self, module: str) -> Scope[Any]: ...
    def scope(self, module: str | StatusSpec[Any]) -> Scope[Any]:
        """Return what belongs to one module.

        Args:
            module: The module's name; or its spec, and then the scope has the record's type.

        Returns:
            The scope: the same object every time.

        Raises:
            UnknownModule: No loaded plugin declares it; the nearest known one is suggested.
            InvalidSpec: The given spec is not the one that a plugin declared, or a default in it does not fit.
            UnsupportedType: The record has a type that cannot be written to JSON and read back.
            AppClosed: The App is closed.
        """
        if self.resources.closed:
            raise AppClosed(self.resources.store.shown)
        name = checked_module(module.module if isinstance(module, StatusSpec) else module)
        found = self.known_scopes.get(name)
        if found is None:
            resources = self.resources
            declared = resources.declared(name)
            status: ModuleStatus[Any] = ModuleStatus(resources.store, self.tenant_name, declared, resources.locks.first_writes)
            found = self.known_scopes.setdefault(name, Scope(declared.spec, status, resources.locks))
        if isinstance(module, StatusSpec) and module != found.spec:
            raise InvalidSpec(
                name, "it is not the one that the loaded plugin declares; pass the plugin's own, or the module's name"
            )
        return found

    def scopes(self) -> list[Scope[Any]]:
        """Return the scope of every module that a plugin declares, in the order of their names."""
        return [self.scope(module) for module in self.resources.registry.specs]

    @property
    def report(self) -> LoadReport:
        """Which plugins are loaded, blocked or failed, and from which distribution each came."""
        return self.resources.registry.report

    @property
    def families(self) -> Families:
        """The families of status codes, each with everything that plugins added: by name, or typed by class."""
        return self.resources.registry.families

    @property
    def lifecycles(self) -> Lifecycles:
        """The lifecycles, each with everything that plugins added, over these families: by class."""
        return self.resources.registry.lifecycles

    @property
    def bindings(self) -> Bindings:
        """The named parts that the application and its plugins have bound."""
        return self.resources.registry.bindings

    @property
    def schema_versions(self) -> tuple[str, ...]:
        """Every version that perdure's own tables have gone through, oldest first."""
        return REVISIONS

    # ----------------------------------------------------------------------- values

    def entries(self) -> list[Entry[Any]]:
        """Return every stored or pinned value of every declared module, read in one query, ordered by module and name.

        A damaged value does not end the listing: its entry has an `error`.

        Raises:
            StoreError: The database cannot be read.
            AppClosed: The App is closed.
        """
        rows = self.resources.store.read_tenant(self.tenant_name)
        by_module = {module: list(of_module) for module, of_module in groupby(rows, attrgetter("module"))}
        return [entry for scope in self.scopes() for entry in scope.status.entries_of(by_module.get(scope.module, ()))]

    def acting_as(self, actor: str) -> AbstractContextManager[None]:
        """Name the actor of every write made inside a `with` block, in this thread or task and in those that it starts.

        The name follows tasks and `asyncio.to_thread`; it does not follow a `threading.Thread` or an executor.

        Args:
            actor: Who acts: a user, a job, a command; 255 characters at most.

        Raises:
            InvalidName: The actor is empty, too long, or holds NUL or a lone surrogate.
        """
        return acting_as(checked_actor(actor))

    def __repr__(self) -> str:
        tenant = f", tenant={self.tenant_name!r}" if self.tenant_name else ""
        closed = ", closed" if self.resources.closed else ""
        shown, modules = self.resources.store.shown, len(self.resources.registry.specs)
        return f"<{type(self).__name__} on {shown}{tenant}, {modules} modules{closed}>"
