"""The main job, to look at: `make demo`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import create_engine, select

import order_desk
from order_desk.orders import history
from perdure import App, graph
from perdure.errors import PerdureError
from perdure_user import UserLifecycle, UserStatuses

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


def remember(app: App) -> None:
    """Show what becomes of a change: it is told of, kept, and taken back."""
    status = app.scope("training-student").status
    with app.watch() as watch, app.acting_as("ada"):
        changes = status.set_many({"enable": False, "visits": 0}, reason="a new term")
        show('status.set_many({"enable": False, "visits": 0}, reason="a new term")')
        for _ in changes:
            show("watch.take()", watch.take())
    show('[change.version for change in status.history("visits")]', [change.version for change in status.history("visits")])
    last_change = status.history("visits")[0]
    show("(last_change.actor, last_change.reason)", (last_change.actor, last_change.reason))
    status.revert_change_set(changes)
    show('status.revert_change_set(changes); status.get("visits")', status.get("visits"))
    seen = status.entry("visits")
    status.update("visits", lambda visits: visits + 1)
    try:
        status.compare_and_set("visits", 100, version=seen.version if seen else 0)
    except PerdureError as error:
        show('status.compare_and_set("visits", 100, version=seen.version)  # somebody was faster')
        console.print(f"      [yellow]{escape(type(error).__name__)}[/] {escape(str(error))}")


def vocabulary(app: App) -> None:
    """Show a family and a lifecycle that one plugin publishes and another extends."""
    users, moves = app.families[UserStatuses], graph(app.lifecycles[UserLifecycle])
    show('UserStatuses.is_valid("409_ON_LEAVE")  # as perdure-user wrote it', UserStatuses.is_valid("409_ON_LEAVE"))
    show('app.families[UserStatuses].is_valid("409_ON_LEAVE")  # with staff-leave', users.is_valid("409_ON_LEAVE"))
    show('moves.targets("409_ON_LEAVE")', [str(code) for code in moves.targets("409_ON_LEAVE")])
    try:
        moves.check("409_ON_LEAVE", "403_BLOCKED")
    except PerdureError as error:
        show('moves.check("409_ON_LEAVE", "403_BLOCKED")')
        console.print(f"      [yellow]{escape(type(error).__name__)}[/] {escape(str(error))}")


def orders_and_workers(url: str) -> None:
    """Let two workers take the same orders, and one delivery fail at first."""
    engine, delivered, broken = create_engine(url), [], ["cake"]

    def deliver(item: str) -> None:
        if item in broken:
            broken.remove(item)
            raise RuntimeError("the van broke down")
        delivered.append(item)

    order_desk.metadata.create_all(engine)
    with engine.begin() as connection:
        for item in [f"parcel {number}" for number in range(40)] + ["cake"]:
            order_desk.place(connection, item)
        show("order_desk.waiting(connection)", order_desk.waiting(connection))
    with ThreadPoolExecutor() as pool:
        counts = list(pool.map(lambda worker: order_desk.serve(engine, deliver, worker=worker), ["worker 1", "worker 2"]))
    show("two workers served at once; delivered by both together", sum(counts))
    show("delivered twice", len(delivered) - len(set(delivered)))
    with engine.connect() as connection:
        cake = select(history.c.from_code, history.c.to_code, history.c.actor, history.c.reason).where(history.c.entity == "41")
        for before, after, actor, reason in connection.execute(cake.order_by(history.c.id)):
            console.print(f"      cake: {before} -> {after}  {actor or ''}  {reason or ''}")
    engine.dispose()


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
        with App.open(url) as app:
            heading("6. Every change is told of, kept, and can be taken back")
            remember(app)
            heading("7. Status codes that one plugin publishes and another extends")
            vocabulary(app)
        heading("8. A lifecycle on a table of one's own: an order desk with two workers")
        orders_and_workers(url)


if __name__ == "__main__":
    main()
