"""What was stored before: `history`, `revert` and `forget`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape
from rich.text import Text

from perdure.cli.asking import ask, yes_option
from perdure.cli.command import Command, pass_session
from perdure.cli.commands.values import as_who, field_named, shown_cell, tell_unreadable
from perdure.cli.names import MODULE, NAME
from perdure.cli.output import several, table
from perdure.cli.rows import legible, written
from perdure.cli.words import change_data, entry_data, unstored_data
from perdure.scope.changes import PAGE

if TYPE_CHECKING:
    from perdure.cli.rows import Rows
    from perdure.cli.session import Session
    from perdure.records.entry import Change, Entry
    from perdure.scope.field import Field
    from perdure.tenant import TenantView


@click.command(cls=Command, short_help="Tell what was written, by whom and why.")
@click.argument("module", type=MODULE, required=False)
@click.argument("name", type=NAME, required=False)
@click.option("--limit", type=click.IntRange(min=1), default=PAGE, show_default=True, help="How many changes, the latest first.")
@click.option(
    "--before",
    metavar="WHEN",
    help="Only changes below this version, of one NAME; else before this time, in ISO 8601, UTC where it does not say.",
)
@pass_session
def history(session: Session, module: str | None, name: str | None, limit: int, before: str | None) -> None:
    """Tell what was written, by whom and why: to one NAME, to all of a MODULE, or to all modules; the latest first."""
    with session.view() as view:
        if module is None:
            changes = view.history(limit=limit, before=time_of(before))
        elif name is None:
            changes = view.scope(module).status.history(limit=limit, before=time_of(before))
        else:
            changes = field_named(view, module, name).history(limit=limit, before=version_of(before))
        found = [told(view, change) for change in changes]
    if not found:
        session.output.say("No change is kept.")
    session.output.tell(found, lambda: changes_table(found, changes))
    tell_unreadable(session.output, found)


def told(view: TenantView, change: Change) -> dict[str, Any]:
    """Return a change as JSON has it; what cannot be read is never asked for."""
    if change.error is not None or change.secret:
        return change_data(None, change)
    return change_data(field_named(view, change.module, change.name), change)


def changes_table(found: list[dict[str, Any]], changes: list[Change]) -> Rows:
    """Return changes for people, without the columns that would be empty."""
    together = any(each["change_set"] for each in found)
    reasons = any(each["reason"] for each in found)
    columns = ["module", "name", "version", "change", "written (UTC)", *["reason"] * reasons, *["change set"] * together]
    rows = [
        [
            *(each["module"], each["name"], each["version"], change_cell(each), written(change.at, each["actor"])),
            *[each["reason"]] * reasons,
            *[each["change_set"]] * together,
        ]
        for each, change in zip(found, changes, strict=True)
    ]
    return table(columns if rows else (), rows)


def change_cell(data: dict[str, Any]) -> Text:
    """Return what a change did as a cell."""
    value = Text("") if data["operation"] == "unset" else shown_cell(data)
    return Text(f"{data['operation']} {value.plain}".rstrip(), style=value.style)


def version_of(before: str | None) -> int | None:
    """Return the version below which the history of a name is asked for."""
    if before is None or before.isdecimal():
        return None if before is None else int(before)
    raise click.BadParameter(f"{before!r} is no version; of one name, it is a number.", param_hint="--before")


def time_of(before: str | None) -> datetime | None:
    """Return the time before which the history of several names is asked for."""
    if before is None:
        return None
    try:
        time = datetime.fromisoformat(before)
    except ValueError:
        problem = f"{before!r} is no time; of several names, it is one such as 2026-01-31T12:30:00+00:00."
        raise click.BadParameter(problem, param_hint="--before") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


@click.command(cls=Command, short_help="Bring a name back to what it was at a version.")
@click.argument("module", type=MODULE)
@click.argument("name", type=NAME, required=False)
@click.argument("version", type=click.IntRange(min=0), required=False)
@click.option("--change-set", metavar="ID", help="Take back all that was written together; `history` tells the id.")
@as_who
@pass_session
def revert(  # noqa: PLR0913, PLR0917 - what can be typed
    session: Session,
    module: str,
    name: str | None,
    version: int | None,
    change_set: str | None,
    reason: str | None,
    actor: str | None,
) -> None:
    """Bring a NAME back to what it was at a VERSION, or what was written together to what it was before; as a new version."""
    if (change_set is None) == (version is None) or (change_set is not None and name is not None):
        raise click.UsageError("Give either a NAME and a VERSION, or --change-set.")
    with session.view("write") as view:
        status = view.scope(module).status
        if change_set is not None:
            made = status.revert_change_set(change_set, actor=actor, reason=reason)
            entries: dict[str, Entry[Any] | None] = dict(made)
        else:
            made, entries = None, {str(name): status.revert(str(name), int(version or 0), actor=actor, reason=reason)}
        found = [now(status.field_named(each), entry) for each, entry in entries.items()]
    session.output.tell(found[0] if made is None else {"change_set": made.id, "entries": found}, lambda: None)
    for each in found:
        what = f"version {each['version']}" if each["stored"] else "not stored"
        session.output.say(f"Reverted {escape(legible(module + '.' + each['name']))}: now {what}.")


def now(field: Field[Any], entry: Entry[Any] | None) -> dict[str, Any]:
    """Return what a name has now as JSON has it."""
    return unstored_data(field) if entry is None else entry_data(field, entry)


@click.command(cls=Command, short_help="Erase the history of a name, for good.")
@click.argument("module", type=MODULE)
@click.argument("name", type=NAME)
@yes_option
@pass_session
def forget(session: Session, module: str, name: str, *, yes: bool) -> None:
    """Erase the history of a NAME, for good. Its value stays."""
    with session.view("write") as view:
        field = field_named(view, module, name)
        ask(f"Erase the history of {legible(f'{module}.{name}')}, for good?", yes=yes)
        count = field.forget()
    session.output.tell({"tenant": view.tenant_name, "module": module, "name": name, "forgotten": count}, lambda: None)
    session.output.say(f"Erased {several(count, 'change')}.")
