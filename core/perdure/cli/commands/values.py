"""What is stored now: `list`, `get`, `set` and `unset`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape
from rich.text import Text

from perdure.cli.command import Command, pass_session
from perdure.cli.names import MODULE, NAME, VALUE
from perdure.cli.output import stdout, table
from perdure.cli.rows import legible, written
from perdure.cli.words import entry_data, shown, typed, unstored_data
from perdure.names import Key
from perdure.records.fields import MASK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perdure.cli.output import Output
    from perdure.cli.session import Session
    from perdure.records.entry import Entry
    from perdure.scope.field import Field
    from perdure.store.rows import Row
    from perdure.tenant import TenantView


TOLD = 10
"""How many values are told of that cannot be read."""


def as_who(function: Any) -> Any:
    """Give a command that writes the options that say who writes, and why."""
    for option in (
        click.option("--actor", metavar="NAME", help="Who writes; else the user who runs this."),
        click.option("--reason", metavar="TEXT", help="Why; kept in the history."),
    ):
        function = option(function)
    return function


@click.command("list", cls=Command, short_help="List what is stored.")
@click.argument("module", type=MODULE, required=False)
@pass_session
def list_(session: Session, module: str | None) -> None:
    """List what is stored, of one MODULE or of all. What cannot be read is listed with its error."""
    with session.view() as view:
        entries = view.entries() if module is None else view.scope(module).status.entries()
        times = [None if entry.pinned else entry.updated_at for entry in entries]
        found = [entry_data(field_named(view, entry.module, entry.name), entry) for entry in entries]
    if not found:
        session.output.say("Nothing is stored.")
    columns = ("module", "name", "value", "version", "written (UTC)")
    session.output.tell(
        found,
        lambda: table(
            columns if found else (),
            (
                [each["module"], each["name"], shown_cell(each), each["version"], time and written(time, each["actor"])]
                for each, time in zip(found, times, strict=True)
            ),
        ),
    )
    tell_unreadable(session.output, found)


def field_named(view: TenantView, module: str, name: str) -> Field[Any]:
    """Return a name of a module."""
    return view.scope(module).status.field_named(name)


def shown_cell(data: dict[str, Any]) -> Text:
    """Return the value of an entry or a change as a cell; what cannot be read is told of beside the table."""
    return Text("cannot be read", style="red") if data["error"] else Text(shown(data))


def tell_unreadable(output: Output, found: Sequence[Mapping[str, Any]]) -> None:
    """Say why some entries or changes cannot be read, and how many more there are; among data as JSON each says so itself."""
    if output.as_json:
        return
    problems = [each for each in found if each["error"]]
    for each in problems[:TOLD]:
        output.warn(f"{each['module']}.{each['name']}, version {each['version']}: {each['error']}", label="Cannot be read")
    if len(problems) > TOLD:
        output.say(f"{len(problems) - TOLD} more cannot be read.")


@click.command(cls=Command, short_help="Write the value of a name, or its default.")
@click.argument("module", type=MODULE)
@click.argument("name", type=NAME)
@click.option("--raw", is_flag=True, help="The text as it is stored, also where it cannot be read; never that of a secret.")
@pass_session
@click.pass_context
def get(context: click.Context, session: Session, module: str, name: str, *, raw: bool) -> None:
    """Write the value of a NAME, or its default. Where there is neither, exit with 1.

    A text is written as it is, every other value as JSON.
    """
    with session.view() as view:
        field = field_named(view, module, name)
        found = raw_data(field) if raw else value_data(field)
    session.output.tell(found, lambda: raw_text(found) if raw else value_text(found))
    if not found["stored"] and not found.get("default") and not found.get("pinned"):
        also = "" if raw else ", and it has no default"
        session.output.say(f"{escape(legible(f'{module}.{name}'))}: nothing is stored{also}.")
        context.exit(1)


def value_data(field: Field[Any]) -> dict[str, Any]:
    """Return what a name has as JSON has it, in one read; raise where it cannot be read."""
    entry = field.entry()
    if entry is None:
        return unstored_data(field)
    if entry.error is not None:
        raise entry.error
    return entry_data(field, entry)


def value_text(data: dict[str, Any]) -> str | None:
    """Return a value for people and scripts: a text as it is, anything else as JSON; None where there is nothing."""
    if not (data["stored"] or data["default"] or data["pinned"]):
        return None
    value = data["value"]
    return readable(value) if isinstance(value, str) and not data["secret"] else shown({**data, "pinned": False})


def raw_data(field: Field[Any]) -> dict[str, Any]:
    """Return the row of a name as JSON has it, without any reading of its text."""
    row: Row | None = field.store.read(Key(*field.key))
    secret = field.declared.field.secret
    tenant, module, name = field.place
    text: Any = None if row is None else row.text
    if isinstance(text, bytes):  # a damaged row may hold a BLOB
        text = text.decode("utf-8", "backslashreplace")
    return {
        "tenant": tenant,
        "module": module,
        "name": name,
        "stored": text is not None,
        "secret": secret,
        "value": None if secret else text,
        "encoding": None if row is None else row.encoding,
        "version": 0 if row is None else row.version,
        "record_version": None if row is None else row.record_version,
    }


def raw_text(data: dict[str, Any]) -> str | None:
    """Return a stored text for people and scripts."""
    return None if not data["stored"] else MASK if data["secret"] else readable(data["value"])


def readable(text: str) -> str:
    """Return a text as it is, for whatever reads it; for a terminal, without what could disturb it."""
    return "\n".join(map(legible, text.split("\n"))) if stdout().isatty() else text


@click.command("set", cls=Command, short_help="Store a value.")
@click.argument("module", type=MODULE)
@click.argument("name", type=NAME)
@click.argument("value", type=VALUE)
@as_who
@pass_session
def set_(  # noqa: PLR0913, PLR0917 - what can be typed
    session: Session, module: str, name: str, value: str, reason: str | None, actor: str | None
) -> None:
    """Store a VALUE: JSON or a plain word, as the declared type has it; `-` reads it from stdin.

    Secrets are better read from stdin: what is typed stays in the shell's history.
    """
    words = from_stdin() if value == "-" else value

    def stored(view: TenantView) -> tuple[Field[Any], Entry[Any]]:
        field = field_named(view, module, name)
        return field, field.set(typed(field, words), actor=actor, reason=reason)

    with session.view("create", rehearsal=stored) as view:
        field, entry = stored(view)
        found = entry_data(field, entry)
    session.output.tell(found, lambda: None)
    session.output.say(f"Stored {escape(legible(f'{module}.{name}'))}, version {entry.version}.")


def from_stdin() -> str:
    """Read a value, without the end of its last line."""
    if sys.stdin is None:
        raise click.UsageError("The value is to come from stdin, which is closed.")
    try:
        return sys.stdin.buffer.read().decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise click.UsageError(f"What comes from stdin is not UTF-8: {error.reason} at byte {error.start}.") from None


@click.command(cls=Command, short_help="Bring a name back to not stored.")
@click.argument("module", type=MODULE)
@click.argument("name", type=NAME)
@as_who
@pass_session
def unset(session: Session, module: str, name: str, reason: str | None, actor: str | None) -> None:
    """Bring a NAME back to not stored, so that its default counts again."""
    with session.view("write") as view:
        was = view.scope(module).status.unset(name, actor=actor, reason=reason)
    session.output.tell({"tenant": view.tenant_name, "module": module, "name": name, "unset": was}, lambda: None)
    session.output.say("Unset." if was else "Nothing was stored.")
