"""Fresh stays fresh: whoever writes, in whichever process, and whatever has been remembered, a read sees it."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool
from tests.unit.store.aged.counting import READS, counted

from perdure import App, StatusSpec, ValueCorrupt

from .conftest import TRAINING, plugin

MODULE = "training-student"
MOST = 100_000
ROOT = Path(__file__).parents[2]

PREAMBLE = """
import mmap, sys, time
from perdure import App
from tests.unit.store.aged.counting import counted
url, path = sys.argv[1:3]
with open(path, "r+b") as file:
    acknowledged = memoryview(mmap.mmap(file.fileno(), 0)).cast("d")
"""

WRITER = """
with App.open(url, durability="normal") as app:
    status = app.scope("training-student").status
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(30_000):
        entry = status.update("visits", lambda visits: visits + 1)
        acknowledged[entry.value] = time.monotonic()
        if acknowledged[0]:
            break
"""

READER = """
with App.open(url, durability="normal") as app:
    status = app.scope("training-student").status
    read = eval(sys.argv[3])(status)
    print("ready", flush=True)
    sys.stdin.readline()
    print(*counted(read, acknowledged, float(sys.argv[4]), float(sys.argv[5])), flush=True)
"""


class Race:
    """Processes that write one value, each write its successor, and tell in shared memory when each was acknowledged."""

    def __init__(self, url, path):
        self.url, self.path = url, path
        path.write_bytes(bytes(8 * MOST))
        with path.open("r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 0)
        self.acknowledged = memoryview(self.memory).cast("d")
        self.processes = []

    def start(self, code, *arguments):
        command = [sys.executable, "-c", PREAMBLE + code, self.url, str(self.path), *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        process = subprocess.Popen(command, text=True, env=environment, **pipes)
        self.processes.append(process)
        return process

    def go(self):
        for process in self.processes:
            assert process.stdout.readline() == "ready\n", process.communicate()
        for process in self.processes:
            process.stdin.write("go\n")
            process.stdin.flush()

    def said(self, process):
        out, err = process.communicate(timeout=60)
        self.processes.remove(process)
        assert process.returncode == 0, err
        return out.split()

    def stop(self):
        self.acknowledged[0] = 1.0
        for process in list(self.processes):
            self.said(process)

    def close(self):
        for process in self.processes:
            process.kill()
            process.communicate()
        self.acknowledged.release()
        self.memory.close()


@contextmanager
def race(url, tmp_path, *, writers=2):
    """Give an App beside writers in processes of their own, which wait for `go`."""
    with App.open(url, durability="normal") as app:
        app.scope(MODULE).status.set_many({"enable": True, "user": {"name": "ada", "age": 36}, "visits": 1})
        running = Race(url, tmp_path / "acknowledged")
        try:
            for _ in range(writers):
                running.start(WRITER)
            yield app, running
        finally:
            running.close()


def test_no_read_in_any_process_is_older_than_what_was_acknowledged_before_it(shared_url, tmp_path):
    with race(shared_url, tmp_path) as (app, running):
        reader = running.start(READER, "lambda status: status", 0.9, 0.0)
        status, remembering = app.scope(MODULE).status, app.scope(MODULE).status.max_age(60)
        running.go()
        reads = READS | {
            "app.entries": lambda _: {(each.module, each.name): each.value for each in app.entries()}[MODULE, "visits"]
        }
        outcomes = []

        def beside():
            assert remembering.get("visits") > 0
            assert remembering.load().visits > 0

        def read():
            outcomes.append(counted(status, running.acknowledged, 0.9, reads=reads, beside=beside))

        threads = [threading.Thread(target=read) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        elsewhere = [int(each) for each in running.said(reader)]
        running.stop()
    assert len(outcomes) == 2
    assert [stale for _, stale in outcomes] + elsewhere[1:] == [0, 0, 0]


def test_the_control_what_may_be_old_is_found_to_be(tmp_path):
    with race(f"sqlite:///{tmp_path / 'app.db'}", tmp_path) as (app, running):
        reader = running.start(READER, "lambda status: status.max_age(60)", 0.4, 0.0)
        status = app.scope(MODULE).status.max_age(60)
        status.get("visits")
        running.go()
        number, stale = counted(status, running.acknowledged, 0.4)
        elsewhere = [int(each) for each in running.said(reader)]
        running.stop()
    assert stale == number
    assert elsewhere[1] > elsewhere[0] / 2


# --------------------------------------------------------------------------- what is remembered of a text


@attrs.frozen
class First:
    amount: int = 0
    flag: bool = False
    tags: list[str] = attrs.field(factory=list)


FIRST = StatusSpec("ledger", First)
SECOND = StatusSpec("ledger", First, record_version=2, upgrades={"amount": {1: lambda amount: amount * 100}})


@pytest.fixture
def open_with(shared_url):
    opened = []

    def open_with(spec):
        opened.append(App.open(shared_url, plugins=[plugin(spec)], durability="normal"))
        return opened[-1].scope("ledger").status

    yield open_with
    for app in opened:
        app.close()


@pytest.fixture
def edit(shared_url, open_with):
    """Changes a cell in the database, as another process would."""
    engine = create_engine(shared_url, poolclass=NullPool)

    def edit(name, column, value):
        with engine.begin() as connection:
            statement = text(f"UPDATE perdure_status SET {column} = :value WHERE name = :name")
            assert connection.execute(statement, {"value": value, "name": name}).rowcount == 1

    yield edit
    engine.dispose()


def ways(status, name):
    """Every way to read a name's value."""
    field = status.field_named(name)
    return [
        lambda: status.get(name),
        field.get,
        lambda: getattr(status.current, name),
        lambda: getattr(status.load(), name),
        lambda: status.entry(name).value,
        lambda: {entry.name: entry.value for entry in status.entries()}[name],
    ]


@pytest.mark.parametrize("remembering", [False, True])
def test_what_was_there_before_comes_back_and_goes_again(open_with, remembering):
    here, there = open_with(FIRST), open_with(FIRST)
    if remembering:
        here.max_age(60).load()
    for value in (1, 2, 1, 1, 3, 1, 2, 2):
        there.set("amount", value)
        for read in ways(here, "amount"):
            assert read() == value
        assert here.entry("amount").version == there.entry("amount").version
        if remembering:
            assert here.max_age(60).get("amount") == 0


def test_equal_texts_of_other_record_versions_are_other_values(open_with, edit):
    here, there = open_with(SECOND), open_with(FIRST)
    there.set("amount", 5)
    for version, value in ((1, 500), (2, 5), (1, 500), (2, 5)):
        edit("amount", "record_version", version)
        for read in ways(here, "amount"):
            assert read() == value


def test_equal_texts_of_other_encodings_are_other_values(open_with, edit):
    here = open_with(FIRST)
    here.set("amount", 5)
    for _ in range(2):
        for read in ways(here, "amount"):
            assert read() == 5
        edit("amount", "encoding", "sealed")
        for read in ways(here, "amount"):
            with pytest.raises(ValueCorrupt, match="encoding"):
                read()
        edit("amount", "encoding", "json")


def test_a_number_is_no_truth_value_and_no_fraction(open_with, edit):
    here = open_with(FIRST)
    here.set_many({"amount": 1, "flag": True})
    fitting, unfit = {"amount": ("1", 1), "flag": ("true", True)}, {"amount": ("true", "1.0", "1e0"), "flag": ("1", "1.0")}
    for name, (stored, value) in fitting.items():
        for other in unfit[name]:
            edit(name, "value", stored)
            for read in ways(here, name):
                assert read() is value
            edit(name, "value", other)
            for read in ways(here, name):
                with pytest.raises(ValueCorrupt):
                    read()
        edit(name, "value", stored)


def test_what_was_unset_is_not_there_until_it_is_set_again(open_with):
    here, there = open_with(FIRST), open_with(FIRST)
    for _ in range(3):
        there.set("amount", 7)
        assert (here.get("amount"), here.entry("amount").value, "amount" in here) == (7, 7, True)
        there.unset("amount")
        assert (here.get("amount"), here.get("amount", "none"), here.entry("amount")) == (0, "none", None)
        assert "amount" not in here
        assert here.load().amount == here.current.amount == 0
        assert here.entries() == []


@pytest.mark.parametrize("age", [None, 60])
def test_nobody_shares_a_value_that_can_be_changed(open_with, age):
    here = open_with(FIRST)
    here.set("tags", ["a"])
    reading = here if age is None else here.max_age(age)
    for read in ways(reading, "tags"):
        mine = read()
        mine.append("of mine")
        assert read() == ["a"]
    here.unset("tags")
    for read in ways(reading, "tags")[:4]:
        read().append("of mine")
        assert read() == []


def test_an_entry_is_handed_out_again_only_while_the_row_is_the_same(open_with):
    here, there = open_with(FIRST), open_with(FIRST)
    there.set("amount", 1, actor="ada")
    seen = here.entry("amount")
    assert here.entry("amount") == seen
    for actor, version in (("ada", 2), ("bob", 3), (None, 4)):
        there.set("amount", 1, actor=actor)
        entry = here.entry("amount")
        assert (entry.value, entry.version, entry.actor) == (1, version, actor)
        assert here.entries() == [entry]
        assert entry.updated_at >= seen.updated_at


def test_what_a_transaction_has_seen_is_not_remembered_for_those_outside(shared_url):
    with App.open(shared_url, plugins=[plugin(TRAINING)]) as app:
        status = app.scope(MODULE).status
        status.set("visits", 1)
        with pytest.raises(ZeroDivisionError), app.begin() as connection:
            inside = status.within(connection)
            inside.set("visits", 2)
            assert (inside.get("visits"), inside.entry("visits").value) == (2, 2)
            raise ZeroDivisionError
        assert (status.get("visits"), status.entry("visits").value) == (1, 1)
        status.set("visits", 3)
        assert (status.get("visits"), status.entry("visits").value) == (3, 3)
