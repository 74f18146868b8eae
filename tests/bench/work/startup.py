"""Starting: importing perdure, reading a value in a new process, and opening an App among many distributions."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING

from tests.bench.comparison import Comparison, Count
from tests.bench.environments import Environment
from tests.bench.measure import Candidate
from tests.bench.places import SQLITE
from tests.bench.target import MILLISECONDS, NUMBER, Target

if TYPE_CHECKING:
    from contextlib import ExitStack

    from tests.bench.places import Places

INSTALLED, OURS = 300, 20
ROUNDS = 20
ANY = "any"
IMPORT = "import perdure"
COLD = "a get from a cold start"
AMONG = f"App.open among {INSTALLED} distributions, {OURS} of them with modules"
SCANNED = "the scan and the imports"
BARE, SQLALCHEMY = "bare Python", "import sqlalchemy"

HEAVY = ("sqlalchemy", "redis", "pottery", "alembic", "click", "rich")
COUNT_HEAVY = f"import sys, perdure; print(sum(name in sys.modules for name in {HEAVY!r}))"

FILL = """
import sys
from perdure import App
with App.open(sys.argv[1]) as app:
    app.scope("bench-module-00").status.set("enable", True)
"""
READ = """
import sys
from perdure import App
with App.open(sys.argv[1]) as app:
    assert app.scope("bench-module-00").status.get("enable") is True
"""
READY = """
import sys, time
from importlib.metadata import entry_points
from perdure import App
App.open(sys.argv[1], plugins=[]).close()
began = time.perf_counter()
"""
OPEN = READY + "app = App.open(sys.argv[1])\nprint(time.perf_counter() - began)"
SCAN = READY + "found = [each.load() for each in entry_points(group='perdure')]\nprint(time.perf_counter() - began)"


@cache
def environment(places: Places, ours: int, installed: int) -> Environment:
    """Return an environment with so many modules for perdure, among so many distributions."""
    made = Environment(places.folder / f"venv-{ours}-{installed}")
    for number in range(ours):
        made.publish(number)
    made.fill(installed)
    return made


def process(name: str, where: Environment, shown: str, code: str, *arguments: str) -> Candidate:
    """Return a candidate that is a whole process, from its start to its end."""

    def seconds(count: int) -> float:
        began = time.perf_counter()
        for _ in range(count):
            where.run(code, *arguments)
        return time.perf_counter() - began

    return Candidate(name, seconds, shown)


def part(name: str, where: Environment, shown: str, code: str, *arguments: str) -> Candidate:
    """Return a candidate that is a part of a process, which tells by itself how long it took."""
    return Candidate(name, lambda count: sum(float(where.run(code, *arguments)) for _ in range(count)), shown)


def importing(places: Places, _stack: ExitStack) -> list[Candidate]:
    """Return who only imports."""
    where = environment(places, 1, 0)
    app = "from perdure import App"
    codes = {BARE: "pass", "perdure": IMPORT, f"perdure, {app}": app, SQLALCHEMY: SQLALCHEMY}
    return [process(name, where, f"python -c '{code}'", code) for name, code in codes.items()]


def starting(places: Places, _stack: ExitStack) -> list[Candidate]:
    """Return who comes to a value from nothing."""
    where, url = environment(places, 1, 0), places.new(SQLITE).url
    where.run(FILL, url)
    return [
        process(SQLALCHEMY, where, f"python -c '{SQLALCHEMY}'", SQLALCHEMY),
        process("perdure", where, "python -c '… App.open(url).scope(module).status.get(name)'", READ, url),
        process(BARE, where, "python -c 'pass'", "pass"),
    ]


def opening(places: Places, _stack: ExitStack) -> list[Candidate]:
    """Return who finds and imports twenty modules among three hundred distributions."""
    where, url = environment(places, OURS, INSTALLED), places.new(SQLITE).url
    where.run(READY, url)
    scan = "[each.load() for each in entry_points(group='perdure')]"
    return [part(SCANNED, where, scan, SCAN, url), part("perdure", where, "App.open(url)", OPEN, url)]


def heavy(places: Places) -> float:
    """Return how many of the heavy libraries `import perdure` imports."""
    return float(environment(places, 1, 0).run(COUNT_HEAVY))


WORKS = (
    Comparison("import", IMPORT, ANY, BARE, importing, (Target(IMPORT, ANY, 60, BARE, MILLISECONDS),), rounds=ROUNDS),
    Count("import-heavy", Target(IMPORT, ANY, 0, f"of {', '.join(HEAVY)} in sys.modules", NUMBER), heavy),
    Comparison("cold-start", COLD, SQLITE, SQLALCHEMY, starting, (Target(COLD, SQLITE, 2, SQLALCHEMY),), rounds=ROUNDS),
    Comparison("open-many", AMONG, SQLITE, SCANNED, opening, (Target(AMONG, SQLITE, 1.3, SCANNED),), rounds=ROUNDS),
)
