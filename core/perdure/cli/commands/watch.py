"""What is being written: `watch`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from perdure.cli.command import Command, pass_session
from perdure.cli.commands.history import told
from perdure.cli.names import MODULE, NAME
from perdure.cli.rows import legible, to_the_second
from perdure.cli.words import shown
from perdure.errors import HistoryTruncated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perdure.cli.session import Session
    from perdure.records.entry import Change
    from perdure.scope.watch import Watch
    from perdure.tenant import TenantView


@click.command(cls=Command, short_help="Tell each change when it is made.")
@click.argument("module", type=MODULE, required=False)
@click.argument("names", metavar="[NAME]...", type=NAME, nargs=-1)
@click.option(
    "--since",
    metavar="VERSION",
    help="Begin after this version of each name, 0 for all that is kept; or JSON: {name: version}, or {module: {name: version}}.",
)
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after so many changes.")
@pass_session
def watch(session: Session, module: str | None, names: tuple[str, ...], since: str | None, count: int | None) -> None:
    """Tell each change when it is made, by whichever process, a line each: of some NAMEs, of a MODULE, or of all modules.

    Ctrl-C ends it.
    """
    seen = None if since is None else versions(since)
    try:
        with session.view() as view, watched(view, module, names, seen) as changes:
            session.output.say("Watching; Ctrl-C ends it.")
            for change in take(session, changes, count):
                data = told(view, change)
                session.output.tell(data, lambda data=data, change=change: line(data, change))  # type: ignore[misc]
    except KeyboardInterrupt:
        return  # as it is meant to end


def versions(since: str) -> Any:
    """Return the versions from which to watch: one for all, or by names."""
    try:
        found = json.loads(since)
    except ValueError:
        found = None
    if isinstance(found, bool) or not isinstance(found, int | dict):
        raise click.BadParameter(f"{since!r} is neither a version nor JSON with versions by name.", param_hint="--since")
    return found


def watched(view: TenantView, module: str | None, names: tuple[str, ...], since: Any) -> Watch[Any]:
    """Return a watch of what was named."""
    if module is not None:
        return view.scope(module).status.watch(*names, since=since)
    if isinstance(since, int):
        since = {scope.module: dict.fromkeys(scope.status.kept_keys().values(), since) for scope in view.scopes()}
    return view.watch(since=since)


def take(session: Session, changes: Watch[Any], count: int | None) -> Iterator[Change]:
    """Yield changes as they come; those that are gone are said, and do not end it."""
    given = 0
    while count is None or given < count:
        try:
            change = changes.take()
        except HistoryTruncated as error:
            session.output.warn(str(error), label="Missed")
            continue
        if change is None:
            return
        given += 1
        yield change


def line(data: dict[str, Any], change: Change) -> str:
    """Return a change on one line, for people."""
    written = "" if data["operation"] == "unset" else f" = {shown(data)}"
    by = f" by {data['actor']}" if data["actor"] else ""
    why = f": {data['reason']}" if data["reason"] else ""
    place = f"{data['module']}.{data['name']}"
    return legible(f"{to_the_second(change.at)}  {place}{written}  (version {data['version']}, {data['operation']}{by}{why})")
