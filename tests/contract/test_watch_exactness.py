"""A watcher sees what the history has, no more and no less, while others write, databases restart, and watchers are killed."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import Counter
from itertools import pairwise
from types import SimpleNamespace

import attrs
import pytest
from tests.services.databases import MariaDBServer, PostgreSQLServer, problem, unprivileged
from tests.services.process import ServerProcess

from perdure import App, StatusSpec
from perdure.errors import HistoryTruncated

from .conftest import plugin

NAMES = ("first", "second", "third")
KEPT = 1_000_000
END = "the end"


@attrs.frozen
class Desk:
    first: str = ""
    second: str = ""
    third: str = ""


def desk(history=KEPT):
    return plugin(StatusSpec("desk", Desk, history=history))


PLUGIN = """
import json, os, sys, threading
import attrs
from perdure import App, StatusSpec, StoreError, hookimpl
from perdure.errors import HistoryTruncated

@attrs.frozen
class Desk:
    first: str = ""
    second: str = ""
    third: str = ""

class Plugin:
    @hookimpl
    def perdure_status_specs(self):
        return [StatusSpec("desk", Desk, history=options["history"])]

url, options = sys.argv[1], json.loads(sys.argv[2])
"""

WRITING = """
over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()

def write(number):
    name = ("first", "second", "third")[number % 3]
    value = f"{options['actor']} {number}"
    if number % 10 == 0:
        status.set_many({name: value, "first": value}, reason="together")
    elif number % 17 == 0:
        status.unset(name)
    elif number % 2:
        status.update(name, lambda _before: value)
    else:
        status.set(name, value)

with App.open(url, plugins=[Plugin()], actor=options["actor"], notify=options["notify"]) as app:
    status = app.scope("desk").status
    print("ready", flush=True)
    number = 0
    while not over.is_set():
        number += 1
        try:
            write(number)
        except StoreError:  # the database is away; what has become of this write, the history says
            over.wait(0.05)
        over.wait(options["pause"])
"""

WATCHING = """
def told(*facts):
    print(json.dumps(facts), flush=True)
    with open(options["cursors"] + ".new", "w") as file:
        json.dump(watch.cursors, file)
    os.replace(options["cursors"] + ".new", options["cursors"])

since = json.load(open(options["cursors"])) if os.path.exists(options["cursors"]) else 0
with App.open(url, plugins=[Plugin()], watch_interval=0.05) as app, app.scope("desk").status.watch(since=since) as watch:
    print("ready", flush=True)
    while True:
        try:
            change = watch.take()
            told(change.name, change.version, change.operation, change.value, change.actor, change.change_set)
        except HistoryTruncated as gap:
            told(gap.name, "gap", gap.since, gap.oldest)
"""


class Process:
    """A process of its own, and what it says, line by line."""

    def __init__(self, code, url, **options):
        command = [sys.executable, "-c", PLUGIN + code, url, json.dumps(options)]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        self.process = subprocess.Popen(command, text=True, **pipes)
        assert self.process.stdout.readline() == "ready\n", self.process.communicate(timeout=30)[1]
        self.said = []

    def hear(self):
        """Wait for a line, and return what it says."""
        line = self.process.stdout.readline()
        assert line, self.process.communicate(timeout=30)[1]
        self.said.append(tuple(json.loads(line)))
        return self.said[-1]

    def kill(self):
        """End it at once; what it was about to say is not said."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.said += [tuple(json.loads(line)) for line in self.process.stdout if line.endswith("\n")]
        self.process.communicate(timeout=30)

    def end(self):
        _, said = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, said


@pytest.fixture
def start():
    """Starts processes, and sees to it that none is left."""
    started = []

    def start_one(code, url, **options):
        started.append(Process(code, url, **options))
        return started[-1]

    yield start_one
    for each in started:
        if each.process.returncode is None:
            each.kill()


class Watcher(threading.Thread):
    """Takes whatever comes, until the last change of every name, and keeps it."""

    def __init__(self, watch):
        super().__init__(daemon=True)
        self.watch, self.seen, self.error, self.arrived = watch, [], None, queue.Queue()
        self.start()

    def run(self):
        ends = 0
        with self.watch as watch:
            while ends < len(NAMES):
                try:
                    change = next(watch)
                except Exception as error:  # noqa: BLE001 - shown by ended()
                    self.error = error
                    return
                self.seen.append(change)
                self.arrived.put(None)
                ends += change.value == END

    def wait_for(self, count):
        """Wait until so many more changes have come."""
        for _ in range(count):
            self.arrived.get(timeout=60)

    def ended(self):
        """Return what came of each name, after everything has."""
        self.join(60)
        assert self.error is None
        assert not self.is_alive()
        return by_name(self.seen)


def by_name(changes):
    return {name: [each for each in changes if each.name == name] for name in NAMES}


def history_of(status):
    """Return the whole history of every name, the earliest change first, if it has no gap."""
    found = {name: status.history(name, limit=KEPT)[::-1] for name in NAMES}
    for name, changes in found.items():
        assert [each.version for each in changes] == list(range(1, status.entry(name).version + 1))
    return found


class Private:
    """A server of this test's own."""

    def found(self):
        return self.started()

    def restart(self, by):
        self.process.end(by, 60)
        command = self.process.process.args
        plain = command[command.index("KILL") + 1 :] if "KILL" in command else command
        self.process = ServerProcess(plain, self.process.log, user=unprivileged(self.user))
        self.process.wait_until(lambda: problem(self.admin) is None)


class PrivatePostgreSQL(Private, PostgreSQLServer):
    user = "postgres"


class PrivateMariaDB(Private, MariaDBServer):
    user = "mysql"


FAST, LIKE_A_CRASH = signal.SIGINT, signal.SIGQUIT

PLACES = {
    "file": (None, False, ()),
    "postgresql": (PrivatePostgreSQL, False, (FAST, LIKE_A_CRASH)),
    "postgresql that notifies": (PrivatePostgreSQL, True, (LIKE_A_CRASH, FAST)),
    "mariadb": (PrivateMariaDB, False, (signal.SIGTERM, signal.SIGTERM)),
}


@pytest.fixture(params=PLACES.values(), ids=PLACES)
def place(request, tmp_path):
    """A database that can be restarted; a file is only written on."""
    kind, notify, restarts = request.param
    if kind is None:
        yield SimpleNamespace(url=f"sqlite:///{tmp_path / 'app.db'}", notify=notify, disturbances=[lambda: None] * 2)
        return
    server = kind()
    url = server.new_database().render_as_string(hide_password=False)
    disturbances = [lambda by=by: server.restart(by) for by in restarts]
    yield SimpleNamespace(url=url, notify=notify, disturbances=disturbances)
    server.close()


def test_a_watcher_sees_exactly_what_the_history_has(place, start):
    with App.open(place.url, plugins=[desk()], watch_interval=0.1, notify=place.notify) as app:
        status = app.scope("desk").status
        watchers = [Watcher(status.watch()), Watcher(app.watch())]
        writers = [start(WRITING, place.url, actor=f"w{n}", notify=place.notify, history=KEPT, pause=0) for n in range(3)]
        for disturb in place.disturbances:
            watchers[0].wait_for(300)
            disturb()
            watchers.append(Watcher(status.watch(since=0)))
        watchers[0].wait_for(300)
        for each in writers:
            each.end()
        for name in NAMES:
            status.set(name, END)
        history = history_of(status)
        actors = {each.actor for changes in history.values() for each in changes}
        assert actors == {"w0", "w1", "w2", None}
        for each in watchers:
            assert each.ended() == history


def once_each(runs):
    """Return what watchers told one after another, each change once, if none but the last one of each was told again."""
    for said in runs:
        for name in NAMES:
            versions = [version for told_name, version, *_ in said if told_name == name]
            assert all(following == version + 1 for version, following in pairwise(versions))
    told = Counter(each for said in runs for each in said)
    repeated = {each: count - 1 for each, count in told.items() if count > 1}
    not_noted = Counter(said[-1] for said in runs[:-1])
    assert repeated.keys() <= not_noted.keys()
    assert all(count <= not_noted[each] for each, count in repeated.items())
    return {name: [each for each in told if each[0] == name] for name in NAMES}


def test_a_killed_watcher_is_followed_by_one_that_goes_on_from_its_cursors(shared_url, start, tmp_path):
    options = {"history": KEPT, "cursors": str(tmp_path / "cursors"), "notify": False, "pause": 0.005}
    with App.open(shared_url, plugins=[desk()]) as app:
        status, runs = app.scope("desk").status, []
        writers = [start(WRITING, shared_url, actor=f"w{n}", **options) for n in range(2)]
        for number in range(5):
            watcher = start(WATCHING, shared_url, **options)
            for _ in range(40 + number):
                watcher.hear()
            watcher.kill()
            runs.append(watcher.said)
        for each in writers:
            each.end()
        for name in NAMES:
            status.set(name, END)
        last, ends = start(WATCHING, shared_url, **options), 0
        while ends < len(NAMES):
            ends += last.hear()[3] == END
        runs.append(last.said)
        history = {
            name: [(each.name, each.version, each.operation, each.value, each.actor, each.change_set) for each in changes]
            for name, changes in history_of(status).items()
        }
        assert once_each(runs) == history


def test_a_watcher_that_comes_back_too_late_is_told_what_is_missing_and_goes_on(shared_url, start, tmp_path):
    options = {"history": 20, "cursors": str(tmp_path / "cursors")}
    with App.open(shared_url, plugins=[desk(history=20)]) as app:
        status = app.scope("desk").status

        def write(first, last):
            for number in range(first, last + 1):
                assert status.set("first", f"{number}").version == number

        write(1, 5)
        watcher = start(WATCHING, shared_url, **options)
        assert [watcher.hear()[1] for _ in range(5)] == [1, 2, 3, 4, 5]
        write(6, 6)
        watcher.hear()
        watcher.kill()
        seen = json.loads((tmp_path / "cursors").read_text("utf-8"))["first"]
        assert seen in {5, 6}

        write(7, 100)
        watcher = start(WATCHING, shared_url, **options)
        assert watcher.hear() == ("first", "gap", seen, 81)
        assert [watcher.hear()[1:4] for _ in range(20)] == [(number, "set", f"{number}") for number in range(81, 101)]
        write(101, 110)
        assert [watcher.hear()[1] for _ in range(10)] == list(range(101, 111))
        watcher.kill()

        status.forget("first")
        with status.watch("first", since=90) as watch:
            with pytest.raises(HistoryTruncated) as raised:
                watch.take(10)
            assert (raised.value.since, raised.value.oldest) == (90, None)
            write(111, 111)
            assert watch.take(10).version == 111


def test_a_watcher_that_keeps_no_cursors_misses_what_came_between(shared_url):
    """The broken control: the same without `since`."""
    with App.open(shared_url, plugins=[desk()]) as app:
        status, seen = app.scope("desk").status, []
        for number in range(3):
            status.set("first", f"between {number}")
            with status.watch() as watch:
                status.set("first", f"seen {number}")
                seen.append(watch.take(10))
        assert [each.version for each in seen] == [2, 4, 6]
        assert len(status.history("first")) == 6
