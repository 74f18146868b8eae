"""Many processes on one database: real processes, killed by real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from perdure import App

MODULE = "training-student"
PREAMBLE = """
import sys
from perdure import App
url = sys.argv[1]
"""


@pytest.fixture
def url(shared_url):
    return shared_url


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PREAMBLE + textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def outcomes(processes: list[subprocess.Popen[str]]) -> list[str]:
    said = [process.communicate(timeout=240) for process in processes]
    for process, (_out, err) in zip(processes, said, strict=True):
        assert process.returncode == 0, err
    return [out for out, _err in said]


def test_what_one_process_wrote_another_reads(url):
    outcomes(
        [start('with App.open(url) as app: app.scope("training-student").status.set("user", {"name": "ada", "age": 36})', url)]
    )
    said = outcomes([start('with App.open(url) as app: print(app.scope("training-student").status.get("user"))', url)])
    assert said == ["User(name='ada', age=36)\n"]


def test_eight_processes_race_to_open_a_new_file_and_to_write_first(url):
    """Names are spread over tenants, so that every process writes every key first."""
    race = """
        for number in range(25):
            with App.open(url, tenant=f"t{number}", durability="normal") as app:
                app.scope("training-student").status.set("visits", int(sys.argv[2]))
    """
    outcomes([start(race, url, number) for number in range(8)])
    with App.open(url) as app:
        rows = [row for number in range(25) for row in app.resources.store.read_module(f"t{number}", MODULE)]
        assert len(rows) == 25
        assert {row.version for row in rows} == {8}


def test_updates_of_eight_processes_are_all_there(url):
    count = """
        with App.open(url, durability="normal") as app:
            for _ in range(50):
                app.scope("training-student").status.update("visits", lambda n: n + 1)
    """
    outcomes([start(count, url) for _ in range(8)])
    with App.open(url) as app:
        entry = app.scope(MODULE).status.entry("visits")
        assert (entry.value, entry.version) == (400, 400)


def test_what_was_acknowledged_before_a_kill_is_there_afterwards(url):
    count = """
        with App.open(url, durability=sys.argv[2]) as app:
            while True:
                print(app.scope("training-student").status.update("visits", lambda n: n + 1).value, flush=True)
    """
    acknowledged = 0
    for durability in ("full", "normal") * 3:
        process = start(count, url, durability)
        assert process.stdout is not None
        for _ in range(20):
            acknowledged = int(process.stdout.readline())
        time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        whole = [line for line in process.stdout if line.endswith("\n")]  # communicate() forgets what readline() has read ahead
        process.communicate(timeout=30)
        acknowledged = int(whole[-1]) if whole else acknowledged
        with App.open(url) as app:
            # One more may have been committed and not yet told.
            assert app.scope(MODULE).status.get("visits") in {acknowledged, acknowledged + 1}
            acknowledged = app.scope(MODULE).status.get("visits")


def test_a_read_sees_what_another_process_has_just_committed(url):
    echo = """
        with App.open(url) as app:
            status = app.scope("training-student").status
            print("ready", flush=True)
            for line in sys.stdin:
                print(status.get("visits"), flush=True)
    """
    command = [sys.executable, "-c", PREAMBLE + textwrap.dedent(echo), url]
    with (
        App.open(url) as app,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader,
    ):
        assert reader.stdin is not None
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        for number in range(50):
            app.scope(MODULE).status.set("visits", number)
            reader.stdin.write("?\n")
            reader.stdin.flush()
            assert reader.stdout.readline() == f"{number}\n"
        reader.stdin.close()


def test_parent_and_forked_child_both_go_on(url):
    with App.open(url) as app:
        status = app.scope(MODULE).status
        status.set("visits", 1)
        child = os.fork()
        if child == 0:  # pragma: no cover - another process
            code = 1
            try:
                status.update("visits", lambda n: n + 10)
                code = 0
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert status.update("visits", lambda n: n + 1).value == 12


FORKING = """
import faulthandler, os, threading
faulthandler.dump_traceback_later(60, exit=True)

def busy(app, number):
    for _ in range(40):
        app.tenant(f"t{number}").scope("training-student").status.update("visits", lambda n: n + 1)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                app.resources.modules.clear()  # so that the child compiles, too
                app.scope("demo-course").status.get("enable")
                app.tenant(f"t{number}").scope("training-student").status.update("visits", lambda n: n + 1)
                code = 0
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

with App.open(url, durability="normal") as app:
    threads = [threading.Thread(target=busy, args=(app, number)) for number in range(3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    print([app.tenant(f"t{number}").scope("training-student").status.get("visits") for number in range(3)])
"""


def test_threads_that_fork_at_once_and_their_children_all_go_on(url):
    assert outcomes([start(FORKING, url)]) == ["[80, 80, 80]\n"]
