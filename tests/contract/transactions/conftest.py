"""Callers' transactions, on a SQLite file and on real servers, each on an engine that is as plain as a host's own."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from functools import cache
from pathlib import Path

import pytest
from tests.contract.transactions.house import House, tables_in
from tests.services.databases import MariaDBServer, PostgreSQLServer

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def free_databases():
    """Databases of servers, made when they are needed, and used again: making one takes longer than most tests."""
    kinds = {"postgresql": cache(PostgreSQLServer), "mariadb": cache(MariaDBServer)}
    free = {kind: [] for kind in kinds}

    def take(kind):
        server = kinds[kind]()
        return free[kind].pop() if free[kind] else server.new_database().render_as_string(hide_password=False)

    yield take, free
    for server in kinds.values():
        if server.cache_info().currsize:
            server().close()


@pytest.fixture
def new_url(free_databases, tmp_path):
    """Gives URLs of databases of one kind that have perdure's tables, and nothing in them."""
    take, free = free_databases
    taken = []

    def new_url(kind):
        if kind == "sqlite":
            url = f"sqlite:///{tmp_path / uuid.uuid4().hex}.db"
        else:
            url = take(kind)
            taken.append((kind, url))
        tables_in(url)
        return url

    yield new_url
    for kind, url in taken:
        free[kind].append(url)


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def kind(request):
    return request.param


@pytest.fixture
def open_house(new_url, kind):
    """Opens a host's engine beside an App's store, and disposes of both."""
    opened = []

    def open_house(url=None, **options):
        opened.append(House(url or new_url(kind), **options))
        return opened[-1]

    yield open_house
    for house in opened:
        house.close()


@pytest.fixture
def house(open_house):
    return open_house()


@pytest.fixture
def start():
    """Start Python processes that run a script against a URL; what still runs at the end is killed."""
    running = []

    def start(script, *arguments):
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(ROOT), str(ROOT / "core")]),
        }
        process = subprocess.Popen(
            [sys.executable, "-c", f"from tests.contract.transactions.house import *\n{script}", *map(str, arguments)],
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
