import os
import pickle
import signal
import sqlite3
import threading
import time
from contextlib import closing

import pytest

from perdure.errors import AppClosed, StoreError, StoreUnavailable
from perdure.names import Key
from perdure.store.rows import Content, Note
from perdure.store.sqlite.store import SQLiteStore

INCREMENTS = """
store = open_store(durability="normal")
def increment(transaction):
    row = transaction.lock(KEY)
    return transaction.put(KEY, Content(str(int(row.text) + 1)), NOTE)
for _ in range(150):
    store.transact(KEY, increment)
store.close()
"""

INCREMENTS_READ_OUTSIDE_THE_LOCK = """
store = open_store(durability="normal")
for _ in range(150):
    seen = int(store.read_value(KEY).text)
    store.transact(KEY, lambda transaction: transaction.put(KEY, Content(str(seen + 1)), NOTE))
store.close()
"""


def test_a_value_is_read_as_it_was_written(store, put, key):
    row = put(store, '"x"', actor="ada")
    assert (row.text, row.version, row.actor) == ('"x"', 1, "ada")
    assert store.read(key) == row
    assert store.read_value(key) == ('"x"', "json", 1)


def test_what_was_never_written_is_none(store, key):
    assert store.read_value(key) is None
    assert store.read(key) is None
    assert store.transact(key, lambda transaction: transaction.lock(key)) is None


def test_reading_writes_nothing(store, key, path):
    before = path.read_bytes()
    store.read(key)
    store.read_module("", "demo")
    assert store.read_tenant("") == []
    assert path.read_bytes() == before


def test_racing_first_writes_of_processes_make_one_row_each(run_all, store):
    script = """
store = open_store()
for number in range(100):
    key = Key("", "demo", f"n{number}")
    put(store, sys.argv[2], key)
store.close()
"""
    run_all(8, script, store.location.path)
    rows = store.read_module("", "demo")
    assert len(rows) == 100
    assert {row.version for row in rows} == {8}


def test_no_increment_of_several_processes_is_lost(run_all, store, put, key):
    put(store, "0")
    run_all(4, INCREMENTS, store.location.path)
    assert store.read_value(key).text == "600"
    assert store.read(key).version == 601


def test_broken_control_reading_outside_the_lock_loses_increments(run_all, store, put, key):
    put(store, "0")
    run_all(4, INCREMENTS_READ_OUTSIDE_THE_LOCK, store.location.path)
    assert int(store.read_value(key).text) < 600
    assert store.read(key).version == 601


@pytest.mark.parametrize("durability", ["full", "normal"])
def test_every_acknowledged_write_survives_kill_9(start, path, open_store, durability):
    script = f"""
store = open_store(durability={durability!r})
number = 0
while True:
    number += 1
    put(store, str(number), Key("", "demo", f"n{{number % 50}}"))
    say(number)
"""
    for _ in range(3):
        process = start(script, path)
        acknowledged = [int(process.stdout.readline()) for _ in range(60)]
        os.kill(process.pid, signal.SIGKILL)
        acknowledged += [int(line) for line in process.stdout.read().splitlines() if line]
        expected = {f"n{number % 50}": number for number in acknowledged}
        store = open_store(path)
        found = {row.name: int(row.text) for row in store.read_module("", "demo")}
        # One write may have been committed and not yet acknowledged.
        unsaid = {f"n{(acknowledged[-1] + 1) % 50}": acknowledged[-1] + 1}
        assert found in (expected, expected | unsaid)
        store.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_lock_held_for_a_while_is_waited_out(store, put, path):
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.5, other.execute, ["COMMIT"])
    timer.start()
    began = time.monotonic()
    assert put(store).version == 1
    assert 0.4 < time.monotonic() - began < 5
    timer.join()
    other.close()


def test_a_lock_held_too_long_is_an_error_that_says_for_how_long(open_store, path, put, key):
    opened = open_store(path)
    store = SQLiteStore(opened.location, opened.engine, patience=0.3)
    with store.connections.mine().mutex:
        store.connections.lend(store.connections.mine()).execute("PRAGMA busy_timeout = 1000")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match=r"demo\.visits: .*app\.db.* locked for 1 s") as raised:
        put(store)
    assert raised.value.key == key
    other.close()
    assert put(store).version == 1
    store.close()


def test_a_thread_does_not_wait_for_ever_for_another_threads_transaction(open_store, path, put, key):
    opened = open_store(path)
    store = SQLiteStore(opened.location, opened.engine, patience=0.2)
    started, done = threading.Event(), threading.Event()

    def linger(transaction):
        started.set()
        done.wait(10)

    thread = threading.Thread(target=store.transact, args=(key, linger))
    thread.start()
    started.wait(10)
    with pytest.raises(StoreUnavailable, match="another thread's transaction"):
        put(store)
    done.set()
    thread.join()
    store.close()


def test_what_work_raises_comes_out_as_it_is_and_nothing_is_written(store, key):
    problem = ValueError("mine")

    def work(transaction):
        transaction.put(key, Content("1"), Note("set"))
        raise problem

    with pytest.raises(ValueError, match="mine") as raised:
        store.transact(key, work)
    assert raised.value is problem
    assert store.read(key) is None


def test_an_sqlite_error_of_the_works_own_making_is_neither_retried_nor_translated(store, key):
    tries = []

    def work(transaction):
        tries.append(1)
        raise sqlite3.OperationalError("database is locked")

    with pytest.raises(sqlite3.OperationalError):
        store.transact(key, work)
    assert tries == [1]


def test_work_may_read_and_sees_its_own_writes(store, key):
    def work(transaction):
        transaction.put(key, Content("7"), Note("set"))
        return store.read_value(key).text

    assert store.transact(key, work) == "7"


@pytest.mark.parametrize("url", ["sqlite://", None])
def test_a_write_within_a_write_is_refused_and_not_a_deadlock(open_store, path, key, put, url):
    store = open_store(url or path)
    with pytest.raises(StoreUnavailable, match="within the function of another"):
        store.transact(key, lambda transaction: put(store))
    assert put(store).version == 1


def test_every_call_after_close_is_app_closed(store, put, key):
    put(store)
    store.close()
    store.close()
    for call in (
        lambda: store.read_value(key),
        lambda: store.read(key),
        lambda: store.read_module("", "demo"),
        lambda: store.read_tenant(""),
        lambda: put(store),
    ):
        with pytest.raises(AppClosed, match=r"app\.db"):
            call()


def test_closing_within_a_transaction_undoes_it(open_store, path, key):
    store = open_store(path)

    def work(transaction):
        transaction.put(key, Content("1"), Note("set"))
        store.close()
        return transaction.put(key, Content("2"), Note("set"))

    with pytest.raises(AppClosed):
        store.transact(key, work)
    assert open_store(path).read(key) is None


def test_rows_come_in_order_and_of_one_tenant_and_module_only(store, put):
    for tenant, module, name in [("", "b", "y"), ("", "b", "x"), ("", "a", "z"), ("t", "b", "x")]:
        put(store, at=Key(tenant, module, name))
    assert [row.name for row in store.read_module("", "b")] == ["x", "y"]
    assert [(row.module, row.name) for row in store.read_tenant("")] == [("a", "z"), ("b", "x"), ("b", "y")]
    assert [row.tenant for row in store.read_tenant("t")] == ["t"]


def test_keys_that_differ_in_case_accent_or_blanks_are_different(store, put):
    names = ["enable", "Enable", "enable ", "énable", "e\u0301nable"]
    for name in names:
        put(store, f'"{name}"', at=Key("", "demo", name))
    assert {row.name: row.text for row in store.read_module("", "demo")} == {name: f'"{name}"' for name in names}


def test_a_store_error_survives_pickling(store, tmp_path, open_store):
    with pytest.raises(StoreError) as raised:
        open_store(tmp_path / "missing" / "app.db")
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)
