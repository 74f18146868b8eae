"""How a named lock ends early, and how its holder learns of it."""

from __future__ import annotations

import logging
import os
import signal
import time

import pytest
from sqlalchemy import create_engine

from perdure.errors import LockLost, LockUnavailable
from perdure.lock.advisory import AdvisoryNamedLocks, MariaDBSessionLocks, PostgreSQLSessionLocks, number
from perdure.lock.files import FileNamedLocks
from perdure.lock.keys import named_key
from perdure.lock.redlock import RedlockNamedLocks
from perdure.metrics import Metrics

LEASE = 0.9


def hold(locks, *, timeout=0.0, lease=LEASE):
    return locks.hold("acme", "training-student", "import", timeout=timeout, lease=lease)


def wait_until_lost(held, seconds):
    deadline = time.monotonic() + seconds
    while not held.lost:
        assert time.monotonic() < deadline, "it was never told"
        time.sleep(0.01)
    with pytest.raises(LockLost):
        held.check()


@pytest.mark.parametrize("damage", ["kill", "pause"])
def test_redis_going_away_is_told_when_the_lease_is_over(clients, counters, servers, damage, caplog):
    begun = time.monotonic()
    said = r"training-student.import \(tenant 'acme'\).*not renewed within its lease"
    with pytest.raises(LockLost, match=said), hold(RedlockNamedLocks(clients(), counters)) as held:
        for server in servers[:2]:
            getattr(server, damage)()
        wait_until_lost(held, LEASE + 0.3)
        assert time.monotonic() - begun > LEASE * 0.9
        left = time.monotonic()
    assert time.monotonic() - left < 0.75
    assert counters.snapshot() == Metrics(locks_lost=1)
    assert [each.levelno for each in caplog.records if each.name == "perdure.lock"] == [logging.WARNING]


def test_a_minority_going_away_is_no_loss(clients, counters, servers):
    with hold(RedlockNamedLocks(clients(), counters)) as held:
        servers[0].kill()
        time.sleep(2 * LEASE)
        held.check()


def test_an_outage_shorter_than_the_lease_is_no_loss(clients, counters, servers):
    with hold(RedlockNamedLocks(clients(), counters), lease=2.4) as held:
        time.sleep(0.1)
        for server in servers[:3]:
            server.pause()
        time.sleep(1.2)
        for server in servers[:3]:
            server.resume()
        time.sleep(1.8)
        held.check()


def test_masters_restarted_empty_are_told_at_the_next_renewal(clients, counters, servers):
    with pytest.raises(LockLost, match="do not know of it"), hold(RedlockNamedLocks(clients(), counters), lease=1.5) as held:
        for server in servers[:2]:
            server.kill()
            server.start()
        wait_until_lost(held, 1.2)


def test_a_loss_that_nobody_noticed_is_told_on_leaving(clients, counters, servers):
    with pytest.raises(LockLost, match="when it was released"), hold(RedlockNamedLocks(clients(), counters), lease=60):
        for server in servers[:3]:
            server.client.flushall()


def test_the_bodys_exception_stays_and_has_a_note(clients, counters, servers):
    with pytest.raises(ZeroDivisionError) as caught, hold(RedlockNamedLocks(clients(), counters), lease=60):
        for server in servers[:3]:
            server.client.flushall()
        raise ZeroDivisionError
    assert "the lock was lost while it was held" in caught.value.__notes__[0]


@pytest.mark.parametrize("damage", ["kill", "pause", "require_password"])
def test_redis_away_is_unavailable_in_time_and_never_silently_local(clients, counters, servers, damage):
    for server in servers[:2]:
        getattr(server, damage)(*["secret"] * (damage == "require_password"))
    locks = RedlockNamedLocks(clients(), counters)
    for timeout in (0, 0.5):
        begun = time.monotonic()
        with pytest.raises(LockUnavailable, match="of 3 Redis masters failed"), hold(locks, timeout=timeout):
            pytest.fail("held without Redis")
        assert time.monotonic() - begun < timeout + 0.75


STOPPED = """
import sys
from perdure.errors import LockLost
from perdure.lock.masters import masters_at
from perdure.lock.redlock import RedlockNamedLocks
from perdure.metrics import Counters
try:
    locks = RedlockNamedLocks(masters_at(sys.argv[1:]), Counters())
    with locks.hold("acme", "training-student", "import", timeout=0, lease=0.9) as held:
        print("held", flush=True)
        sys.stdin.readline()
        print("lost" if held.lost else "held", flush=True)
except LockLost:
    print("told", flush=True)
"""


def test_a_holder_stopped_past_its_lease_is_told(clients, counters, servers, child):
    process = child(STOPPED, *(server.url for server in servers[:3]))
    assert process.stdout.readline() == "held\n"
    os.kill(process.pid, signal.SIGSTOP)
    with hold(RedlockNamedLocks(clients(), counters), timeout=5):
        process.stdin.write("go on\n")
        process.stdin.flush()
        os.kill(process.pid, signal.SIGCONT)
        assert process.stdout.readline() == "lost\n"
        assert process.stdout.readline() == "told\n"
    assert counters.snapshot().locks_lost == 0  # the one who was told did not release the other's


KILLED = """
import pathlib, sys
from perdure.lock.files import FileNamedLocks
from perdure.metrics import Counters
with FileNamedLocks(pathlib.Path(sys.argv[1]), Counters()).hold("acme", "training-student", "import", timeout=0, lease=9):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_file_lock_ends_with_its_process(tmp_path, counters, child):
    locks = FileNamedLocks(tmp_path / "app.db", counters)
    process = child(KILLED, tmp_path / "app.db")
    assert process.stdout.readline() == "held\n"
    with pytest.raises(LockUnavailable), hold(locks):
        pytest.fail("held twice")
    process.kill()
    process.wait()
    with hold(locks):
        pass


def test_two_ways_to_one_file_are_one_lock(tmp_path, counters):
    (tmp_path / "app.db").touch()
    (tmp_path / "link.db").symlink_to(tmp_path / "app.db")
    with hold(FileNamedLocks(tmp_path / "app.db", counters)):
        with pytest.raises(LockUnavailable), hold(FileNamedLocks(tmp_path / "link.db", counters)):
            pytest.fail("held twice")
        assert len(list((tmp_path / "app.db.locks").iterdir())) == 1


def test_a_lock_file_that_was_deleted_is_told(tmp_path, counters):
    with pytest.raises(LockLost), hold(FileNamedLocks(tmp_path / "app.db", counters)):
        next((tmp_path / "app.db.locks").iterdir()).unlink()
    assert counters.snapshot().locks_lost == 1


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path, counters):
    (tmp_path / "app.db.locks").touch()
    with pytest.raises(LockUnavailable, match="cannot be locked"), hold(FileNamedLocks(tmp_path / "app.db", counters)):
        pytest.fail("held")


SERVERS = {
    "postgresql": (
        PostgreSQLSessionLocks(),
        "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s",
        lambda key: number(key) & 0xFFFFFFFF,
    ),
    "mariadb": (MariaDBSessionLocks(), "SELECT IS_USED_LOCK(%s)", lambda key: key),
}


@pytest.mark.parametrize("server", SERVERS)
def test_a_session_that_the_server_ends_is_told(databases, counters, server):
    session_locks, statement, argument = SERVERS[server]
    engine = databases(server)
    locks = AdvisoryNamedLocks(engine, session_locks, counters)
    with pytest.raises(LockLost, match="its connection to the database broke"), hold(locks) as held:
        # The pool has one connection, and it is free: a lock's is its own.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            found = connection.exec_driver_sql(statement, (argument(named_key("acme", "training-student", "import")),)).scalar()
            assert found
            if server == "mariadb":
                connection.exec_driver_sql(f"KILL {found}")
        wait_until_lost(held, LEASE)
    assert counters.snapshot() == Metrics(locks_lost=1)
    with hold(locks):
        pass


@pytest.mark.parametrize("server", SERVERS)
def test_a_lock_that_the_session_gave_up_is_told(databases, counters, server):
    locks = AdvisoryNamedLocks(databases(server), SERVERS[server][0], counters)
    with pytest.raises(LockLost, match="does not know of it"), hold(locks) as held:
        locks.session_locks.unlock(held.grip.connection, held.grip.key)
        wait_until_lost(held, LEASE)


SESSIONS = {
    "postgresql": "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mariadb": "SHOW PROCESSLIST",
}


def sessions_beside(connection, server):
    """Whoever else is connected to this connection's database."""
    rows = connection.exec_driver_sql(SESSIONS[server]).all()
    if server == "mariadb":
        ours = connection.exec_driver_sql("SELECT connection_id()").scalar()
        rows = [row for row in rows if row.db == connection.engine.url.database and row.Id != ours]
    return rows


@pytest.mark.parametrize("server", SERVERS)
def test_a_lock_has_one_session_without_a_transaction_and_leaves_none(databases, counters, server):
    engine = databases(server)
    locks = AdvisoryNamedLocks(engine, SERVERS[server][0], counters)
    with hold(locks), engine.connect() as connection:
        (session,) = sessions_beside(connection, server)
        assert server == "mariadb" or session.state == "idle"
    time.sleep(0.1)
    with engine.connect() as connection:
        assert sessions_beside(connection, server) == []


def test_a_database_that_cannot_be_reached_is_unavailable(counters):
    engine = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    locks = AdvisoryNamedLocks(engine, PostgreSQLSessionLocks(), counters)
    with pytest.raises(LockUnavailable, match="the database cannot be asked"), hold(locks, timeout=0.2):
        pytest.fail("held")
