import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from perdure.errors import AppClosed
from perdure.store.rows import Content, Note


def open_files():
    descriptors = Path("/proc/self/fd")
    return len(list(descriptors.iterdir())) if descriptors.exists() else 0


def in_thread(function, *arguments):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *arguments).result(timeout=20)


def test_a_thread_keeps_its_connection_and_shares_it_with_none(store, key):
    store.read(key)
    mine = store.connections.mine()
    held = mine.connection
    store.read(key)
    assert store.connections.mine() is mine
    assert mine.connection is held
    assert in_thread(lambda: (store.read(key), store.connections.mine().connection)[1]) is not held


def test_connections_of_ended_threads_are_given_back(store, key):
    store.read(key)
    files = open_files()
    for _ in range(200):
        threads = [threading.Thread(target=store.read_value, args=(key,)) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    gc.collect()
    assert store.engine.pool.checkedout() == 1
    assert len(store.connections.known) == 1
    # The database and its log, for each connection that waits for another thread.
    assert open_files() - files <= 2 * 5


def test_memory_is_one_database_for_all_threads_and_no_increment_is_lost(open_store, key):
    store = open_store("sqlite://")

    def increment(transaction):
        row = transaction.lock(key)
        return transaction.put(key, Content(str(int(row.text) + 1 if row else 1)), Note("update"))

    def work():
        for _ in range(200):
            store.transact(key, increment)
            store.read_value(key)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.read_value(key).text == "1600"


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///file:seen?mode=memory&cache=shared&uri=true", None])
def test_no_thread_sees_what_another_has_not_committed(open_store, path, key, put, url):
    store = open_store(url or path)
    put(store, "old")
    seen, written = [], threading.Event()

    def work(transaction):
        transaction.put(key, Content("new"), Note("set"))
        written.set()
        time.sleep(0.2)
        raise RuntimeError

    def read():
        written.wait(10)
        seen.append(store.read_value(key).text)

    reader = threading.Thread(target=read)
    reader.start()
    with pytest.raises(RuntimeError):
        store.transact(key, work)
    reader.join()
    assert seen == ["old"]


@pytest.mark.parametrize("url", ["sqlite://", None])
def test_closing_in_another_thread_lets_readers_end_with_app_closed(open_store, path, put, key, url):
    store = open_store(url or path)
    put(store)
    ends, reading = [], threading.Barrier(5)

    def read():
        try:
            reading.wait(10)
            while True:
                assert store.read_value(key).text == "1"
        except AppClosed as error:
            ends.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    reading.wait(10)
    time.sleep(0.1)
    in_thread(store.close)
    for thread in threads:
        thread.join(10)
    assert len(ends) == 4


def test_closing_waits_for_a_running_transaction_which_then_commits(open_store, path, key):
    store = open_store(path)
    running = threading.Event()

    def work(transaction):
        row = transaction.put(key, Content("1"), Note("set"))
        running.set()
        time.sleep(0.3)
        return row

    thread = threading.Thread(target=store.transact, args=(key, work))
    thread.start()
    running.wait(10)
    store.close()
    thread.join()
    assert open_store(path).read(key).version == 1


def test_a_store_that_nobody_closed_does_not_disturb_the_end_of_the_process(start, path):
    process = start("store = open_store(); put(store, '1'); threading.Thread(target=store.read, args=(KEY,)).start()", path)
    assert process.communicate(timeout=20) == ("", "")
    assert process.returncode == 0
