"""The application's door to its modules, and the only place where anything is built."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self, get_args

import attrs

from perdure import environment
from perdure.announcer import Announcer
from perdure.codes.keys import CoreBindings
from perdure.errors import InvalidArgument, NoStoreConfigured
from perdure.locks import locks_for
from perdure.names import Key, checked_actor, checked_module, checked_name, checked_tenant
from perdure.plugins.discovery import chosen, installed, without_blocked
from perdure.plugins.loading import FailurePolicy
from perdure.plugins.registry import Registry
from perdure.resources import Resources
from perdure.scope.policy import Policy
from perdure.store.opening import open_store
from perdure.store.protocol import Durability
from perdure.store.watching.poller import Poller
from perdure.tenant import TenantView
from perdure.upkeep import leftovers, pending_upgrades, remove_leftover, rewrite_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager
    from types import TracebackType

    from sqlalchemy import URL, Connection, Engine

    from perdure.metrics import Metrics
    from perdure.upkeep import Leftover, PendingUpgrade, Rewritten

MAX_VALUE_BYTES = 65536
WATCH_INTERVAL = 1.0
LONGEST = 86_400.0
"""The longest interval between two looks of watchers, in seconds: a day."""


class App(TenantView):
    """An application's modules and where their status is kept; made by `App.open`, used in a `with` block.

    One App may be used by any number of threads, and after a fork in the child too. It sees the values of one tenant, that of
    those who need none unless it is told; `tenant(…)` gives the others.
    """

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
    ) -> Self:
        """Find the installed plugins, open the database and return the App.

        Args:
            url: The database, as SQLAlchemy writes it: `sqlite:///app.db`, `sqlite://` for memory, `postgresql://…` or
                `mariadb://…`. Else `PERDURE_URL`.
            engine: A host's own Engine in its place; it is used as it is, and never disposed of.
            redis: The URLs of Redis masters that do not replicate one another, for Redlock: `redis://host:6379/0`, one, three or
                five. Else `PERDURE_REDIS`, with commas between them; else no Redlock.
            tenant: Whose values, in 64 characters; else `PERDURE_TENANT`, else the empty string.
            plugins: What to use in place of all that is installed: plugin objects, and names of entry points or distributions; no
                other is imported.
            blocked: Names of entry points or distributions that must not be imported; else `PERDURE_BLOCKED`.
            on_plugin_failure: "raise", or "skip": leave a failing plugin out and tell of it in `report`.
            allow_shared_numbers: Let two plugins use one number of a family of status codes for two names.
            defaults: What the application knows better than a module, below stored values: `{module: {name: value}}`.
            pinned: The same above stored values; setting a pinned name is refused.
            durability: What a committed write survives: "full" a loss of power, "normal" a killed process.
            lock_required: Refuse a first write whose lock cannot be had in time, which otherwise goes through without.
            migrate: Whether to create and upgrade perdure's tables; else `PERDURE_MIGRATE`, else True.
            max_value_bytes: How long a value's JSON text may be, in bytes of UTF-8.
            actor: Who writes where neither the call nor `acting_as` says; kept in the history.
            watch_interval: How often watchers look for what other processes have written, in seconds.
            notify: Have PostgreSQL tell watchers of other processes at once, by NOTIFY; for all Apps on a database or none. It
                makes each write a little dearer, and slows many writers down.

        Returns:
            The App, to be closed by `close()` or a `with` block.

        Raises:
            ConfigurationError: An argument cannot be used, or no database is named.
            PluginError: A plugin failed, or two declare the same module.
            DefinitionError: What plugins define does not fit together: status codes, lifecycles or bindings that clash.
            UnknownModule: `defaults` or `pinned` name a module that no plugin declares.
            UnknownStatusName: They name a name that the module does not declare.
            ValueRefused: A value in them does not fit.
            StoreError: The database cannot be opened, or its tables do not fit.
        """
        where = place(url, engine)
        refuse_unless(durability in get_args(Durability), "durability", durability, "'full' or 'normal'")
        refuse_unless(on_plugin_failure in get_args(FailurePolicy), "on_plugin_failure", on_plugin_failure, "'raise' or 'skip'")
        refuse_unless(
            isinstance(max_value_bytes, int) and not isinstance(max_value_bytes, bool) and max_value_bytes > 0,
            "max_value_bytes",
            max_value_bytes,
            "a number of bytes above 0",
        )
        refuse_unless(
            isinstance(watch_interval, int | float) and not isinstance(watch_interval, bool) and 0 < watch_interval <= LONGEST,
            "watch_interval",
            watch_interval,
            f"a number of seconds above 0, {LONGEST:.0f} at most",
        )
        refuse_unless(notify in (True, False), "notify", notify, "True or False")
        policy = Policy(
            defaults=checked_values("defaults", defaults),
            pinned=checked_values("pinned", pinned),
            max_value_bytes=max_value_bytes,
            actor=checked_actor(actor) if actor is not None else None,
            opened_at=datetime.now(UTC),
        )
        whose = checked_tenant(tenant if tenant is not None else environment.tenant())
        selection = without_blocked(
            installed() if plugins is None else chosen(plugins), listed(blocked, "blocked", environment.blocked)
        )
        registry = Registry.load(selection, on_plugin_failure, allow_shared_numbers=allow_shared_numbers)
        refuse_unless(migrate in (None, True, False), "migrate", migrate, "True or False")
        migrating = migrate if migrate is not None else environment.migrate()
        masters = listed(redis, "redis", environment.redis)
        policy = policy.named(registry.current_name)
        store = open_store(where, durability=durability, migrate=migrating, notify=notify)
        try:
            locks = locks_for(store, masters, required=lock_required)
        except BaseException:
            store.close()
            raise
        app = cls(Resources(store, registry, policy, locks, Poller(store, watch_interval)), whose)
        try:
            app.bindings.value(CoreBindings.APPLICATION_INSTANCE, app)
            app.bindings.value(CoreBindings.APPLICATION_CONFIG, policy)
            app.check_policy()
            app.announce_changes()
            registry.announce_opened(app)
        except BaseException:
            app.close()
            raise
        return app

    def announce_changes(self) -> None:
        """Have plugins told of every write, if one of them wants to be."""
        resources = self.resources
        if resources.registry.listens():
            announcer = Announcer(lambda change: resources.registry.announce_change(self, change), resources.told)
            resources.store.subscribe(announcer)
            resources.closing.insert(0, announcer.close)

    def check_policy(self) -> None:
        """Compile the modules that the application has decided something about, so that a wrong decision fails on opening."""
        policy, registry = self.resources.policy, self.resources.registry
        undeclared: list[str] = []
        for module in {**policy.defaults, **policy.pinned}:
            # A module whose plugin failed or is blocked is not gone, and neither is what the application decided about it. But
            # what looks like a slip is one: a pin that does not hold is worse than an App that does not open.
            if module in registry.specs or registry.report.complete or looks_like(module, registry.specs):
                self.scope(module)
            else:
                undeclared.append(module)
        registry.report = attrs.evolve(registry.report, undeclared=tuple(undeclared))

    def tenant(self, name: str) -> TenantView:
        """Return the same modules with the values of another tenant. The view shares everything with this App.

        Args:
            name: The tenant, in 64 characters; the empty string is the tenant of those who need none.

        Raises:
            InvalidName: No table can hold the name.
        """
        return TenantView(self.resources, checked_tenant(name))

    def tenants(self) -> list[str]:
        """Return every tenant who has a value or a history, in order; the empty string is the tenant of those who need none.

        Raises:
            StoreError: The database cannot be read.
        """
        return list(self.resources.store.tenants())

    def erase_tenant(self, name: str) -> int:
        """Remove everything that is stored for a tenant, its history too, for good.

        The keys and their versions stay, and nothing else: a version that came back could let somebody who remembers it write
        over what he has never seen.

        Args:
            name: The tenant.

        Returns:
            How many values there were.

        Raises:
            InvalidName: No table can hold the name.
            StoreError: The database refused; nothing was removed, unless the error is `OutcomeUnknown`.
        """
        return self.resources.store.erase_tenant(checked_tenant(name))

    # ----------------------------------------------------------------------- upkeep, for all tenants

    def pending_upgrades(self) -> list[PendingUpgrade]:
        """Return every stored value that is not in the record version that its module writes, of all tenants.

        While there are any of a version, the code that reads it is needed: its `upgrades`, or before going back to older code,
        `rewrite_values()`.

        Raises:
            StoreError: The database cannot be read.
            AppClosed: The App is closed.
        """
        return pending_upgrades(self.resources)

    def rewrite_values(self, *, actor: str | None = None, reason: str | None = None) -> Rewritten:
        """Write every value that `pending_upgrades` tells of anew, in the record version that its module writes.

        Each is a write of its own, with a version of its own, and other writers go on meanwhile. One that fails is told of, and
        left as it is. Calling it again goes on where it ended.

        Args:
            actor: Who writes, in 255 characters; else whom `acting_as` names, else the App's actor.
            reason: Why, in 1000 characters; kept in the history.

        Returns:
            How many were written, and which could not be.

        Raises:
            StoreError: The database refused; what was written before stays.
            AppClosed: The App is closed.
        """
        return rewrite_values(self.resources, actor, reason)

    def leftovers(self) -> list[Leftover]:
        """Return what is stored, or only kept in a history, under modules and names that no plugin declares; of all tenants.

        Another process may run code that declares them: newer code, in a deploy that is not through. So look at when each was
        last written, before anything is removed.

        Raises:
            PluginsMissing: A plugin failed or is blocked; what it declares is not gone.
            StoreError: The database cannot be read.
            AppClosed: The App is closed.
        """
        return leftovers(self.resources)

    def remove_leftover(self, module: str, name: str, *, tenant: str | None = None) -> bool:
        """Remove what is left over under a name, its history too, for good. The key and its version stay.

        Args:
            module: The module, as `leftovers()` tells it.
            name: The name, as `leftovers()` tells it.
            tenant: Whose; not given, the App's own tenant.

        Returns:
            Whether there was anything.

        Raises:
            PluginsMissing: A plugin failed or is blocked; what it declares is not gone. Nothing was removed.
            StillDeclared: A plugin declares the name; nothing was removed.
            InvalidName: No table can hold the tenant, module or name.
            StoreError: The database refused; nothing was removed, unless the error is `OutcomeUnknown`.
            AppClosed: The App is closed.
        """
        whose = self.tenant_name if tenant is None else checked_tenant(tenant)
        return remove_leftover(self.resources, Key(whose, checked_module(module), checked_name(name)))

    # ----------------------------------------------------------------------- the database

    def begin(self) -> AbstractContextManager[Connection]:
        """Return a context manager: a connection to the App's database with a transaction, for `status.within(…)`.

        It commits at the end of the block; what the block raises rolls it back. Enter and leave it on one thread.

        Raises:
            StoreError: The database refused; nothing was written, unless the error is `OutcomeUnknown`.
            AppClosed: The App is closed.
        """
        return self.resources.store.begin()

    def ping(self) -> float:
        """Ask the database for nothing, and return the seconds until it answered.

        Raises:
            StoreError: It does not answer.
            AppClosed: The App is closed.
        """
        return self.resources.store.ping()

    def metrics(self) -> Metrics:
        """Return how often things happened since the App was opened; no database is asked."""
        return self.resources.store.counters.snapshot(watchers=self.resources.poller.watchers)

    # ----------------------------------------------------------------------- end

    def close(self) -> None:
        """Give the database back. Afterwards every use raises `AppClosed`; closing again does nothing."""
        self.resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def place(url: str | URL | None, engine: Engine | None) -> str | URL | Engine:
    """Return where the status is kept.

    Raises:
        NoStoreConfigured: Neither is given, nor does the environment say.
        InvalidArgument: Both are given.
    """
    refuse_unless(url is None or engine is None, "engine", engine, "either url= or engine=, and not both")
    found = engine if engine is not None else url if url is not None else environment.url()
    if found is None:
        raise NoStoreConfigured
    return found


def listed(given: str | Iterable[str] | None, argument: str, from_environment: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    """Return an argument that lists texts, or what the environment lists where it is not given."""
    if given is None:
        return from_environment()
    found = (given,) if isinstance(given, str) else tuple(given)
    refuse_unless(all(isinstance(each, str) for each in found), argument, given, "a list of str")
    return found


def checked_values(argument: str, given: Mapping[str, Mapping[str, Any]] | None) -> Mapping[str, Mapping[str, Any]]:
    """Return values by module and name, or refuse another shape; the values are not shown, as secrets may be among them."""
    values = {} if given is None else given
    fits = isinstance(values, Mapping) and all(isinstance(names, Mapping) for names in values.values())
    refuse_unless(fits, argument, type(given), "{module: {name: value}}")
    return values


def looks_like(module: str, known: Iterable[str]) -> bool:
    """Whether a name is likely to be a slip for one that is known."""
    return bool(difflib.get_close_matches(module, list(known), n=1))


def refuse_unless(fits: bool, argument: str, given: object, expected: str) -> None:  # noqa: FBT001 - it is the condition
    """Refuse an argument that is not one of those it takes."""
    if not fits:
        raise InvalidArgument(argument, repr(given), expected)
