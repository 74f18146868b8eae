"""What modules and names that are gone have left: `leftovers`, and `leftovers remove`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from perdure.cli.asking import ask, yes_option
from perdure.cli.command import Group, pass_session
from perdure.cli.output import table
from perdure.cli.rows import legible, written

if TYPE_CHECKING:
    from perdure.app import App
    from perdure.cli.session import Session
    from perdure.upkeep import Leftover


@click.group(cls=Group, invoke_without_command=True, short_help="List what is stored and no plugin declares, or remove it.")
@pass_session
@click.pass_context
def leftovers(context: click.Context, session: Session) -> None:
    """List what is stored under modules and names that no plugin declares; of all tenants, unless one is named.

    A value is not shown: nobody knows whether it is secret.
    """
    if context.invoked_subcommand is not None:
        return
    with session.app() as app:
        found = leftovers_of(session, app)
    if not found:
        session.output.say("Nothing is left over.")
    columns = ("tenant", "module", "name", "version", "written (UTC)", "stored")
    rows = (
        [
            *(each.tenant, each.module, each.name, each.version, written(each.updated_at, each.actor)),
            "yes" if each.stored else "history",
        ]
        for each in found
    )
    session.output.tell([leftover_data(each) for each in found], lambda: table(columns if found else (), rows))


def leftovers_of(session: Session, app: App) -> list[Leftover]:
    """Return what is left over, of the tenant that was named or of all."""
    only = session.only_tenant
    return [each for each in app.leftovers() if only is None or each.tenant == only]


def leftover_data(leftover: Leftover) -> dict[str, Any]:
    """Return a leftover as JSON has it."""
    return {
        "tenant": leftover.tenant,
        "module": leftover.module,
        "name": leftover.name,
        "stored": leftover.stored,
        "version": leftover.version,
        "record_version": leftover.record_version,
        "created_at": leftover.created_at.isoformat(),
        "updated_at": leftover.updated_at.isoformat(),
        "actor": leftover.actor,
    }


@leftovers.command(short_help="Remove what is left over, for good.")
@click.argument("module", required=False)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Whatever is left over, in place of a MODULE.")
@yes_option
@pass_session
@click.pass_context
def remove(  # noqa: PLR0913 - what can be typed
    context: click.Context, session: Session, module: str | None, names: tuple[str, ...], *, everything: bool, yes: bool
) -> None:
    """Remove what is left over under NAMEs of a MODULE, or under all of them, its history too, for good.

    Of all tenants, unless one is named. During a deploy, look first when each was last written: it may be newer code's.
    """
    if (module is None) != everything:
        raise click.UsageError("Give either a MODULE, as `perdure leftovers` tells it, or --all.")
    with session.app("write") as app:
        found = [
            each
            for each in leftovers_of(session, app)
            if module in (None, each.module) and (not names or each.name in names)
        ]  # fmt: skip
        missing = missing_of(session, app, module, names, found)
        if found:
            ask(question(found), yes=yes)
        removed = [each for each in found if app.remove_leftover(each.module, each.name, tenant=each.tenant)]
    session.output.tell([{"tenant": each.tenant, "module": each.module, "name": each.name} for each in removed], lambda: None)
    session.output.say(f"Removed {len(removed)}." if removed else "Nothing was removed.")
    for name in missing:
        session.output.warn(f"nothing is left over under {name}.")
    if missing:
        context.exit(1)


def question(found: list[Leftover]) -> str:
    """Return what is asked before leftovers are removed."""
    places = [f"{each.module}.{each.name}{f' (tenant {each.tenant!r})' if each.tenant else ''}" for each in found]
    return legible(f"Remove {', '.join(places)}, values and history, for good?")


def missing_of(session: Session, app: App, module: str | None, names: tuple[str, ...], found: list[Leftover]) -> list[str]:
    """Return what was named and is not left over.

    Raises:
        StillDeclared: A plugin declares it.
    """
    if module is None:
        return []
    there = {each.name for each in found}
    gone = [name for name in names if name not in there]
    for name in gone:
        app.remove_leftover(module, name, tenant=session.only_tenant)  # which says why, where a plugin declares it
    return [f"{module}.{name}" for name in gone] if names or found else [module]
