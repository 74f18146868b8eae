"""What is wrong, and what to do about it: `doctor`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs
import click
from rich.console import Console
from rich.text import Text

from perdure.cli.command import Command, pass_session
from perdure.cli.output import plainly, several
from perdure.cli.rows import legible
from perdure.errors import PerdureError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perdure.cli.session import Session
    from perdure.doctor.diagnosis import Diagnosis
    from perdure.doctor.finding import Finding, Severity

HEADINGS: dict[Severity, tuple[str, str]] = {
    "error": ("Errors", "bold red"),
    "warning": ("Warnings", "bold yellow"),
    "info": ("Good to know", "bold"),
}


@click.command(cls=Command, short_help="Compare what is installed with what is stored.")
@click.option("--strict", is_flag=True, help="Exit with 1 for a warning too.")
@click.option("--deep", is_flag=True, help="Look through all of a SQLite file and of the history, however long that takes.")
@pass_session
@click.pass_context
def doctor(context: click.Context, session: Session, *, strict: bool, deep: bool) -> None:
    """Compare what is installed with what is stored, for all tenants, and say what to do. Nothing is changed.

    Exits with 1 where there is an error.
    """
    with progress() as tell:
        diagnosis = diagnosed(session, deep=deep, tell=tell)
    ok = diagnosis.ok(strict=strict)
    data = {"ok": ok, "findings": [attrs.asdict(each) for each in diagnosis.findings], "checked": list(diagnosis.checked)}
    session.output.tell(data, lambda: list(report(diagnosis)))
    context.exit(0 if ok else 1)


def diagnosed(session: Session, *, deep: bool, tell: Callable[[str, int], None]) -> Diagnosis:
    """Examine what is installed, or the host's own App; one that does not open is told of, and what is installed examined."""
    from perdure.doctor.case import Case  # noqa: PLC0415 - start-up: no other command needs it
    from perdure.doctor.diagnosis import diagnose  # noqa: PLC0415 - as above

    failure: Exception | None = None
    if session.target is not None:
        try:
            host = session.found_host(migrate=False)
        except click.UsageError:
            raise
        except (PerdureError, click.ClickException) as refused:
            failure = refused
        else:
            try:
                return diagnose(Case.of_app(host.app, deep=deep, progress=tell))
            finally:
                if host.made:
                    host.app.close()
    return diagnose(Case.of_what_is_installed(session.url, session.redis, failure=failure, deep=deep, progress=tell))


@contextmanager
def progress() -> Iterator[Callable[[str, int], None]]:
    """Show on stderr how far it is, if that is a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _step, _count: None
        return
    with console.status("Looking …") as status:
        yield lambda step, count: status.update(f"Looking … {count} {step}")


def report(diagnosis: Diagnosis) -> Iterator[Text]:
    """Yield what was found for people: the worst first, with what to do."""
    for severity, (heading, style) in HEADINGS.items():
        found = [each for each in diagnosis.findings if each.severity == severity]
        if found:
            yield Text(heading, style=style)
        yield from map(shown, found)
    yield Text(f"{several(diagnosis.count('error'), 'error')}, {several(diagnosis.count('warning'), 'warning')}", style="bold")


def shown(finding: Finding) -> Text:
    """Return a finding in three lines: where, what, and what to do."""
    where = Text(f"  {legible(finding.where)}", style="bold")
    what = plainly(f"    {finding.problem}.")
    return Text("\n").join(
        [
            where + Text(f"  [{finding.code}]", style="not bold dim"),
            Text(what),
            Text(f"    Do: {legible(finding.advice)}"),
            Text(),
        ]
    )
