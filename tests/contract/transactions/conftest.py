"""Callers' transactions, on a SQLite file and on real servers, each on an engine that is as plain as a host's own."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from tests.contract.transactions.house import House, tables_in
from tests.services.databases import MariaDBServer, PostgreSQLServer

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def transaction_servers():
    """The servers, each looked for once, when the first test needs it."""
    found = {}

    def server(kind):
        if kind not in found:
            found[kind] = {"postgresql": PostgreSQLServer, "mariadb": MariaDBServer}[kind]()
        return found[kind]

    yield server
    for each in found.values():
        each.close()


@pytest.fixture
def new_url(transaction_servers, tmp_path):
    """Gives URLs of new databases of one kind, with perdure's tables in them."""
    made = []

    def new_url(kind):
        if kind == "sqlite":
            url = f"sqlite:///{tmp_path / uuid.uuid4().hex}.db"
        else:
            database = transaction_servers(kind).new_database()
            made.append((kind, database))
            url = database.render_as_string(hide_password=False)
        tables_in(url)
        return url

    yield new_url
    for kind, database in made:
        transaction_servers(kind).drop(database)


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
