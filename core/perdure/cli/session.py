"""One run of the command line: what it was told, and the App that it opens."""

from __future__ import annotations

import getpass
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs
import click
from rich.markup import escape

from perdure import environment
from perdure.app import App
from perdure.cli.host import Host, host
from perdure.cli.looking import refuse_memory, to_look_at
from perdure.cli.output import Output
from perdure.cli.stand_in import stand_in
from perdure.errors import NoStoreConfigured, SchemaMismatch, TablesMissing
from perdure.plugins.discovery import installed, without_blocked
from perdure.plugins.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perdure.plugins.discovery import Selection
    from perdure.plugins.report import LoadReport
    from perdure.tenant import TenantView

Purpose: TypeAlias = Literal["look", "write", "create", "insist"]
"""What a command opens an App for: to look, which leaves everything alone; to write to tables that are there; to write, and to
make tables if the environment does not forbid it; to make them whatever the environment says."""


@attrs.define
class Session:
    """What the options of every command say; `None` and empty where they say nothing.

    Attributes:
        url: The database.
        redis: The Redis masters.
        tenant: Whose values.
        target: The host's own App, as `package:app`.
        as_json: Whether data goes out as JSON.
    """

    url: str | None = None
    redis: tuple[str, ...] = ()
    tenant: str | None = None
    target: str | None = None
    as_json: bool = False

    @property
    def output(self) -> Output:
        """Where data and words go."""
        return Output(as_json=self.as_json)

    @property
    def only_tenant(self) -> str | None:
        """The tenant that was named, for commands that are about all of them where none is."""
        return self.tenant if self.tenant is not None else environment.tenant() or None

    # ----------------------------------------------------------------------- an App

    @contextmanager
    def app(
        self, purpose: Purpose = "look", *, rehearsal: Callable[[App], object] | None = None, imagine: bool = False
    ) -> Iterator[App]:
        """Open the App, also where a plugin is broken, which is said on stderr.

        Args:
            purpose: What for.
            rehearsal: Raises where what is to be written would be refused. Before tables are made it is given a stand-in, so
                that a slip of the pen makes no database.
            imagine: Whether a stand-in will do where there are no tables.

        Raises:
            NoStoreConfigured: No database is named.
            TablesMissing: There are no tables, and none may be made.
            PerdureError: The App cannot be opened, or the rehearsal says no.
        """
        migrate = purpose == "insist" or (purpose == "create" and environment.migrate())
        found = self.found(purpose, rehearsal, migrate=migrate, imagine=imagine)
        try:
            self.tell_of(found.app.report)
            if found.made and purpose == "create" and found.app.resources.store.upgraded and not imagine:
                self.output.say(f"Made the tables of perdure in {escape(found.app.resources.store.shown)}.")
            with found.app.acting_as(f"perdure-cli:{user()}"):
                yield found.app
        finally:
            if found.made:
                found.app.close()

    @contextmanager
    def view(self, purpose: Purpose = "look", *, rehearsal: Callable[[TenantView], object] | None = None) -> Iterator[TenantView]:
        """Open the App as `app` does, and return the tenant's view of it."""
        rehearse = None if rehearsal is None else lambda app: rehearsal(self.view_of(app))
        with self.app(purpose, rehearsal=rehearse) as app:
            yield self.view_of(app)

    def view_of(self, app: App) -> TenantView:
        """Return the tenant's view of an App."""
        return app if self.tenant is None else app.tenant(self.tenant)

    def found(self, purpose: Purpose, rehearsal: Callable[[App], object] | None, *, migrate: bool, imagine: bool) -> Host:
        """Open an App on tables that are there; else rehearse, and then make them, if they may be made.

        The host's own is opened as it is: with which plugins it would be is not known before.
        """
        if self.target is not None:
            return self.found_host(migrate=migrate)
        try:
            return self.opened(purpose, migrate=False)
        except TablesMissing as missing:
            if imagine:
                self.output.say(f"There are no tables of perdure in {escape(missing.store)}: this is as if nothing were stored.")
                return Host(self.stand_in(), made=True)
            if not migrate:
                raise
            if rehearsal is not None:
                with self.stand_in() as app:
                    rehearsal(app)
        except SchemaMismatch:
            if not migrate:
                raise
        return self.opened(purpose, migrate=True)

    def stand_in(self) -> App:
        """Return an App to try things on."""
        return stand_in(self.selection(), self.only_tenant or "")

    def opened(self, purpose: Purpose, *, migrate: bool) -> Host:
        """Open an App on what is installed and the database that is named."""
        url = self.url or environment.url()
        if url is None:
            raise NoStoreConfigured
        refuse_memory(url)
        app = App.open(
            url if migrate else to_look_at(url, write=purpose != "look"),
            redis=self.redis or None,
            tenant=self.tenant,
            on_plugin_failure="skip",
            migrate=migrate,
            actor=f"perdure-cli:{user()}",
        )
        return Host(app, made=True)

    def found_host(self, *, migrate: bool) -> Host:
        """Find the host's own App. Where the host does not say whether it creates tables, the command does.

        Raises:
            click.UsageError: A database is named as well.
        """
        for option, given in (("--url", self.url), ("--redis", self.redis)):
            if given:
                raise click.UsageError(f"{option} and --app exclude each other: the App has its own.")
        before = os.environ.get(environment.MIGRATE)
        os.environ[environment.MIGRATE] = "yes" if migrate else "no"
        try:
            return host(str(self.target))
        finally:
            os.environ.pop(environment.MIGRATE)
            if before is not None:
                os.environ[environment.MIGRATE] = before

    # ----------------------------------------------------------------------- without a database

    def registry(self) -> Registry:
        """Load what is installed, without a database: for what needs none."""
        if self.target is not None:
            with self.app() as app:
                return app.resources.registry
        registry = Registry.load(self.selection(), "skip")
        self.tell_of(registry.report)
        return registry

    def selection(self) -> Selection:
        """Return the plugins that are installed, without those that the environment blocks."""
        return without_blocked(installed(), environment.blocked())

    def tell_of(self, report: LoadReport) -> None:
        """Say which plugins take no part because they failed, and what was to be blocked and is not there."""
        for failed in report.failed:
            self.output.warn(str(failed.error), label="Left out")
        for name in report.unmatched:
            self.output.warn(f"{environment.BLOCKED} names {name!r}, and no plugin goes by that name.")


def user() -> str:
    """Return who runs this, as the environment or the system says; in some containers nobody does."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return "unknown"
