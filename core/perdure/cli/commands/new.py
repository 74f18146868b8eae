"""New code: `new module` and `new status`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape

from perdure.cli.command import Group, pass_session
from perdure.cli.output import table
from perdure.errors import PerdureError
from perdure.scaffold.identity import normalized
from perdure.scaffold.module import new_module
from perdure.scaffold.status import new_status

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure.cli.session import Session
    from perdure.scaffold.identity import Identity
    from perdure.scaffold.plan import Plan

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group(cls=Group, short_help="Write the code of a new module, or of a status.")
def new() -> None:
    """Write the code of a new module, or of a status for a package that exists."""


def writing(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of what writes files."""
    force = click.option("--force", is_flag=True, help="Overwrite what is there.")
    return force(click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")(command))


@new.command(short_help="Write a distribution that declares a status.")
@click.argument("name")
@click.option("--directory", type=FOLDER, default=Path(), metavar="DIR", help="Where its folder is made; else here.")
@click.option("--package", metavar="NAME", help="Its package; else NAME with underscores.")
@click.option("--author", metavar="TEXT", help="Who wrote it: 'Ada Lovelace <ada@example.org>'.")
@writing
@pass_session
def module(  # noqa: PLR0913 - each is an option
    session: Session, name: str, directory: Path, package: str | None, author: str | None, *, force: bool, dry_run: bool
) -> None:
    """Write a distribution called NAME that declares a status: ready to be tested, installed and published."""
    identity, plan = new_module(name, directory, package=package, author=author)
    if name != identity.module:
        session.output.say(f"{escape(name)} is written {identity.module}, as pip does.")
    carry_out(session, identity, plan, force=force, dry_run=dry_run)
    if not dry_run:
        session.output.say(f"Next, in {escape(shown(plan.root))} and with pip 25.1 or newer:")
        session.output.say("  python -m pip install --editable . --group dev && python -m pytest")


@new.command(short_help="Add a status to a package that exists.")
@click.option("--package", metavar="NAME", required=True, help="The package that it is for.")
@click.option("--path", type=FOLDER, metavar="DIR", help="The package's folder, or its project's; else it is looked for.")
@click.option("--module", metavar="NAME", help="The module's name; else that of its distribution.")
@writing
@pass_session
def status(  # noqa: PLR0913 - each is an option
    session: Session, package: str, path: Path | None, module: str | None, *, force: bool, dry_run: bool
) -> None:
    """Add a status to a package that exists: its record, its tests, and the entry point by which it is found."""
    identity, plan = new_status(package, path, module=module, force=force)
    carry_out(session, identity, plan, force=force, dry_run=dry_run)
    if not dry_run:
        session.output.say("Next, install it again, for its entry point, and test it:")
        session.output.say(f"  python -m pip install --editable {escape(shown(plan.root))} && python -m pytest")


def carry_out(session: Session, identity: Identity, plan: Plan, *, force: bool, dry_run: bool) -> None:
    """Write a plan, and tell of its files; or only tell, and then refuse what writing would."""
    warn_of_owner(session, identity)
    files = [{"path": shown(each.path), "action": each.action, "written": not dry_run} for each in plan.files]
    if not dry_run:
        plan.write(force=force)
    session.output.tell(files, lambda: table(("action", "file"), ((each["action"], each["path"]) for each in files)))
    if dry_run:
        plan.check(force=force)
    for note in plan.notes:
        session.output.warn(note)


def warn_of_owner(session: Session, identity: Identity) -> None:
    """Say so where another distribution that is installed declares the module."""
    try:
        loaded = session.registry().report.loaded
    except PerdureError:  # what is installed clashes already: no reason not to write
        return
    for each in loaded:
        if identity.module in each.modules and normalized(each.origin.distribution or "") != identity.distribution:
            problem = f"the module {identity.module!r} is declared by {each.origin} already"
            session.output.warn(f"{problem}: an application can have but one of them.", label="Warning")


def shown(path: Path) -> str:
    """Return how a path is shown: from the current folder on, if it lies there."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
