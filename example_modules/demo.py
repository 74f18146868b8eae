"""The main job, to look at: `make demo`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import attrs
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from perdure import App
from perdure.errors import PerdureError

console = Console(highlight=False, width=120, soft_wrap=True)

READER = """
import sys
from perdure import App

with App.open(sys.argv[1]) as app:
    for entry in app.entries():
        print(f"   {entry.module}.{entry.name} = {entry.value!r}  (version {entry.version})")
"""


def heading(text: str) -> None:
    """Begin a part of the demonstration."""
    console.print(f"\n[bold cyan]{text}[/]")


def show(code: str, value: object = "") -> None:
    """Print a line of code and what it gave."""
    console.print(f"   {escape(code):<74} [green]{escape(repr(value)) if value != '' else ''}[/]")


def discovered(app: App) -> None:
    """List which plugins were found, and from which distribution."""
    table = Table("   entry point", "distribution", "version", "status of", "status codes", box=None, padding=(0, 2, 0, 0))
    for plugin in app.report.loaded:
        origin = plugin.origin
        brings = (", ".join(plugin.modules), ", ".join(plugin.families))
        table.add_row(f"   {origin.plugin}", origin.distribution, origin.version, *brings)
    console.print(table)


def walk_through(app: App) -> None:
    """Write and read a module's values: nothing, then something, then something else."""
    status = app.scope("training-student").status
    show('status.get("enable")', status.get("enable"))
    status.set("enable", value=True)
    show('status.set("enable", True); status.get("enable")', status.get("enable"))
    show('status.get("user")', status.get("user"))
    status.set("user", {"name": "zhennann", "age": 18})
    show('status.set("user", {"name": "zhennann", "age": 18}); status.get("user")', status.get("user"))
    status.update("user", lambda user: attrs.evolve(user, age=19))
    show('status.update("user", lambda user: attrs.evolve(user, age=19))', status.get("user"))
    for _ in range(3):
        status.update("visits", lambda visits: visits + 1)
    show('three times status.update("visits", lambda visits: visits + 1)', status.get("visits"))


def keep_apart(app: App) -> None:
    """Show that one name in two modules is two values."""
    course = app.scope("demo-course").status
    show('app.scope("demo-course").status.get("enable")  # a declared default', course.get("enable"))
    course.set("enable", value=False)
    show('app.scope("demo-course").status.set("enable", False)')
    show('app.scope("training-student").status.get("enable")', app.scope("training-student").status.get("enable"))


def refuse(app: App) -> None:
    """Show that what does not fit is refused, and why."""
    status = app.scope("training-student").status
    for name, value in [("enable", "yes"), ("user", {"name": "zhennann", "age": "18"}), ("enabled", True)]:
        try:
            status.set(name, value)
        except PerdureError as error:
            show(f'status.set("{name}", {value!r})')
            console.print(f"      [yellow]{escape(type(error).__name__)}[/] {escape(str(error))}")


def last(url: str) -> None:
    """Read everything in a second process."""
    found = subprocess.run([sys.executable, "-c", READER, url], check=True, capture_output=True, text=True)  # noqa: S603 - our own
    console.print(f"[green]{escape(found.stdout.rstrip())}[/]")


def main() -> None:
    """Run the demonstration on a file of its own."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'app.db'}"
        with App.open(url) as app:
            heading("1. What was pip-installed, and found")
            discovered(app)
            heading('2. status = app.scope("training-student").status')
            walk_through(app)
            heading("3. One name in two modules is two values")
            keep_apart(app)
            heading("4. What does not fit is refused, and nothing is lost")
            refuse(app)
        heading("5. A second process finds what lasted")
        last(url)


if __name__ == "__main__":
    main()
