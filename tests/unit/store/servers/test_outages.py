import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, event, make_url
from sqlalchemy.pool import NullPool
from tests.services.databases import PostgreSQLServer
from tests.services.process import ServerProcess, free_port

from perdure.errors import OutcomeUnknown, StoreFull, StoreReadOnly, StoreUnavailable
from perdure.names import Key
from perdure.store.faults import Address
from perdure.store.opening import open_store as opened
from perdure.store.rows import Content, Note
from perdure.store.servers.store import KEPT_READY


class Loop(threading.Thread):
    """Increments and reads until it is told to end, and keeps count."""

    def __init__(self, store, key):
        super().__init__()
        self.store, self.key = store, key
        self.acknowledged = self.unknown = self.unavailable = self.reads = 0
        self.errors = []
        self.ending = threading.Event()

    def run(self):
        while not self.ending.is_set():
            try:
                self.reads += self.store.read_value(self.key) is not None
                self.store.transact(self.key, self.increment)
                self.acknowledged += 1
            except OutcomeUnknown:
                self.unknown += 1
            except StoreUnavailable:
                self.unavailable += 1
            except Exception as error:  # noqa: BLE001 - shown by end()
                self.errors.append(error)

    def increment(self, transaction):
        row = transaction.lock(self.key)
        return transaction.put(self.key, Content(str(int(row.text) + 1)), Note("set"))

    def end(self):
        self.ending.set()
        self.join(60)
        assert not self.is_alive()
        assert self.errors == []


def test_sessions_killed_in_the_middle_of_loops_lose_nothing(store, put, key, database):
    put(store, "0")
    loops = [Loop(store, key) for _ in range(4)]
    for loop in loops:
        loop.start()
    for _ in range(15):
        time.sleep(0.1)
        database.end_sessions()
    for loop in loops:
        loop.end()
    count = int(store.read_value(key).text)
    acknowledged, unknown = sum(loop.acknowledged for loop in loops), sum(loop.unknown for loop in loops)
    assert acknowledged > 20
    assert acknowledged <= count <= acknowledged + unknown
    assert sum(loop.unavailable for loop in loops) == 0


def test_an_idle_connection_that_was_lost_is_replaced_unseen(store, put, key, database):
    put(store)
    assert database.end_sessions() > 0
    assert store.read_value(key).text == "1"
    database.end_sessions()
    assert put(store, "2").version == 2


def test_a_connection_lost_during_commit_is_an_unknown_outcome(store, put, key, database):
    put(store)

    def work(transaction):
        transaction.put(key, Content("2"), Note("set"))
        database.end_sessions()

    with pytest.raises(OutcomeUnknown, match=r"demo\.visits: .*during COMMIT.*Read 'visits' before writing it again"):
        store.transact(key, work)
    assert put(store, "3").version == 2


def test_a_connection_lost_before_commit_is_tried_again(store, put, key, database):
    put(store)
    tries = []

    def work(transaction):
        tries.append(1)
        if len(tries) < 3:
            database.end_sessions()
        return transaction.put(key, Content("2"), Note("set"))

    assert store.transact(key, work).version == 2
    assert len(tries) == 3


class PrivatePostgreSQL(PostgreSQLServer):
    """A server of this test alone, which may be stopped."""

    def found(self):
        return self.started()

    def stop(self):
        self.process.end(signal.SIGINT, 20)  # "fast": sessions are ended and not waited for

    def start_again(self):
        command = self.process.process.args
        plain = command[command.index("KILL") + 1 :] if "KILL" in command else command
        user = "postgres" if os.geteuid() == 0 else None
        self.process = ServerProcess(plain, self.process.log, user=user)


@pytest.fixture
def private():
    server = PrivatePostgreSQL()
    yield server
    server.process.stop()


def test_a_restart_of_postgresql_is_ridden_out_and_an_outage_is_told_in_time(private, put, key):
    store = opened(private.admin, durability="full")
    put(store, "0")
    loops = [Loop(store, key) for _ in range(3)]
    for loop in loops:
        loop.start()
    time.sleep(0.3)
    private.stop()
    private.start_again()
    time.sleep(1)
    for loop in loops:
        loop.end()
    acknowledged, unknown = sum(loop.acknowledged for loop in loops), sum(loop.unknown for loop in loops)
    assert acknowledged <= int(store.read_value(key).text) <= acknowledged + unknown
    assert sum(loop.unavailable for loop in loops) == 0

    private.stop()
    spent = []
    for call in (lambda: store.read_value(key), lambda: put(store), store.ping):
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:\d+ is running"):
            call()
        spent.append(time.monotonic() - began)
    assert spent[0] < 4
    assert max(spent[1:]) < 1
    with pytest.raises(StoreUnavailable, match=r"^demo\.visits: "):
        store.read_value(key)
    private.start_again()
    private.process.wait_until(lambda: works(store))
    assert put(store, "9").text == "9"
    store.close()


def works(store):
    try:
        return store.ping() > 0
    except StoreUnavailable:
        return False


def test_a_server_that_is_not_there_is_told_with_its_host(database):
    nobody = database.url.set(port=free_port())
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match=f"{nobody.host}:{nobody.port} is running"):
        opened(nobody)
    assert time.monotonic() - began < 5


def test_an_unknown_database_is_named(database):
    with pytest.raises(StoreUnavailable, match="no database 'no_such_database'. Create it first"):
        opened(database.url.set(database="no_such_database"))


def test_a_wrong_password_is_told_without_it(database, mariadb):
    wrong = mariadb.admin.set(username="perdure_nobody", password="hunter2-secret")
    with pytest.raises(StoreUnavailable, match="see that user and password are right") as raised:
        opened(wrong.set(database="x"))
    assert "hunter2" not in str(raised.value)
    assert "hunter2" not in repr(raised.value)


def test_a_row_that_is_locked_for_a_while_is_waited_out(store, put, key, database):
    put(store)
    with database_session(database) as other:
        other.exec_driver_sql("UPDATE perdure_status SET version = version")
        timer = threading.Timer(0.5, other.rollback)
        timer.start()
        began = time.monotonic()
        assert put(store, "2").version == 2
        assert 0.3 < time.monotonic() - began < 5
        timer.join()


def test_a_row_that_stays_locked_is_an_error_that_says_so(open_store, put, key, database):
    store = open_store()
    put(store)
    store.patience = 0.1
    with database_session(database) as other:
        other.exec_driver_sql("UPDATE perdure_status SET version = version")
        with pytest.raises(StoreUnavailable, match=r"demo\.visits: .*another transaction was in the way.*tried for 5"):
            put(store, "2")
        assert store.read_value(key).text == "1"
    assert put(store, "2").version == 2


def database_session(database):
    return create_engine(database.url, poolclass=NullPool).connect()


def test_transactions_that_deadlock_are_tried_again(store, key):
    keys = [Key("", "demo", "a"), Key("", "demo", "b")]
    for each in keys:
        store.transact(each, lambda transaction, each=each: transaction.put(each, Content("0"), Note("set")))
    both = threading.Barrier(2)

    def crosswise(order):
        tries = []

        def work(transaction):
            tries.append(1)
            transaction.put(order[0], Content("1"), Note("set"))
            if len(tries) == 1:
                both.wait(10)
            transaction.put(order[1], Content("1"), Note("set"))

        store.transact(order[0], work)
        return len(tries)

    with ThreadPoolExecutor(2) as pool:
        tries = list(pool.map(crosswise, [keys, keys[::-1]]))
    assert sum(tries) >= 3
    assert [row.version for row in store.read_module("", "demo")] == [3, 3]


def test_a_thousand_threads_share_five_connections(open_store, host_engine, put, key):
    store = open_store(host_engine(pool_size=5, max_overflow=0, pool_timeout=30))
    put(store)
    found = []
    together = threading.Barrier(1000)

    def read():
        together.wait()
        found.append(store.read_value(key).text)

    threads = [threading.Thread(target=read) for _ in range(1000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == ["1"] * 1000
    assert store.engine.pool.checkedout() == 0


def test_idle_threads_keep_no_connection(store, put, key):
    put(store)
    done, all_read = threading.Event(), threading.Barrier(101)

    def read_and_linger():
        store.read_value(key)
        all_read.wait()
        done.wait(30)

    threads = [threading.Thread(target=read_and_linger) for _ in range(100)]
    for thread in threads:
        thread.start()
    all_read.wait()
    assert store.engine.pool.checkedout() == len(store.links.ready) <= KEPT_READY
    assert put(store, "2").version == 2
    done.set()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize(("keep", "steady"), [(KEPT_READY, True), (0, False)], ids=["as it is", "broken control"])
def test_threads_that_read_hand_their_connections_on_and_not_back(store, put, key, keep, steady):
    put(store)
    store.links.keep = keep
    returned = []
    event.listen(store.engine, "checkin", lambda *_: returned.append(1))

    def read():
        for _ in range(100):
            store.read_value(key)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(returned) < 50) is steady


def test_an_exhausted_pool_says_so(open_store, host_engine, put, key):
    engine = host_engine(pool_size=1, max_overflow=0, pool_timeout=0.2)
    store = open_store(engine)
    with engine.connect():
        with pytest.raises(StoreUnavailable, match=r"demo\.visits: .*pool is exhausted.*Raise the engine's pool_size"):
            store.read_value(key)
        with pytest.raises(StoreUnavailable, match="pool is exhausted"):
            put(store)
        with pytest.raises(StoreUnavailable, match="pool is exhausted"):
            store.begin().__enter__()
    assert put(store).version == 1


def test_a_child_has_connections_of_its_own(run, database):
    script = """
store = open_store()
put(store, "0")
def child():
    for _ in range(30):
        store.transact(KEY, increment)
    assert store.read_value(KEY).text
children = []
for _ in range(3):
    pid = os.fork()
    if not pid:
        child(); os._exit(0)
    children.append(pid)
for _ in range(30):
    store.transact(KEY, increment)
for pid in children:
    assert os.waitpid(pid, 0)[1] == 0
say(store.read_value(KEY).text)
"""
    assert run(script, database.address) == ["120"]


def test_a_host_engine_is_begun_anew_in_a_child(run, database):
    script = """
from sqlalchemy import create_engine, text
engine = create_engine(sys.argv[1])
store = opened(engine)
put(store, "0")
pid = os.fork()
for _ in range(30):
    store.transact(KEY, increment)
if not pid:
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
say(store.read_value(KEY).text)
"""
    assert run(script, database.address) == ["60"]


def test_an_inherited_transaction_is_refused(run, database):
    script = """
store = open_store()
def work(transaction):
    transaction.put(KEY, Content("1"), NOTE)
    pid = os.fork()
    if not pid:
        try:
            transaction.put(KEY, Content("2"), NOTE)
        except errors.StoreUnavailable as error:
            assert "forked" in str(error), error
            raise
    else:
        assert os.waitpid(pid, 0)[1] == 0
try:
    store.transact(KEY, work)
except errors.StoreUnavailable:
    assert store.read_value(KEY) is None
    assert put(store, "5", Key("", "demo", "child")).version == 1
    os._exit(0)
say(store.read_value(KEY).text, store.read_value(Key("", "demo", "child")).text)
"""
    assert run(script, database.address) == ["1 5"]


def test_a_value_longer_than_the_server_takes_says_what_to_raise(mariadb, database_of, key, put):
    store = opened(database_of("mariadb").url)
    with pytest.raises(StoreFull, match=r"demo\.visits: .*raise the server's max_allowed_packet .*17000\d\d\d bytes"):
        put(store, '"' + "x" * 17_000_000 + '"')
    assert put(store, '"' + "x" * 1_000_000 + '"').version == 1
    store.close()


def test_a_server_that_only_reads_says_so(postgresql, database_of, key, put):
    database = database_of("postgresql")
    opened(database.url).close()
    database.ask(f"ALTER DATABASE {database.url.database} SET default_transaction_read_only = on")
    store = opened(database.url)
    with pytest.raises(StoreReadOnly, match=r"demo\.visits: the store is read-only .*connect to the primary"):
        put(store)
    assert store.read_value(key) is None
    store.close()


def test_durability_is_set_for_each_transaction(postgresql, database_of):
    database = database_of("postgresql")
    asked = "SELECT current_setting('synchronous_commit'), current_setting('lock_timeout')"
    for durability, setting in (("full", "on"), ("normal", "off")):
        store = opened(database.url, durability=durability)
        seen = store.transact(Key("", "m", "x"), lambda transaction: transaction.execute(asked, ()).fetchall())
        assert seen == [(setting, "5s")]
        with store.begin() as connection:
            assert connection.exec_driver_sql(asked).one()[0] == setting
        store.close()
    database.ask(f"ALTER DATABASE {database.url.database} SET synchronous_commit = off")
    store = opened(database.url)
    assert store.transact(Key("", "m", "x"), lambda transaction: transaction.execute(asked, ()).fetchall())[0][0] == "on"
    store.close()


def test_a_mariadb_that_is_less_durable_than_asked_is_told_once(mariadb, database_of, caplog):
    database = database_of("mariadb")
    before = database.ask("SELECT @@global.innodb_flush_log_at_trx_commit")[0][0]
    database.ask("SET GLOBAL innodb_flush_log_at_trx_commit = 2")
    try:
        opened(database.url, durability="normal").close()
        assert caplog.records == []
        opened(database.url).close()
    finally:
        database.ask(f"SET GLOBAL innodb_flush_log_at_trx_commit = {before}")
    (record,) = [each for each in caplog.records if each.name.startswith("perdure")]
    assert "administrator must set innodb_flush_log_at_trx_commit = 1" in record.getMessage()


def test_a_killed_writer_holds_nobody_up(start, store, put, key, database):
    script = """
store = open_store()
def work(transaction):
    transaction.put(KEY, Content("2"), NOTE)
    say("locked")
    time.sleep(60)
store.transact(KEY, work)
"""
    put(store)
    process = start(script, database.address)
    assert process.stdout.readline() == "locked\n"
    os.kill(process.pid, signal.SIGKILL)
    assert put(store, "3").version == 2


def test_urls_are_shown_without_password_and_options():
    url = make_url("postgresql+psycopg://ada:secret@db:5432/app?sslpassword=hidden")
    address = Address("PostgreSQL", url)
    assert address.shown == "postgresql+psycopg://ada:***@db:5432/app"
    assert address.server == "db:5432"
    assert address.without_password("it said\n secret") == "it said ***"
