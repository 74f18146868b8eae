from __future__ import annotations

import os
import subprocess
import sys

import pytest
from sqlalchemy import create_engine
from tests.services.databases import MariaDBServer, PostgreSQLServer
from tests.services.redis import redis_masters

from perdure.lock.advisory import AdvisoryNamedLocks, MariaDBSessionLocks, PostgreSQLSessionLocks
from perdure.lock.files import FileNamedLocks
from perdure.lock.masters import masters_at
from perdure.lock.memory import MemoryNamedLocks
from perdure.lock.redlock import RedlockNamedLocks
from perdure.metrics import Counters


@pytest.fixture(scope="session")
def five_masters():
    with redis_masters(5) as started:
        yield started


@pytest.fixture
def servers(five_masters):
    """Five masters, as new again after the test, whatever it did to them."""
    yield five_masters
    for server in five_masters:
        server.restore()


@pytest.fixture
def clients(servers):
    """Makes new clients of the first so many masters, and closes them."""
    made = []

    def of(count=3):
        made.extend(masters := masters_at(server.url for server in servers[:count]))
        return masters

    yield of
    for each in made:
        each.close()


@pytest.fixture(scope="session")
def databases():
    """Makes the engine of a new database on a server, by its name."""
    servers, engines = {}, []

    def engine(name):
        if name not in servers:
            servers[name] = {"postgresql": PostgreSQLServer, "mariadb": MariaDBServer}[name]()
        engines.append(create_engine(servers[name].new_database(), pool_size=1, max_overflow=0, pool_timeout=1))
        return engines[-1]

    yield engine
    for each in engines:
        each.dispose()
    for each in servers.values():
        each.close()


@pytest.fixture
def counters():
    return Counters()


@pytest.fixture(params=["redlock", "postgresql", "mariadb", "file", "memory"])
def locks(request, counters):
    """Every kind of named locks."""
    kind = request.param
    if kind == "redlock":
        return RedlockNamedLocks(request.getfixturevalue("clients")(3), counters)
    if kind == "memory":
        return MemoryNamedLocks(counters)
    if kind == "file":
        return FileNamedLocks(request.getfixturevalue("tmp_path") / "app.db", counters)
    engine = request.getfixturevalue("databases")(kind)
    session_locks = {"postgresql": PostgreSQLSessionLocks, "mariadb": MariaDBSessionLocks}[kind]()
    return AdvisoryNamedLocks(engine, session_locks, counters)


@pytest.fixture
def child():
    """Starts Python processes of our own, and ends them."""
    started = []

    def start(code, *arguments):
        command = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
        env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, map(os.path.abspath, sys.path)))}
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
