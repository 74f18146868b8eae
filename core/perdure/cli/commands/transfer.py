"""What is stored, out of one database and into another: `export` and `import`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import IO, TYPE_CHECKING, Any

import attrs
import click

from perdure.cli.asking import ask, yes_option
from perdure.cli.command import Command, pass_session
from perdure.cli.files import TARGET, refuse_unwritable, write_whole
from perdure.cli.names import MODULE
from perdure.cli.output import several, stdout, table
from perdure.cli.progress import progress
from perdure.errors import place
from perdure.names import REASON_LENGTH, Key
from perdure.records.fields import MASK
from perdure.transfer.document import DocumentInvalid, read
from perdure.transfer.exporting import export as exported
from perdure.transfer.importing import WRITING, Importing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from perdure.app import App
    from perdure.cli.output import Output
    from perdure.cli.session import Session
    from perdure.transfer.document import Document, LeftOut
    from perdure.transfer.importing import Step

SHOWN = 60
"""How many characters of a value people are shown."""

LISTED = 20
"""How many names people are told before they are told of how many more there are."""

STDIN = "<stdin>"
"""What Python calls stdin."""

WHY = {
    "secret": "secrets",
    "unreadable": "values that cannot be read",
    "undeclared": "what no loaded plugin declares, so that nobody knows whether it is secret",
}


@click.command("export", cls=Command, short_help="Write what is stored as a JSON document.")
@click.argument("module", type=MODULE, required=False)
@click.option("--all-tenants", is_flag=True, help="The values of every tenant, not of one.")
@click.option("--output", "file", type=TARGET, metavar="FILE", help="Write to a file that only you can read, in place of stdout.")
@pass_session
def export(session: Session, module: str | None, file: str | None, *, all_tenants: bool) -> None:
    """Write what is stored as one JSON document, of one MODULE or of all; `perdure import` reads it.

    Secrets are left out, and so are values that cannot be read and what no plugin declares; the document names them. The history
    stays behind.
    """
    file = None if file == "-" else file
    if all_tenants and session.tenant is not None:
        raise click.UsageError("--tenant and --all-tenants exclude each other.")
    if file is not None:
        refuse_unwritable(file)
    with session.app() as app:
        tenants = app.tenants() if all_tenants else [app.tenant_name if session.tenant is None else session.tenant]
        with progress("Exporting tenants") as tell:
            document = exported(app.resources, tenants, module, progress=tell)
        say_left_out(session.output, app, document.left_out)
    text = document.text(indent=None if session.as_json and file is None else 2) + "\n"
    of = several(document.count, "value") + (f" of {several(len(tenants), 'tenant')}" if all_tenants else "")
    if file is None:
        click.echo(text.encode(), nl=False, file=stdout())  # UTF-8, whatever the terminal's encoding is
    else:
        write_whole(file, text, private=True)
        left_out = [attrs.asdict(each) for each in document.left_out]
        data = {"file": file, "values": document.count, "tenants": tenants, "left_out": left_out}
        session.output.tell(data, lambda: None)
    session.output.say(f"Exported {of}. Their history stays behind.")


def say_left_out(output: Output, app: App, left_out: Sequence[LeftOut]) -> None:
    """Say what is not in a document, by the names that it has today."""
    for why, what in WHY.items():
        of_kind = [each for each in left_out if each.why == why]
        told = [f"{called(app, each)}{f' ({each.problem})' if each.problem else ''}" for each in of_kind]
        if told:
            output.warn(f"{what}: {enumerated(told)}.", label="Left out")


def called(app: App, left_out: LeftOut) -> str:
    """Return what is called today what is stored under a module and name."""
    key = Key(left_out.tenant, left_out.module, left_out.name)
    return place(*(app.resources.place_of(key) if key.module in app.resources.registry.by_stored_module else key))


def enumerated(told: Sequence[str]) -> str:
    """Return several things in a row, or a few of very many."""
    more = len(told) - LISTED
    return ", ".join(told) if more <= 0 else f"{', '.join(told[:LISTED])} and {more} more"


# --------------------------------------------------------------------------- and in again


class Source(click.File):
    """A file to read, or stdin, if there is one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> IO[Any]:
        """Open it."""
        if value == "-" and sys.stdin is None:
            self.fail("stdin is closed.", param, ctx)
        return super().convert(value, param, ctx)


@click.command("import", cls=Command, short_help="Store what an exported document holds, or nothing of it.")
@click.argument("file", type=Source("rb"))
@click.option("--dry-run", is_flag=True, help="Tell what would become of each name, and write nothing.")
@click.option("--exact", is_flag=True, help="Also unset what is stored in the document's modules and is not in it; asks.")
@click.option("--restore", is_flag=True, help="Let a lifecycle begin in its middle, where nothing is stored.")
@click.option("--reason", help="Why; kept in the history. Else 'import of FILE'.")
@click.option("--actor", help="Who writes; else the user who runs this.")
@yes_option
@pass_session
def import_(  # noqa: PLR0913 - each is an option, given by name
    session: Session,
    file: IO[bytes],
    *,
    reason: str | None,
    actor: str | None,
    dry_run: bool,
    exact: bool,
    restore: bool,
    yes: bool,
) -> None:
    """Store what a FILE holds that `perdure export` wrote: all of it, or nothing if anything is refused. `-` is stdin.

    A value that is stored already is left alone, and so is what is not in the document. A value with a lifecycle moves only where
    the lifecycle lets it.
    """
    name = getattr(file, "name", STDIN)
    source = "stdin" if name == STDIN else click.format_filename(name)
    document = document_in(file, source, session.only_tenant)
    why = f"import of {source}"[:REASON_LENGTH] if reason is None else reason

    def importing(app: App) -> Importing:
        return Importing.of(app.resources, document, reason=why, actor=actor, restore=restore, exact=exact)

    def rehearsal(app: App) -> None:
        planned = importing(app).plan()
        if any(step.effect == "refused" for step in planned):
            tell(session.output, planned, source, dry_run=False)

    with session.app("look" if dry_run else "create", rehearsal=rehearsal, imagine=dry_run) as app:
        steps = importing(app).plan() if dry_run else done(importing(app), source, yes=yes)
    tell(session.output, steps, source, dry_run=dry_run)


def document_in(file: IO[bytes], source: str, tenant: str | None) -> Document:
    """Return the document that a file holds, or only the part of it that is about one tenant.

    Raises:
        click.BadParameter: It holds none, or nothing of the tenant.
    """
    try:
        document = read(file.read().decode("utf-8-sig"))
    except (UnicodeDecodeError, DocumentInvalid) as error:
        raise click.BadParameter(f"{source} is no document of `perdure export`: {error}.", param_hint="FILE") from None
    if tenant is None:
        return document
    if tenant not in document.tenants:
        there = enumerated([repr(each) for each in document.tenants]) or "nobody"
        raise click.BadParameter(f"{source} has nothing of the tenant {tenant!r}. It is about {there}.", param_hint="FILE")
    return attrs.evolve(document, tenants={tenant: document.tenants[tenant]})


def done(importing: Importing, source: str, *, yes: bool) -> list[Step]:
    """Import, after asking whether names are to be unset."""
    if any(each.brought is None for each in importing.candidates):
        planned = importing.plan()
        unset = [place(*step.place) for step in planned if step.effect == "unset"]
        if any(step.effect == "refused" for step in planned):
            return planned
        if unset:
            ask(f"Unset what is not in {source}: {enumerated(unset)}?", yes=yes)
    with progress("Importing") as tell_progress:
        return importing.run(tell_progress)


def tell(output: Output, steps: Sequence[Step], source: str, *, dry_run: bool) -> None:
    """Tell what has become of each name, or would; exit with 1 where anything is refused."""
    refused = [step for step in steps if step.effect == "refused"]
    counts = Counter(step.effect for step in steps)
    data = {
        "file": source,
        "dry_run": dry_run,
        "written": not dry_run and not refused and bool(WRITING & counts.keys()),
        "counts": dict(sorted(counts.items())),
        "names": list(map(step_data, steps)),
    }
    output.tell(data, lambda: None if refused and not dry_run else rows_of(steps))
    if refused:
        problems = "\n".join(f"  {problem_of(step)}" for step in refused)
        outcome = "This would be refused, and with it everything" if dry_run else "Nothing was imported, for this is refused"
        output.fail(f"{outcome} ({len(refused)} of {len(steps)}):\n{problems}")
        click.get_current_context().exit(1)
    told = ", ".join(f"{count} {effect}" for effect, count in sorted(counts.items())) or "there is nothing in it"
    output.say(f"{'Nothing was written; it would be: ' if dry_run else 'Imported: '}{told}.")


def problem_of(step: Step) -> str:
    """Return why a name is refused, with its place in front, once."""
    where = f"{place(*step.place)}: "
    return where + (step.problem or "").removeprefix(where)


def rows_of(steps: Iterable[Step]) -> Any:
    """Return what becomes of each name, for people; None where nothing becomes of any."""
    told = [step for step in steps if step.effect not in ("unchanged", "refused")]
    several = any(step.place[0] for step in told)
    columns = (*(["tenant"] if several else []), "module", "name", "effect", "from", "value")
    rows = ((*step.place[0 if several else 1 :], step.effect, before(step), after(step)) for step in told)
    return table(columns, rows) if told else None


def before(step: Step) -> str:
    """Return for people what was stored."""
    return "" if step.effect in {"created", "restored"} else shown(step, step.before)


def after(step: Step) -> str:
    """Return for people what is stored now."""
    return "" if step.effect == "unset" else shown(step, step.after)


def shown(step: Step, text: str | None) -> str:
    """Return a value for people."""
    if step.secret:
        return MASK
    return "" if text is None else text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def step_data(step: Step) -> dict[str, Any]:
    """Return what becomes of a name, as JSON has it."""
    tenant, module, name = step.place
    return {
        "tenant": tenant,
        "module": module,
        "name": name,
        "effect": step.effect,
        "secret": step.secret,
        "before": None if step.before is None else json.loads(step.before),
        "value": None if step.after is None else json.loads(step.after),
        "problem": step.problem,
    }
