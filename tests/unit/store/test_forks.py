import gc
import os
import sqlite3
import weakref

import pytest
from sqlalchemy import make_url

from perdure.store import forks
from perdure.store.sqlite.store import SQLiteStore

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

FORK = """
def in_child(function):
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    try:
        function()
    except BaseException as error:
        say(type(error).__name__, error)
    sys.stdout.flush()
    os._exit(0)
"""


@pytest.fixture
def fork(run, path):
    def fork(script):
        said = run(FORK + script, path)
        connection = sqlite3.connect(path)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
        return said

    return fork


def test_a_child_reads_and_writes_through_connections_of_its_own(fork):
    script = """
store = open_store(); put(store, "1")
in_child(lambda: say(store.read_value(KEY).text, put(store, "2").version))
say(store.read_value(KEY).text, put(store, "3").version)
store.close()
"""
    assert fork(script) == ["1 2", "2 3"]


def test_what_a_child_wrote_survives_a_parent_that_closes_first(fork):
    # With an inherited connection in the child, the parent's close deletes the log that the child goes on writing.
    script = """
store = open_store(); put(store, "1")
ready, go = os.pipe(), os.pipe()
if not os.fork():
    put(store, "2"); os.write(ready[1], b"x"); os.read(go[0], 1); put(store, "3"); store.close(); os._exit(0)
os.read(ready[0], 1); store.close(); os.write(go[1], b"x"); os.wait()
store = open_store(); say(store.read(KEY).text, store.read(KEY).version); store.close()
"""
    assert fork(script) == ["3 3"]


@pytest.mark.parametrize("end", ["os._exit(0)", "sys.exit()", "store.close(); gc.collect(); sys.exit()"])
def test_a_fork_within_a_transaction_harms_only_the_child(fork, end):
    script = f"""
import gc
store = open_store(); put(store, "1")
def work(transaction):
    global child
    row = transaction.put(KEY, Content("2"), NOTE)
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    return row
try:
    row = store.transact(KEY, work)
except errors.StoreUnavailable as error:
    say(child, error)
    try:
        store.read(KEY)
    except errors.StoreUnavailable as error:
        say(error)
    {end}
say(store.read(KEY).version, put(store, "3").version); store.close()
"""
    inherited, refused, parent = fork(script)
    assert inherited.startswith("0 demo.visits: the store is unavailable")
    assert "forked while a transaction was running" in refused
    assert parent == "2 3"


def test_a_fork_waits_for_transactions_of_other_threads(fork):
    script = """
store = open_store(); put(store, "1")
running = threading.Event()
def work(transaction):
    row = transaction.put(KEY, Content("2"), NOTE); running.set(); time.sleep(0.5); return row
thread = threading.Thread(target=store.transact, args=(KEY, work)); thread.start(); running.wait()
in_child(lambda: say(store.read_value(KEY).text, put(store, "3").version))
thread.join(); say(put(store, "4").version); store.close()
"""
    assert fork(script) == ["2 3", "4"]


def test_locks_that_other_threads_held_do_not_stop_the_child(fork):
    script = """
store = open_store(); put(store, "1")
stop = threading.Event()
def busy():
    while not stop.is_set():
        store.read(KEY); put(store, "1")
def short():
    while not stop.is_set():
        thread = threading.Thread(target=store.read, args=(KEY,)); thread.start(); thread.join()
threads = [threading.Thread(target=busy) for _ in range(3)] + [threading.Thread(target=short)]
for thread in threads: thread.start()
for number in range(15):
    in_child(lambda: say(put(store, "1", Key("", "demo", f"c{number}")).version))
stop.set()
for thread in threads: thread.join()
say(len([row for row in store.read_module("", "demo") if row.name.startswith("c")])); store.close()
"""
    assert fork(script) == ["1"] * 15 + ["15"]


def test_a_store_in_memory_is_refused_in_the_child(run):
    script = """
store = SQLiteStore.open(make_url("sqlite://")); put(store, "1")
in_child(lambda: store.read(KEY))
in_child(lambda: put(store, "2"))
say(store.read(KEY).version); store.close()
"""
    read, write, parent = run(FORK + script)
    assert read == write
    assert read.startswith("StoreUnavailable")
    assert "memory of the process that opened it" in read
    assert parent == "1"


def test_a_process_pool_that_forks_writes_through_the_inherited_store(fork):
    script = """
import multiprocessing
store = open_store(); put(store, "1")
def write(number):
    for _ in range(20):
        put(store, str(number))
context = multiprocessing.get_context("fork")
children = [context.Process(target=write, args=(number,)) for number in range(4)]
for child in children: child.start()
for child in children: child.join()
say(store.read(KEY).version, [child.exitcode for child in children]); store.close()
"""
    assert fork(script) == ["81 [0, 0, 0, 0]"]


def test_a_closed_store_is_forgotten(open_store, path):
    store = open_store(path)
    assert store.connections in forks.watching
    store.close()
    assert store.connections not in forks.watching


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore:unclosed database:ResourceWarning")
def test_a_store_that_nobody_keeps_is_not_kept_either(path):
    store = SQLiteStore.open(make_url(f"sqlite:///{path}"))
    connections = weakref.ref(store.connections)
    store.engine.dispose()
    del store
    gc.collect()
    assert connections() is None
