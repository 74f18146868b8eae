"""The application's door to its modules, and the only place where anything is built."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from perdure import environment
from perdure.codes.keys import CoreBindings
from perdure.errors import InvalidArgument, InvalidStoreUrl, NoStoreConfigured
from perdure.names import checked_actor, checked_tenant
from perdure.plugins.discovery import handed_in, installed, without_blocked
from perdure.plugins.loading import FailurePolicy
from perdure.plugins.registry import Registry
from perdure.scope.policy import Policy
from perdure.store.sqlite import SQLiteStore
from perdure.tenant import Resources, TenantView

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from perdure.plugins.discovery import Candidate
    from perdure.plugins.report import Origin

Durability = Literal["full", "normal"]
"""What a committed write survives: "full" a loss of power, "normal" a killed process."""

MAX_VALUE_BYTES = 65536


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
        tenant: str | None = None,
        plugins: Iterable[object] | None = None,
        blocked: Iterable[str] = (),
        on_plugin_failure: FailurePolicy = "raise",
        allow_shared_numbers: bool = False,
        defaults: Mapping[str, Mapping[str, Any]] | None = None,
        pinned: Mapping[str, Mapping[str, Any]] | None = None,
        durability: Durability = "full",
        migrate: bool | None = None,
        max_value_bytes: int = MAX_VALUE_BYTES,
        actor: str | None = None,
    ) -> Self:
        """Find the installed plugins, open the database and return the App.

        Args:
            url: The database, as SQLAlchemy writes it: `sqlite:///app.db`, or `sqlite://` for memory. Else `PERDURE_URL`.
            tenant: Whose values, in 64 characters; else `PERDURE_TENANT`, else the empty string.
            plugins: Plugin objects to use in place of what is installed.
            blocked: Names of entry points or distributions that must not be imported; else `PERDURE_BLOCKED`.
            on_plugin_failure: "raise", or "skip": leave a failing plugin out and tell of it in `report`.
            allow_shared_numbers: Let two plugins use one number of a family of status codes for two names.
            defaults: What the application knows better than a module, below stored values: `{module: {name: value}}`.
            pinned: The same above stored values; setting a pinned name is refused.
            durability: What a committed write survives: "full" a loss of power, "normal" a killed process.
            migrate: Whether to create and upgrade perdure's tables; else `PERDURE_MIGRATE`, else True.
            max_value_bytes: How long a value's JSON text may be, in bytes of UTF-8.
            actor: Who writes where neither the call nor `acting_as` says; kept in the history.

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
        where = parsed_url(url if url is not None else environment.url())
        refuse_unless(durability in get_args(Durability), "durability", durability, "'full' or 'normal'")
        refuse_unless(on_plugin_failure in get_args(FailurePolicy), "on_plugin_failure", on_plugin_failure, "'raise' or 'skip'")
        refuse_unless(
            isinstance(max_value_bytes, int) and max_value_bytes > 0,
            "max_value_bytes",
            max_value_bytes,
            "a number of bytes above 0",
        )
        policy = Policy(
            defaults=defaults or {},
            pinned=pinned or {},
            max_value_bytes=max_value_bytes,
            actor=checked_actor(actor) if actor is not None else None,
            opened_at=datetime.now(UTC),
        )
        whose = checked_tenant(tenant if tenant is not None else environment.tenant())
        candidates, left_out = found_plugins(plugins, tuple(blocked) or environment.blocked())
        registry = Registry.load(candidates, left_out, on_plugin_failure, allow_shared_numbers=allow_shared_numbers)
        migrating = migrate if migrate is not None else environment.migrate()
        store = SQLiteStore.open(where, durability=durability, migrate=migrating)
        app = cls(Resources(store, registry, policy), whose)
        try:
            app.bindings.value(CoreBindings.APPLICATION_INSTANCE, app)
            app.bindings.value(CoreBindings.APPLICATION_CONFIG, policy)
            app.check_policy()
            registry.announce_opened(app)
        except BaseException:
            app.close()
            raise
        return app

    def check_policy(self) -> None:
        """Compile the modules that the application has decided something about, so that a wrong decision fails on opening."""
        policy, registry = self.resources.policy, self.resources.registry
        for module in {**policy.defaults, **policy.pinned}:
            # A module whose plugin failed or is blocked is not gone, and neither is what the application decided about it.
            if module in registry.specs or registry.report.complete:
                self.scope(module)

    def tenant(self, name: str) -> TenantView:
        """Return the same modules with the values of another tenant. The view shares everything with this App.

        Args:
            name: The tenant, in 64 characters; the empty string is the tenant of those who need none.

        Raises:
            InvalidName: No table can hold the name.
        """
        return TenantView(self.resources, checked_tenant(name))

    # ----------------------------------------------------------------------- end

    def close(self) -> None:
        """Give the database back. Afterwards every use raises `AppClosed`; closing again does nothing."""
        self.resources.closed = True
        self.resources.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def parsed_url(url: str | URL | None) -> URL:
    """Return a database URL as SQLAlchemy's.

    Raises:
        NoStoreConfigured: There is none.
        InvalidStoreUrl: It is no URL, or names a database that perdure does not keep status in.
    """
    if url is None:
        raise NoStoreConfigured
    try:
        where = make_url(url)
    except ArgumentError:
        raise InvalidStoreUrl(str(url), "it is not of the form database://…") from None
    if where.get_backend_name() != "sqlite":
        raise InvalidStoreUrl(where.render_as_string(), f"status is not kept in {where.get_backend_name()!r}")
    if where.get_driver_name() != "pysqlite":
        raise InvalidStoreUrl(where.render_as_string(), f"the driver {where.get_driver_name()!r} is not pysqlite; leave it out")
    return where


def found_plugins(plugins: Iterable[object] | None, blocked: tuple[str, ...]) -> tuple[list[Candidate], list[Origin]]:
    """Return the given plugins, or those that are installed, apart from those that are blocked."""
    return without_blocked(installed() if plugins is None else handed_in(plugins), blocked)


def refuse_unless(fits: bool, argument: str, given: object, expected: str) -> None:  # noqa: FBT001 - it is the condition
    """Refuse an argument that is not one of those it takes."""
    if not fits:
        raise InvalidArgument(argument, repr(given), expected)
