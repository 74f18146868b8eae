"""What those who run an application do about the whole database: `migrate` and `tenants`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import click
from rich.markup import escape

from perdure.cli.asking import ask, yes_option
from perdure.cli.command import Command, Group, pass_session
from perdure.cli.commands.values import as_who, field_named
from perdure.cli.output import several, table
from perdure.cli.progress import progress
from perdure.errors import PerdureError, StoreError
from perdure.upkeep import FailedRewrite

if TYPE_CHECKING:
    from perdure.app import App
    from perdure.cli.session import Session
    from perdure.upkeep import PendingUpgrade


@click.command(cls=Command, short_help="Create perdure's tables, or upgrade them.")
@click.option("--rewrite", is_flag=True, help="Write values that are stored in older record versions anew, of all tenants.")
@as_who
@pass_session
@click.pass_context
def migrate(context: click.Context, session: Session, *, rewrite: bool, reason: str | None, actor: str | None) -> None:
    """Create perdure's tables, or upgrade them, whatever PERDURE_MIGRATE says."""
    with session.app("insist") as app:
        store = app.resources.store
        ran, pending = list(store.upgraded), app.pending_upgrades()
        session.output.say(f"Ran {', '.join(ran)}." if ran else f"The tables are as they should be ({app.schema_versions[-1]}).")
        written, failed = rewritten(app, pending, actor, reason) if rewrite else (0, [])
    session.output.tell(
        {
            "store": store.shown,
            "ran": ran,
            "version": app.schema_versions[-1],
            "pending": len(pending) - written,
            "rewritten": written,
            "failed": [attrs.asdict(each.pending) | {"error": str(each.error)} for each in failed],
        },
        lambda: None,
    )
    if rewrite:
        session.output.say(f"Rewrote {several(written, 'value')}.")
    elif pending:
        session.output.warn(f"{len(pending)} values are stored in other record versions: `perdure migrate --rewrite`.")
    for each in failed:
        session.output.fail(str(each.error))
    if failed:
        context.exit(1)


def rewritten(app: App, pending: list[PendingUpgrade], actor: str | None, reason: str | None) -> tuple[int, list[FailedRewrite]]:
    """Write values anew, with a bar on a terminal, and return how many were, and which could not be."""
    count, failed = 0, []
    with progress("Rewriting values") as tell:
        for number, each in enumerate(pending, 1):
            try:
                field = field_named(app.tenant(each.tenant), each.module, each.name)
                count += field.rewrite(actor=actor, reason=reason)
            except StoreError:
                raise
            except PerdureError as error:
                failed.append(FailedRewrite(each, error))
            tell(number, len(pending))
    return count, failed


@click.group(cls=Group, invoke_without_command=True, short_help="List the tenants who have a value or a history.")
@pass_session
@click.pass_context
def tenants(context: click.Context, session: Session) -> None:
    """List the tenants who have a value or a history."""
    if context.invoked_subcommand is not None:
        return
    with session.app() as app:
        found = app.tenants()
    if not found:
        session.output.say("Nothing is stored, for nobody.")
    session.output.tell(
        [{"tenant": tenant} for tenant in found],
        lambda: table(("tenant",) if found else (), ([tenant or "'' (of those who need none)"] for tenant in found)),
    )


@tenants.command(short_help="Remove all that is stored for a tenant, for good.")
@click.argument("name")
@yes_option
@pass_session
@click.pass_context
def erase(context: click.Context, session: Session, name: str, *, yes: bool) -> None:
    """Remove everything that is stored for the tenant NAME, its history too, for good."""
    with session.app("write") as app:
        there = name in app.tenants()
        if there:
            ask(f"Remove everything that is stored for the tenant {name!r}, values and history, for good?", yes=yes)
        count = app.erase_tenant(name) if there else 0
    found: dict[str, Any] = {"tenant": name, "erased": count}
    session.output.tell(found, lambda: None)
    if not there:
        session.output.say(f"Nothing is stored for the tenant {escape(repr(name))}.")
        context.exit(1)
    session.output.say(f"Removed {several(count, 'value')}, and the history.")
