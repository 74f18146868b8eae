"""Modules and names as types for checkers: `stubs`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perdure.cli.command import Command, pass_session
from perdure.cli.files import TARGET, refuse_unwritable, write_whole
from perdure.cli.output import stdout
from perdure.stubs.comparing import says_the_same
from perdure.stubs.source import stubs as generated

if TYPE_CHECKING:
    from perdure.cli.session import Session
    from perdure.stubs.source import Stubs


@click.command(cls=Command, short_help="Write types for checkers: every module and its names.")
@click.option("--output", "file", type=TARGET, metavar="FILE", help="Write to a file in place of stdout.")
@click.option(
    "--check", "checked", type=TARGET, metavar="FILE", help="Write nothing; exit with 1 if FILE is not what would be written."
)
@pass_session
def stubs(session: Session, file: str | None, checked: str | None) -> None:
    """Write a Python module in which checkers know the names of every installed module and their types; needs no database.

    In it, `scope(app, "training-student").status.get("enable")` is `bool | None`, and a wrong name is an error.
    """
    file = None if file == "-" else file
    if file is not None and checked is not None:
        raise click.UsageError("--output and --check exclude each other.")
    if file is not None:
        refuse_unwritable(file)
    found = generated(session.registry())
    for warning in found.warnings:
        session.output.warn(f"{warning}.")
    if checked is not None:
        check(session, found, checked)
        return
    data = {"modules": list(found.modules), "warnings": list(found.warnings)}
    if file is None:
        session.output.tell({**data, "source": found.text}, lambda: None)
        if not session.as_json:
            # UTF-8, as Python reads it, whatever the terminal's encoding is.
            click.echo(found.text.encode(), nl=False, file=stdout())
        return
    changed = not is_current(found, file)
    if changed:
        write_whole(file, found.text)
    session.output.tell({**data, "file": file, "changed": changed}, lambda: None)
    session.output.say(f"{len(found.modules)} modules. " + ("Written." if changed else "It is up to date already."))


def check(session: Session, found: Stubs, file: str) -> None:
    """Tell whether a file is up to date; exit with 1 if not."""
    current = is_current(found, file)
    session.output.tell({"file": file, "up_to_date": current}, lambda: None)
    if not current:
        problem = "is out of date" if Path(file).exists() else "is not there"
        session.output.fail(f"{file} {problem}. Write it anew: perdure stubs --output {shlex.quote(file)}")
        click.get_current_context().exit(1)


def is_current(found: Stubs, file: str) -> bool:
    """Whether a file says what would be written."""
    try:
        return says_the_same(Path(file).read_text("utf-8"), found.text)
    except (FileNotFoundError, UnicodeDecodeError):
        return False
    except OSError as error:
        raise click.BadParameter(f"{file} cannot be read: {error.strerror or error}.") from None
