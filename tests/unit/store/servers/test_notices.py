"""NOTIFY as a reason to look: all pollers here look once in ten minutes, unless a test says otherwise."""

from __future__ import annotations

import logging
import os
import threading
import time
from queue import Empty, SimpleQueue

import pytest
from sqlalchemy import create_engine

from perdure.errors import InvalidArgument
from perdure.names import Key
from perdure.store import forks
from perdure.store.opening import open_store as opened
from perdure.store.rows import Content, Note
from perdure.store.servers import notices
from perdure.store.watching.poller import Poller

PATIENCE = 20.0
LOGGER = "perdure.store"


@pytest.fixture
def server(postgresql):
    return postgresql


@pytest.fixture
def notifying(open_store):
    def notifying(where=None):
        return open_store(where, notify=True)

    return notifying


@pytest.fixture
def poller_of():
    pollers = []

    def poller_of(store, interval=600.0):
        pollers.append(Poller(store, interval))
        return pollers[-1]

    yield poller_of
    for poller in pollers:
        poller.close()


class Woken:
    """What a store calls when it heard something."""

    def __init__(self):
        self.calls = SimpleQueue()

    def __call__(self):
        self.calls.put(time.monotonic())

    def wait(self):
        self.calls.get(timeout=PATIENCE)

    def stays_quiet(self, seconds=0.5):
        try:
            self.calls.get(timeout=seconds)
        except Empty:
            return True
        return False


@pytest.fixture
def listening():
    """Has a store listened to, from when it does."""
    ends = []

    def listening(store):
        woken = Woken()
        ends.append(store.listen(woken))
        woken.wait()
        return woken

    yield listening
    for end in ends:
        end()


def listeners(database):
    """The sessions that listen."""
    found = database.ask(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query = 'LISTEN perdure' AND state = 'idle'"
    )
    return [pid for (pid,) in found]


def wait_until(holds):
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_another_store_is_heard_at_once(notifying, listening, poller_of, put, key):
    reading, writing = notifying(), notifying()
    poller = poller_of(reading)
    feed = poller.follow([key])
    heard = listening(reading)  # a second listener of the same store, which tells when both are there
    for version in range(1, 6):
        put(writing)
        assert feed.take(PATIENCE).version == version
    heard.wait()


def test_another_process_is_heard_at_once(notifying, poller_of, start, database, key):
    feed = poller_of(notifying()).follow([key])
    wait_until(lambda: listeners(database))
    process = start("store = open_store(notify=True); put(store, '1'); say(time.time()); store.close()", database.address)
    assert feed.take(PATIENCE).version == 1
    arrived = time.time()
    said, complaints = process.communicate(timeout=60)
    assert process.returncode == 0, complaints
    assert arrived - float(said) < 5


def test_who_does_not_notify_is_not_heard(open_store, notifying, listening, put):
    woken = listening(notifying())
    put(open_store())
    assert woken.stays_quiet()


def test_nobody_listens_unless_asked(open_store, poller_of, put, key, database):
    store = open_store()
    feed = poller_of(store).follow([key])
    put(store)
    assert feed.take(PATIENCE).version == 1
    assert listeners(database) == []
    assert [thread.name for thread in threading.enumerate() if thread.name == "perdure-notices"] == []


@pytest.fixture(params=["own engine", "host's engine"])
def writing(request, notifying, host_engine):
    """A store that notifies."""
    return notifying(None if request.param == "own engine" else host_engine())


def test_a_callers_transaction_notifies_at_its_commit(writing, notifying, listening, host_engine, key):
    woken = listening(notifying())
    with host_engine().connect() as connection:
        joined = writing.joined(connection)
        for _ in range(3):
            joined.transact(key, lambda transaction: transaction.put(key, Content("1"), Note("set")))
        assert woken.stays_quiet(0.3)
        connection.commit()
    woken.wait()
    assert woken.stays_quiet(0.3)  # one is enough for a transaction


def test_what_was_rolled_back_was_never_heard_of(notifying, listening, database, key):
    store, woken = notifying(), listening(notifying())
    with pytest.raises(ZeroDivisionError):
        store.transact(key, lambda transaction: (transaction.put(key, Content("1"), Note("set")), 1 / 0))
    with pytest.raises(ZeroDivisionError), store.begin() as connection:
        joined = store.joined(connection)
        joined.transact(key, lambda transaction: transaction.put(key, Content("1"), Note("set")))
        raise ZeroDivisionError
    assert woken.stays_quiet()


@pytest.fixture
def feed(notifying, poller_of, key, database):
    """What a store hears that does not look by itself."""
    feed = poller_of(notifying()).follow([key])
    wait_until(lambda: listeners(database))
    return feed


def terminate(database):
    """End the session that listens, and wait for another."""
    (before,) = listeners(database)
    database.ask(f"SELECT pg_terminate_backend({before})")
    wait_until(lambda: listeners(database) not in ([], [before]))


def test_a_terminated_connection_is_replaced_and_nothing_is_missed(feed, notifying, open_store, put, database):
    silent, heard = open_store(), notifying()
    for version in (1, 3):
        put(silent)  # as if its notification had been lost with the connection
        terminate(database)
        assert feed.take(PATIENCE).version == version
        put(heard)
        assert feed.take(PATIENCE).version == version + 1


def test_a_lost_connection_is_said_once_and_so_is_its_return(feed, database, caplog):
    caplog.set_level(logging.INFO, LOGGER)
    terminate(database)
    terminate(database)
    wait_until(lambda: [record.levelname for record in caplog.records] == ["WARNING", "INFO"] * 2)
    assert {record.name for record in caplog.records} == {LOGGER}
    assert "does not tell of other processes' changes" in caplog.text


def test_a_server_that_is_away_is_asked_ever_more_rarely_and_said_once(monkeypatch, caplog, unreachable):
    monkeypatch.setattr(notices, "LONGEST_PAUSE", 0.2)
    made = notices.Notices(unreachable, lambda: None)
    wait_until(lambda: made.pause == 0.2)
    wait_until(lambda: made.away)
    made.end()
    assert [record.levelname for record in caplog.records if record.name == LOGGER] == ["WARNING"]
    assert "secret" not in caplog.text
    assert not made.thread.is_alive()


@pytest.fixture
def unreachable():
    engine = create_engine("postgresql+psycopg://user:secret@127.0.0.1:1/nowhere")
    yield engine
    engine.dispose()


def test_its_end_is_quick_and_leaves_no_connection(notifying, poller_of, key, database):
    poller = poller_of(notifying())
    feed = poller.follow([key])
    wait_until(lambda: listeners(database))
    began = time.monotonic()
    poller.close()
    assert time.monotonic() - began < 5
    assert feed.take() is None
    wait_until(lambda: listeners(database) == [])
    assert not any(thread.name == "perdure-notices" for thread in threading.enumerate())


def test_it_takes_no_connection_of_the_pool(notifying, host_engine, listening, put, key):
    engine = host_engine(pool_size=1, max_overflow=0, pool_timeout=1)
    store = notifying(engine)
    woken = listening(store)
    put(store)
    woken.wait()
    assert engine.pool.checkedout() == 0


def test_it_is_forgotten_by_forks_once_it_ended(notifying):
    before = set(forks.watching)
    end = notifying().listen(lambda: None)
    assert end.__self__ in forks.watching
    end()
    assert end.__self__ not in forks.watching
    assert before <= set(forks.watching)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_listens_for_itself_and_leaves_its_parents_connection_alone(start, database):
    script = """
import gc
from perdure.store.watching.poller import Poller
store = open_store(notify=True); poller = Poller(store, 600.0); feed = poller.follow([KEY])
def listeners():
    text = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query = 'LISTEN perdure'"
    return store.fetch(text, ())[0][0]
def wait_for(count):
    until = time.monotonic() + 20
    while listeners() != count and time.monotonic() < until:
        time.sleep(0.02)
    return listeners()
say("parent", wait_for(1))
inherited = poller.end_listening
ready, go = os.pipe(), os.pipe()
child = os.fork()
if not child:
    fresh = poller.follow([KEY]); say("child", wait_for(2))
    inherited()  # not ours to end
    del inherited; gc.collect()
    os.write(ready[1], b"x")
    say("child", fresh.take(20).version); poller.close(); store.close(); sys.exit()
os.read(ready[0], 1)
other = open_store(notify=True); put(other, "1")
os.waitpid(child, 0)
say("parent", feed.take(20).version, wait_for(1))
put(other, "2")
say("parent", feed.take(20).version)
poller.close(); other.close(); store.close()
"""
    process = start(script, database.address)
    said, complaints = process.communicate(timeout=90)
    assert process.returncode == 0, complaints
    assert said.splitlines() == ["parent 1", "child 2", "child 1", "parent 1 1", "parent 2"]


def test_other_databases_refuse(tmp_path, database_of):
    for address in (f"sqlite:///{tmp_path / 'app.db'}", "sqlite://", database_of("mariadb").address):
        with pytest.raises(
            InvalidArgument, match="PostgreSQL only; elsewhere watchers look every watch_interval seconds"
        ) as raised:
            opened(address, notify=True)
        assert raised.value.argument == "notify"
    assert not (tmp_path / "app.db").exists()


def test_a_flood_of_notifications_wakes_and_ends_nothing(notifying, poller_of, put, key):
    feed, other = poller_of(notifying()).follow([key]), notifying()
    names = [Key("", "elsewhere", f"n{number}") for number in range(200)]
    for name in names:
        put(other, at=name)
    put(other)
    assert feed.take(PATIENCE).version == 1
