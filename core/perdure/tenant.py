"""An application's modules as one tenant sees them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar, overload

from perdure.actor import acting_as
from perdure.errors import AppClosed, HistoryNotKept, InvalidArgument, InvalidSpec
from perdure.names import checked_actor, checked_module
from perdure.records.spec import StatusSpec
from perdure.scope.changes import PAGE, counted, mark_before
from perdure.scope.policy import renamed
from perdure.scope.scope import Scope
from perdure.scope.status import ModuleStatus
from perdure.scope.watch import Watch
from perdure.store.schema.versions import REVISIONS

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import datetime

    from perdure.bindings import Bindings
    from perdure.codes.families import Families
    from perdure.codes.lifecycles import Lifecycles
    from perdure.names import Key
    from perdure.plugins.report import LoadReport
    from perdure.records.entry import Change, Entry
    from perdure.resources import Resources

R = TypeVar("R")


def by_module(keys: Mapping[Key, tuple[str, str]], positions: Mapping[Key, int]) -> dict[str, dict[str, int]]:
    """Return versions by module and name."""
    found: dict[str, dict[str, int]] = {}
    for key, version in positions.items():
        module, name = keys[key]
        found.setdefault(module, {})[name] = version
    return found


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
            module: The module's name, or one that it had before; or its spec, and then the scope has the record's type.

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
            if declared.spec.module != name:
                return self.scope(declared.spec.module)
            status: ModuleStatus[Any] = ModuleStatus(
                resources.store, self.tenant_name, declared, resources.poller, resources.locks.first_writes
            )
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
        return [
            entry for scope in self.scopes() for entry in scope.status.entries_of(by_module.get(scope.spec.stored_module, ()))
        ]

    def history(self, *, limit: int = PAGE, before: Change | datetime | None = None) -> list[Change]:
        """Return what is kept of the changes of every module, the latest first.

        Args:
            limit: How many to return at most.
            before: Where a page begins: only changes before this one, as it was returned, or before this time.

        Returns:
            The changes, of modules and names that are no longer declared too. One whose value cannot be read has an `error`, and
            does not end the listing.

        Raises:
            InvalidArgument: The limit is no number of changes, or `before` no place in this history.
            StoreError: The database cannot be read.
            AppClosed: The App is closed.
        """
        resources = self.resources
        mark, limit = mark_before(before, self.tenant_name), counted("limit", limit, least=1)
        rows = resources.store.read_tenant_changes(self.tenant_name, before=mark, limit=limit)
        return [resources.told(row) for row in rows]

    def watch(self, *, since: Mapping[str, Mapping[str, int]] | None = None) -> Watch[dict[str, dict[str, int]]]:
        """Watch every change of every module of this tenant, whoever makes it: in order per name, none missed and none twice.

        Names that keep no history cannot be watched, and are left out. Changes of this process are told of at once, those of
        others within the App's `watch_interval`.

        Args:
            since: Versions that were seen already, by module and name, as `watch.cursors` told of them before a restart. A name
                without one is watched from the moment of the call. A module may go by a former name; one that is not there any
                more is to be left out.

        Returns:
            The watch: iterate over it, or `take` from it; it ends when it or the App is closed.

        Raises:
            UnknownModule: `since` names a module that no loaded plugin declares.
            UnknownStatusName: It names a name that the module does not declare.
            InvalidArgument: `since` is of another shape, names a module twice, or a version is no int of 0 or more.
            HistoryNotKept: No name keeps a history.
            StoreError: The database cannot be read.
            AppClosed: The App is closed.
        """
        statuses = {scope.module: scope.status for scope in self.scopes()}
        versions = self.seen(since)
        keys: dict[Key, tuple[str, str]] = {}
        positions: dict[Key, int] = {}
        for module, status in statuses.items():
            kept = status.kept_keys()
            keys.update({key: (module, name) for key, name in kept.items()})
            positions.update(status.seen(kept, versions.get(module)))
        if not keys:
            raise HistoryNotKept(self.tenant_name, "", "")
        feed = self.resources.poller.follow(keys, positions)
        return Watch(feed, self.resources.told, self.resources.place_of, lambda at: by_module(keys, at))

    def seen(self, since: Mapping[str, Mapping[str, int]] | None) -> Mapping[str, Mapping[str, int]]:
        """Return versions by the current names of their modules, or refuse another shape."""
        given: Any = {} if since is None else since
        if not isinstance(given, Mapping) or not all(isinstance(names, Mapping) for names in given.values()):
            raise InvalidArgument("since", f"{given!r:.80}", "{module: {name: version}}, as the cursors of an earlier watch")
        return renamed("since", given, lambda module: self.scope(module).module)

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
