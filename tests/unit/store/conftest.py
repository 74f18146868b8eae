"""Stores on real files, and Python processes to race, fork and kill."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import make_url

from perdure.names import Key
from perdure.store.rows import Content, Note
from perdure.store.sqlite.store import SQLiteStore

CORE = Path(__file__).parents[3] / "core"

PRELUDE = """
import os, sys, sqlite3, threading, time
from sqlalchemy import make_url
from perdure import errors
from perdure.names import Key
from perdure.store.rows import Content, Note
from perdure.store.sqlite.store import SQLiteStore
KEY, NOTE = Key("", "demo", "visits"), Note("set")
def open_store(**options):
    return SQLiteStore.open(make_url("sqlite:///" + sys.argv[1]), **options)
def put(store, text, key=KEY, note=NOTE):
    return store.transact(key, lambda transaction: transaction.put(key, Content(text), note))
def say(*words):
    print(*words, flush=True)
def become_stranger():
    SQLiteStore.open(make_url("sqlite://")).close()  # imports what is needed while it can be read
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
"""


@pytest.fixture
def key():
    return Key("", "demo", "visits")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "app.db"


@pytest.fixture
def open_store():
    opened = []

    def open_store(url, **options):
        url = url if "://" in str(url) or str(url) == "sqlite://" else f"sqlite:///{url}"
        opened.append(SQLiteStore.open(make_url(url), **options))
        return opened[-1]

    yield open_store
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store, path):
    return open_store(path)


@pytest.fixture
def put(key):
    def put(store, text="1", at=key, **note):
        return store.transact(at, lambda transaction: transaction.put(at, Content(text), Note("set", **note)))

    return put


@pytest.fixture
def start():
    """Start a Python process that runs a script after the prelude; what still runs at the end is killed."""
    running = []

    def start(script, *arguments):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(CORE), os.environ.get("PYTHONPATH", "")])}
        process = subprocess.Popen(
            [sys.executable, "-c", PRELUDE + script, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def run(start):
    """Run a script to its end and return the lines it said."""

    def run(script, *arguments):
        process = start(script, *arguments)
        said, complaints = process.communicate(timeout=60)
        assert process.returncode == 0, complaints
        return said.splitlines()

    return run


@pytest.fixture
def run_all(start):
    """Run the same script in several processes, all from the same moment on, and return the lines of each."""

    def run_all(count, script, *arguments):
        processes = [start("say('ready'); sys.stdin.readline()\n" + script, *arguments, number) for number in range(count)]
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.communicate(timeout=90) for process in processes]
        assert [process.returncode for process in processes] == [0] * count, [complaints for _, complaints in said]
        return [lines.splitlines() for lines, _ in said]

    return run_all
