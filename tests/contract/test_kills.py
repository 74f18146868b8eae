"""Eight processes update one counter, and some of them are killed in the middle of it."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading

import attrs

from perdure import App, StatusSpec

from .conftest import plugin

PROCESSES = 8
KILLS = 6
BETWEEN_KILLS = 40
"""How many updates are acknowledged before the next process is killed."""


@attrs.frozen
class Desk:
    count: int = 0


DESK = StatusSpec("desk", Desk, history=1_000_000)

UPDATING = """
import os, sys, threading
import attrs
from types import ModuleType
from perdure import App, StatusSpec, hookimpl

@attrs.frozen
class Desk:
    count: int = 0

class Plugin:
    @hookimpl
    def perdure_status_specs(self):
        return [StatusSpec("desk", Desk, history=1_000_000)]

over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
with App.open(sys.argv[1], plugins=[Plugin()], durability="normal", actor=str(os.getpid())) as app:
    status = app.scope("desk").status
    print("ready", flush=True)
    while not over.is_set():
        print(status.update("count", lambda n: n + 1).version, flush=True)
"""


class Updating:
    """A process that updates until it is told to end, or is killed; and what it has said so far."""

    def __init__(self, url, acknowledgements, code=UPDATING):
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.actor = str(self.process.pid)
        self.versions = []
        self.acknowledgements = acknowledgements
        self.listening = threading.Thread(target=self.listen)
        self.ready = threading.Event()
        self.listening.start()

    def listen(self):
        for line in self.process.stdout:
            if line == "ready\n":
                self.ready.set()
            elif line.endswith("\n"):  # what a killed process was about to say is not said
                self.versions.append(int(line))
                self.acknowledgements.put(None)

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(30)
        self.listening.join(30)
        self.close()

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(60) == 0, self.process.stderr.read()
        self.listening.join(30)
        self.close()

    def close(self):
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()


def test_kills_lose_nothing_that_was_acknowledged_and_nothing_counts_twice(shared_url):
    acknowledgements = queue.Queue()
    with App.open(shared_url, plugins=[plugin(DESK)]) as app:
        running, killed = [Updating(shared_url, acknowledgements) for _ in range(PROCESSES)], []
        try:
            for each in running:
                assert each.ready.wait(60)
            for _ in range(KILLS):
                for _ in range(BETWEEN_KILLS):
                    acknowledgements.get(timeout=60)
                killed.append(running.pop(0))
                killed[-1].kill()
                running.append(Updating(shared_url, acknowledgements))
            assert running[-1].ready.wait(60)
        finally:
            for each in running:
                each.end()

        status = app.scope("desk").status
        entry = status.entry("count")
        history = status.history("count", limit=1_000_000)[::-1]
        acknowledged = {version: each.actor for each in (*running, *killed) for version in each.versions}
        assert len(acknowledged) == sum(len(each.versions) for each in (*running, *killed)) >= KILLS * BETWEEN_KILLS
        assert len(acknowledged) <= entry.value <= len(acknowledged) + KILLS
        assert entry.version == entry.value == len(history)
        assert [(each.version, each.value) for each in history] == [(n, n) for n in range(1, entry.value + 1)]
        # Each update is that of the process to which it was acknowledged; the few others are those of the killed.
        by_version = {each.version: each.actor for each in history}
        assert acknowledged.items() <= by_version.items()
        untold = [actor for version, actor in by_version.items() if version not in acknowledged]
        assert len(untold) == len(set(untold))
        assert set(untold) <= {each.actor for each in killed}
        store = app.resources.store
        assert [row.version for row in store.read_tenant("")] == [entry.version]
        assert status.update("count", lambda n: n + 1).version == entry.version + 1


def test_who_reads_and_then_writes_loses_updates(shared_url):
    """The broken control: the same with `get` and `set`."""
    acknowledgements = queue.Queue()
    code = UPDATING.replace('status.update("count", lambda n: n + 1)', 'status.set("count", status.get("count") + 1)')
    with App.open(shared_url, plugins=[plugin(DESK)]) as app:
        running = [Updating(shared_url, acknowledgements, code) for _ in range(3)]
        try:
            status = app.scope("desk").status
            acknowledgements.get(timeout=60)
            while (entry := status.entry("count")).value == entry.version:
                acknowledgements.get(timeout=60)
        finally:
            for each in running:
                each.end()
        assert status.entry("count").value < sum(len(each.versions) for each in running)
