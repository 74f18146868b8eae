"""What is installed: `plugins` and `modules`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from perdure.cli.command import Command, pass_session, words_for
from perdure.cli.output import table
from perdure.errors import DefinitionError, PluginError
from perdure.plugins.loading import load
from perdure.plugins.report import LoadReport
from perdure.records.values.shapes import spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perdure.cli.session import Session
    from perdure.plugins.report import Origin


def origin_data(origin: Origin, state: str, **more: Any) -> dict[str, Any]:
    """Return a plugin as JSON has it."""
    return {"plugin": origin.plugin, "distribution": origin.distribution, "version": origin.version, "state": state, **more}


def plugins_data(report: LoadReport) -> Iterator[dict[str, Any]]:
    """Yield every plugin as JSON has it."""
    nothing: dict[str, Any] = {"modules": (), "families": (), "lifecycles": (), "error": None}
    for each in report.loaded:
        brings = {"modules": each.modules, "families": each.families, "lifecycles": each.lifecycles}
        yield origin_data(each.origin, "loaded", **nothing | brings)
    for origin in report.blocked:
        yield origin_data(origin, "blocked", **nothing)
    for failed in report.failed:
        yield origin_data(failed.origin, "failed", **nothing | {"error": str(failed.error)})


@click.command(cls=Command, short_help="List the plugins: loaded, blocked, failed.")
@pass_session
@click.pass_context
def plugins(context: click.Context, session: Session) -> None:
    """Tell which plugins are loaded, blocked or failed, and why; needs no database.

    Where two of them do not go together, say so, and exit with 1.
    """
    clash = None
    try:
        report = session.registry().report
    except (PluginError, DefinitionError) as error:  # each can be loaded, and they do not go together
        clash, report = error, report_of_each(session)
    found = list(plugins_data(report))
    session.output.tell(
        found,
        lambda: table(
            ("plugin", "distribution", "version", "state", "brings"),
            ([each["plugin"], each["distribution"], each["version"], each["state"], brought(each)] for each in found),
        ),
    )
    if clash is not None:
        session.output.fail(words_for(clash))
        context.exit(1)


def report_of_each(session: Session) -> LoadReport:
    """Load every plugin by itself, and tell what came of it."""
    selection = session.selection()
    contributions, failed = load(selection.candidates, "skip")
    report = LoadReport(tuple(each.told() for each in contributions), selection.blocked, tuple(failed), selection.unmatched)
    session.tell_of(report)
    return report


def brought(plugin: dict[str, Any]) -> Text | str:
    """Return what people are told that a plugin brings, or why it does not."""
    if plugin["error"]:
        return Text(plugin["error"], style="red")
    return ", ".join([*plugin["modules"], *plugin["families"], *plugin["lifecycles"]])


@click.command(cls=Command, short_help="List the modules, their names and types.")
@pass_session
def modules(session: Session) -> None:
    """Tell which modules declare a status, and their names and types; needs no database."""
    found: list[dict[str, Any]] = [
        {
            "module": spec.module,
            "record_version": spec.record_version,
            "names": [
                {
                    "name": field.name,
                    "type": spelled(field.annotation),
                    "secret": field.secret,
                    "lifecycle": None if field.lifecycle is None else field.lifecycle.__qualname__,
                    "description": field.description,
                }
                for field in spec.fields.values()
            ],
        }
        for spec in session.registry().specs.values()
    ]
    session.output.tell(
        found,
        lambda: table(
            ("module", "name", "type", "description"),
            ([each["module"], name["name"], name["type"], name["description"]] for each in found for name in each["names"]),
        ),
    )
