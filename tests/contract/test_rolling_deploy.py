"""Two versions of one module side by side, each in a process of its own: expand, switch, roll back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections import Counter
from itertools import pairwise

import pytest

VERSION_1 = """
import attrs
from perdure import StatusSpec, hookimpl

@attrs.frozen
class Depot:
    count: int = -1_000_000
    price: int = -1_000_000           # in euros

def add_count(count):
    return count + 1

def add_price(price):
    return price + 1

def seen(name, value):
    return value

STATUS = StatusSpec("depot", Depot, history=100_000)

@hookimpl
def perdure_status_specs():
    return [STATUS]
"""

VERSION_2 = """
import os
import attrs
from perdure import StatusSpec, hookimpl

@attrs.frozen
class Count:
    pieces: int
    unit: str = "piece"

@attrs.frozen
class Depot:
    count: Count = Count(-1_000_000)
    price: int = -100_000_000         # in cents

def add_count(count):
    return attrs.evolve(count, pieces=count.pieces + 1)

def add_price(price):
    return price + 100

def seen(name, value):
    return value.pieces if name == "count" else value / 100

STEPS = {
    "record_version": 2,
    "write_version": int(os.environ["WRITES"]),
    "upgrades": {"count": {1: lambda count: {"pieces": count}}, "price": {1: lambda price: price * 100}},
    "downgrades": {"count": {2: lambda count: count["pieces"]}, "price": {2: lambda price: price // 100}},
}
STATUS = StatusSpec("depot", Depot, history=100_000, **STEPS)

@hookimpl
def perdure_status_specs():
    return [STATUS]
"""
CARELESS = VERSION_2.replace(", **STEPS", "").replace('int(os.environ["WRITES"])', "None")

DESK = """
import json
import sys
import depot
from perdure import App, PerdureError

def attempt(work):
    try:
        return work()
    except PerdureError as error:
        return type(error).__name__

def add(times):
    added, refused = {"count": 0, "price": 0}, set()
    steps = {"count": depot.add_count, "price": depot.add_price}
    for _ in range(times):
        for name, step in steps.items():
            said = attempt(lambda: status.update(name, step))
            if isinstance(said, str):
                refused.add(said)
            else:
                added[name] += 1
    return added, sorted(refused)

def begin():
    status.set_many({"count": 0, "price": 0})

def look():
    return {name: attempt(lambda: depot.seen(name, status.get(name))) for name in ("count", "price")}

def overwrite():
    return [attempt(lambda: status.set("price", 7)), attempt(lambda: status.unset("price"))]

def tell():
    return {
        name: [
            [each.version, each.record_version, each.actor, "?" if each.error else depot.seen(name, each.value)]
            for each in reversed(status.history(name, limit=100_000))
        ]
        for name in ("count", "price")
    }

def rewrite():
    told = app.rewrite_values()
    return told.count, len(told.failed)

with App.open(sys.argv[1], plugins=[depot], durability="normal", actor=sys.argv[2]) as app:
    status = app.scope("depot").status
    print("ready", flush=True)
    for line in sys.stdin:
        order, *given = line.split()
        print(json.dumps(globals()[order](*map(int, given))), flush=True)
"""


class Desk:
    """A process of its own that runs one version of the module, and does what it is told."""

    def __init__(self, folder, url, name, **environment):
        command = [sys.executable, "-c", DESK, url, name]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(folder), **environment},
        )
        self.heard("ready\n")

    def heard(self, expected=None):
        line = self.process.stdout.readline()
        assert line, self.process.communicate(timeout=30)[1]
        assert expected in {None, line}
        return line

    def order(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def ask(self, *words):
        self.order(*words)
        return json.loads(self.heard())

    def end(self):
        _, said = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, said


@pytest.fixture
def desk(shared_url, tmp_path):
    """Starts processes with one of the versions of the module, and ends them."""
    for version, text in {"v1": VERSION_1, "v2": VERSION_2, "careless": CARELESS}.items():
        package = tmp_path / version / "depot"
        package.mkdir(parents=True)
        package.joinpath("__init__.py").write_text(textwrap.dedent(text), "utf-8")
    started = []

    def start(version, name, **environment):
        started.append(Desk(tmp_path / version, shared_url, name, **environment))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.end()


ROUNDS = 30
TIMES = 5 * ROUNDS


def at_once(*desks):
    """Have several processes update both names at the same time, and return how often each did, and what it was refused."""
    added, refused = [Counter() for _ in desks], [set() for _ in desks]
    for _ in range(ROUNDS):
        for each in desks:
            each.order("add", TIMES // ROUNDS)
        for number, each in enumerate(desks):
            done, why = json.loads(each.heard())
            added[number].update(done)
            refused[number].update(why)
    return [[dict(each), sorted(why)] for each, why in zip(added, refused, strict=True)]


ALL = [{"count": TIMES, "price": TIMES}, []]


def test_a_rolling_deploy_loses_misreads_and_defaults_nothing(desk):
    # Expand: new code reads both versions, and writes what old code reads.
    old, expanded = desk("v1", "old"), desk("v2", "expanded", WRITES="1")
    old.ask("begin")
    assert at_once(old, expanded) == [ALL] * 2
    total = {"count": 2 * TIMES, "price": 2 * TIMES}
    assert old.ask("look") == expanded.ask("look") == total
    told = old.ask("tell")
    assert told == expanded.ask("tell")
    for changes in told.values():
        assert [(version, value) for version, _, _, value in changes] == [(n + 1, n) for n in range(2 * TIMES + 1)]
        assert {record_version for _, record_version, _, _ in changes} == {1}
        assert {actor for _, _, actor, _ in changes} == {"old", "expanded"}
        assert sum(one[2] != following[2] for one, following in pairwise(changes)) >= ROUNDS

    # Switch: new code writes the new version. Who has expanded goes along; who has not is refused, and overwrites nothing.
    switched = desk("v2", "switched", WRITES="2")
    assert at_once(expanded, switched) == [ALL] * 2
    assert switched.ask("look") == expanded.ask("look") == {"count": 4 * TIMES, "price": 4 * TIMES}
    assert switched.ask("add", 1) == [{"count": 1, "price": 1}, []]
    refused, went_on = at_once(old, switched)
    assert refused == [{"count": 0, "price": 0}, ["ValueFromNewerVersion"]]
    assert went_on == ALL
    assert old.ask("overwrite") == ["ValueFromNewerVersion"] * 2
    assert old.ask("look") == {"count": "ValueFromNewerVersion", "price": "ValueFromNewerVersion"}
    total = {"count": 5 * TIMES + 1, "price": 5 * TIMES + 1}
    assert switched.ask("look") == expanded.ask("look") == total
    told = switched.ask("tell")
    assert told == expanded.ask("tell")
    assert old.ask("tell") == {
        name: [[*change[:3], change[3] if change[1] == 1 else "?"] for change in changes] for name, changes in told.items()
    }

    # Roll back: write the old version again, and rewrite what was written in the new one. Then old code works again.
    switched.end()
    assert expanded.ask("rewrite") == [2, 0]
    assert old.ask("look") == expanded.ask("look") == total
    assert at_once(old, expanded) == [ALL] * 2
    total = {"count": 7 * TIMES + 1, "price": 7 * TIMES + 1}
    assert old.ask("look") == expanded.ask("look") == total
    told = expanded.ask("tell")
    for name, changes in told.items():
        assert [version for version, *_ in changes] == list(range(1, total[name] + 3))  # the first, and what was rewritten
        # Each value once, and that one twice which was rewritten.
        assert [value for *_, value in changes] == [*range(5 * TIMES + 2), *range(5 * TIMES + 1, total[name] + 1)]


def test_while_old_and_new_write_at_once_the_switch_takes_over_at_one_moment(desk):
    old, switched = desk("v1", "old"), desk("v2", "switched", WRITES="2")
    old.ask("add", 1)
    by_old, by_switched = at_once(old, switched)
    assert by_switched == ALL
    assert by_old[1] == ["ValueFromNewerVersion"]
    for name, changes in switched.ask("tell").items():
        values = [value for *_, value in changes]
        assert values == [values[0] + n for n in range(len(values))]
        versions = [record_version for _, record_version, _, _ in changes]
        assert versions == sorted(versions)
        assert versions.count(1) == by_old[0][name] + 1


def test_without_record_versions_a_rolling_deploy_misreads_and_fails(desk):
    """The broken control: new code that changes a shape and does not say so."""
    old, careless = desk("v1", "old"), desk("careless", "careless")
    old.ask("add", 1)
    before = old.ask("look")
    assert careless.ask("look") == {"count": "ValueCorrupt", "price": before["price"] / 100}  # a price that nobody ever set
    assert careless.ask("add", 1)[0]["price"] == 1
    assert old.ask("look")["price"] == before["price"] + 100
