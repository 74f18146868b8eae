"""Reads of SQLite that never wait: done at once, or not at all."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
from sqlalchemy import make_url

from perdure.errors import AppClosed, StoreUnavailable
from perdure.names import Key
from perdure.store.protocol import WouldWait
from perdure.store.rows import Content, Note
from perdure.store.sqlite.hasty import MOST_ROWS, MOST_TEXT
from perdure.store.sqlite.store import SQLiteStore

KEY = Key("", "module", "name")


def put(store, *keys, text="1"):
    for key in keys:
        store.transact(key, lambda transaction, key=key: transaction.put(key, Content(text), Note("set")))


@pytest.fixture(params=["file", "memory"])
def store(request, tmp_path):
    store = SQLiteStore.open(make_url(f"sqlite:///{tmp_path}/app.db" if request.param == "file" else "sqlite://"))
    yield store
    store.close()


@pytest.fixture
def hasty(store):
    hasty = store.hasty()
    hasty.prepare()
    return hasty


def test_it_reads_what_is_there_and_writes_as_the_store_does(store, hasty):
    assert hasty.read_value(KEY) is None
    put(hasty, KEY)
    assert hasty.read_value(KEY).text == store.read_value(KEY).text == "1"
    assert hasty.read(KEY) == store.read(KEY)
    assert hasty.read_module("", "module") == store.read_module("", "module")
    assert hasty.read_changes(KEY, limit=9) == store.read_changes(KEY, limit=9)
    with store.begin() as connection:
        assert hasty.joined(connection).read(KEY) == store.read(KEY)
    assert hasty.shown == store.shown


def test_before_it_is_connected_it_would_wait(store):
    own = store.hasty()
    if own.own is not None:
        with pytest.raises(WouldWait):
            own.read_value(KEY)
    own.prepare()
    own.prepare()
    assert own.read_value(KEY) is None


def test_it_would_wait_for_whoever_has_the_connection(hasty):
    used, go_on = threading.Event(), threading.Event()

    def use():
        with hasty.held.mutex:
            used.set()
            go_on.wait(20)

    thread = threading.Thread(target=use)
    thread.start()
    assert used.wait(20)
    with pytest.raises(WouldWait):
        hasty.read_value(KEY)
    go_on.set()
    thread.join()
    assert hasty.read_value(KEY) is None


@pytest.mark.parametrize("length", [MOST_TEXT // 2, MOST_TEXT + 1])
def test_long_values_are_left_to_who_has_time(hasty, length):
    put(hasty, KEY, text="x" * length)
    if length < MOST_TEXT:
        assert hasty.read_value(KEY).text == "x" * length
    else:
        with pytest.raises(WouldWait):
            hasty.read_value(KEY)


@pytest.mark.parametrize("count", [MOST_ROWS, MOST_ROWS + 1, 3 * MOST_ROWS])
def test_many_rows_are_left_to_who_has_time(hasty, count):
    put(hasty, *(Key("", "module", f"name {number}") for number in range(count)))
    if count <= MOST_ROWS:
        assert len(hasty.read_module("", "module")) == count
    else:
        with pytest.raises(WouldWait):
            hasty.read_module("", "module")
    put(hasty, KEY)  # nothing of the read is left that a write would wait for


def test_damage_is_left_to_a_patient_read_to_tell(store, hasty):
    put(store, KEY)
    connection = store.connections.mine().connection
    connection.execute("UPDATE perdure_status SET value = CAST(X'22FF22' AS TEXT)")
    with pytest.raises(WouldWait):
        hasty.read_value(KEY)
    assert store.read_value(KEY).text == '"\\xff"'


def test_it_is_closed_with_its_store(store, hasty):
    store.close()
    with pytest.raises(WouldWait):
        hasty.read_value(KEY)
    with pytest.raises(AppClosed):
        hasty.prepare()


def test_a_file_that_is_gone_is_told_of(tmp_path):
    store = SQLiteStore.open(make_url(f"sqlite:///{tmp_path}/app.db"))
    hasty = store.hasty()
    hasty.prepare()
    (tmp_path / "app.db").unlink()
    store.watch.due = 0
    with pytest.raises(StoreUnavailable, match="deleted or moved away"):
        hasty.read_value(KEY)
    store.close()


def test_a_host_engine_has_none(tmp_path):
    store = SQLiteStore.open(make_url(f"sqlite:///{tmp_path}/app.db"))
    host = SQLiteStore.open(store.engine)
    assert host.hasty() is None
    host.close()
    store.close()


def test_a_file_that_another_process_has_for_itself_is_not_waited_for(tmp_path):
    store = SQLiteStore.open(make_url(f"sqlite:///{tmp_path}/app.db"))
    put(store, KEY)
    hasty = store.hasty()
    hasty.prepare()
    for one in list(store.connections.known):
        if one is not hasty.own:
            one.give_back(close=True)
    store.engine.dispose()
    hasty.own.connection.execute("PRAGMA journal_mode = DELETE")  # where a writer keeps readers away
    hold = (
        "import sqlite3, sys; connection = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "connection.execute('BEGIN EXCLUSIVE'); print('held', flush=True); sys.stdin.readline(); connection.execute('COMMIT')"
    )
    command = [sys.executable, "-c", hold, str(tmp_path / "app.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        began = time.perf_counter()
        with pytest.raises(WouldWait):
            hasty.read_value(KEY)
        assert time.perf_counter() - began < 1
        process.communicate("\n")
    assert hasty.read_value(KEY).text == "1"
    store.close()


def test_its_connection_is_never_somebody_elses(tmp_path):
    store = SQLiteStore.open(make_url(f"sqlite:///{tmp_path}/app.db"))
    hasty = store.hasty()
    hasty.prepare()
    connection = hasty.own.connection
    hasty.own.give_back()
    with pytest.raises(sqlite3.ProgrammingError):
        connection.execute("SELECT 1")
    assert store.read_value(KEY) is None
    assert store.connections.mine().connection.execute("PRAGMA busy_timeout").fetchone()[0] > 0
    store.close()


def test_a_forked_child_connects_anew(tmp_path):
    store = SQLiteStore.open(make_url(f"sqlite:///{tmp_path}/app.db"))
    put(store, KEY)
    hasty = store.hasty()
    hasty.prepare()
    child = os.fork()
    if not child:
        status = 1
        try:
            hasty.prepare()
            status = 0 if hasty.read_value(KEY).text == "1" else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    hasty.prepare()
    assert hasty.read_value(KEY).text == "1"
    store.close()
