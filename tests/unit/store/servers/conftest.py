"""Stores on real servers: found, or started, and each test in a database of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool
from tests.services.databases import MariaDBServer, PostgreSQLServer

from perdure.names import Key
from perdure.store.opening import open_store as opened
from perdure.store.rows import Content, Note

CORE = Path(__file__).parents[4] / "core"

PRELUDE = """
import os, sys, time, threading
from perdure import errors
from perdure.names import Key
from perdure.store.opening import open_store as opened
from perdure.store.rows import Content, Note
KEY, NOTE = Key("", "demo", "visits"), Note("set")
def open_store(**options):
    return opened(sys.argv[1], **options)
def put(store, text, key=KEY, note=NOTE):
    return store.transact(key, lambda transaction: transaction.put(key, Content(text), note))
def increment(transaction):
    row = transaction.lock(KEY)
    return transaction.put(KEY, Content(str(int(row.text) + 1)), NOTE)
def say(*words):
    print(*words, flush=True)
"""

SERVERS = {"postgresql": PostgreSQLServer, "mariadb": MariaDBServer}
running = {}


def running_server(name):
    if name not in running:
        running[name] = SERVERS[name]()
    return running[name]


@pytest.fixture(scope="session", autouse=True)
def servers_end():
    yield
    for server in running.values():
        server.close()
    running.clear()


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request):
    return running_server(request.param)


@pytest.fixture
def postgresql():
    return running_server("postgresql")


@pytest.fixture
def mariadb():
    return running_server("mariadb")


class Database:
    """An empty database, and what an administrator can do to it."""

    def __init__(self, server):
        self.server = server
        self.kind = server.name
        self.url = server.new_database()

    @property
    def address(self):
        return self.url.render_as_string(hide_password=False)

    def ask(self, statement):
        """Run a statement from outside, and return the rows if it has any."""
        engine = create_engine(self.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            result = connection.exec_driver_sql(statement)
            return result.fetchall() if result.returns_rows else None

    def end_sessions(self):
        """End every session of the database but our own, as an administrator or a failover would."""
        if self.kind == "postgresql":
            others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            return len(self.ask(f"SELECT pg_terminate_backend(pid) {others}"))
        ids = self.ask("SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()")
        for (number,) in ids:
            try:
                self.ask(f"KILL {number}")
            except Exception as error:
                if "1094" not in str(error):  # it is gone already
                    raise
        return len(ids)


@pytest.fixture
def database(server):
    made = Database(server)
    yield made
    server.drop(made.url)


@pytest.fixture
def database_of():
    made = []

    def database_of(name):
        made.append(Database(running_server(name)))
        return made[-1]

    yield database_of
    for one in made:
        one.server.drop(one.url)


@pytest.fixture
def open_store(database):
    """Opens stores, on this test's database unless another is given, and closes them."""
    stores = []

    def open_store(where=None, **options):
        stores.append(opened(where if where is not None else database.url, **options))
        return stores[-1]

    yield open_store
    for store in stores:
        store.close()


@pytest.fixture
def store(open_store):
    return open_store()


@pytest.fixture
def host_engine(database):
    made = []

    def host_engine(**options):
        made.append(create_engine(database.url, **options))
        return made[-1]

    yield host_engine
    for engine in made:
        engine.dispose()


@pytest.fixture
def key():
    return Key("", "demo", "visits")


@pytest.fixture
def put(key):
    def put(store, text="1", at=key, **note):
        return store.transact(at, lambda transaction: transaction.put(at, Content(text), Note("set", **note)))

    return put


@pytest.fixture
def start():
    """Start a Python process that runs a script after the prelude; what still runs at the end is killed."""
    processes = []

    def start(script, *arguments):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(CORE), os.environ.get("PYTHONPATH", "")])}
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        command = [sys.executable, "-c", PRELUDE + script, *map(str, arguments)]
        processes.append(subprocess.Popen(command, **pipes, text=True, env=environment))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()
