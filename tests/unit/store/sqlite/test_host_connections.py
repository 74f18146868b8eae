import sqlite3
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.pool import NullPool, StaticPool

from perdure.errors import AppClosed, InvalidArgument, StoreUnavailable
from perdure.names import Key
from perdure.store.rows import Content, Note
from perdure.store.sqlite.store import SQLiteStore

SHARED = {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}


@pytest.fixture
def engine_of():
    engines = []

    def engine_of(url, **options):
        engines.append(create_engine(url, **options))
        return engines[-1]

    yield engine_of
    for engine in engines:
        engine.dispose()


@pytest.fixture
def opened(engine_of):
    return lambda url, **options: SQLiteStore.open(engine_of(url, **options))


@pytest.fixture(params=["default", "no pool", "one connection", "begin by listener", "memory"])
def host_store(request, opened, engine_of, path):
    if request.param == "memory":
        return opened("sqlite://", **SHARED)
    if request.param == "begin by listener":
        engine = engine_of(f"sqlite:///{path}")
        # As SQLAlchemy's documentation tells those to do who need savepoints.
        event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        return SQLiteStore.open(engine)
    options = {"no pool": {"poolclass": NullPool}, "one connection": {"pool_size": 1, "max_overflow": 0}}
    return opened(f"sqlite:///{path}", **options.get(request.param, {}))


def fail(*_):
    raise ValueError("mine")


def increment(key):
    def work(transaction):
        row = transaction.lock(key)
        return transaction.put(key, Content(str(int(row.text) + 1)), Note("set"))

    return work


def test_a_host_engine_does_what_our_own_does(host_store, put, key):
    store = host_store
    assert store.upgraded == ("0001",)
    assert put(store, "1").version == 1
    assert store.read_value(key).text == "1"
    assert store.transact(key, lambda transaction: (transaction.lock(key), store.read(key))[1]).version == 1
    with store.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE orders (id INTEGER)")
    with pytest.raises(ValueError, match="mine"), store.begin() as connection:
        fail(connection.exec_driver_sql("INSERT INTO orders VALUES (1)"))
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM orders").scalar() == 0
    with pytest.raises(StoreUnavailable, match="within the function of another"):
        store.transact(key, lambda transaction: put(store))
    assert store.tenants() == [""]
    assert store.erase_tenant("") == 1
    assert store.ping() > 0


def test_no_increment_of_several_threads_is_lost(host_store, put, key):
    put(host_store, "0")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: host_store.transact(key, increment(key)), range(200)))
    assert host_store.read(key)[3:6] == ("200", "json", 201)


def test_no_increment_of_several_processes_is_lost(opened, run_all, put, key, path):
    store = opened(f"sqlite:///{path}")
    put(store, "0")
    script = """
from sqlalchemy import create_engine
store = SQLiteStore.open(create_engine("sqlite:///" + sys.argv[1]))
def increment(transaction):
    row = transaction.lock(KEY)
    return transaction.put(KEY, Content(str(int(row.text) + 1)), NOTE)
for _ in range(50):
    store.transact(KEY, increment)
"""
    run_all(4, script, path)
    assert store.read_value(key).text == "200"


def test_nothing_of_the_hosts_is_changed(opened, put, key, path):
    store = opened(f"sqlite:///{path}", connect_args={"timeout": 1.5})
    pool = store.engine.pool
    put(store)
    store.read(key)
    assert pool.checkedout() == 0
    with store.engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert driver.isolation_level == ""
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 1500
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
    store.close()
    with pytest.raises(AppClosed):
        store.read(key)
    assert store.engine.pool is pool
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT version FROM perdure_status").scalar() == 1


def test_a_hosts_transaction_on_the_shared_connection_is_never_committed_by_us(opened, put, key, monkeypatch):
    monkeypatch.setattr("perdure.store.sqlite.host_connections.BUSY_TIMEOUT", 0.1)
    store = opened("sqlite://", **SHARED)
    put(store)
    with store.engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE orders (id INTEGER)")
        connection.exec_driver_sql("INSERT INTO orders VALUES (1)")
        assert store.read_value(key).text == "1"
        with pytest.raises(StoreUnavailable, match="in a transaction of the host"):
            put(store, "2")
        connection.rollback()
        assert connection.exec_driver_sql("SELECT count(*) FROM orders").scalar() == 0
    assert put(store, "2").version == 2


@pytest.mark.parametrize(
    ("url", "options", "wanted"),
    [
        ("sqlite://", {}, "poolclass=StaticPool"),
        ("sqlite:///file:shared?mode=memory&cache=shared&uri=true", {"poolclass": NullPool}, "poolclass=StaticPool"),
        ("sqlite:///{path}", {"poolclass": StaticPool}, "another poolclass"),
    ],
)
def test_what_cannot_be_made_safe_is_refused_saying_what_to_set(opened, path, url, options, wanted):
    with pytest.raises(InvalidArgument, match=wanted):
        opened(url.format(path=path), **options)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sqlite3 has no autocommit before Python 3.12")
def test_an_engine_whose_driver_always_has_a_transaction_is_refused(opened, path):
    with pytest.raises(InvalidArgument, match="autocommit=False"):
        opened(f"sqlite:///{path}", connect_args={"autocommit": False})


def test_less_durable_pragmas_are_told(path, caplog):
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = NORMAL"))
    SQLiteStore.open(engine, durability="normal")
    assert [record for record in caplog.records if record.name.startswith("perdure")] == []
    SQLiteStore.open(engine)
    assert "PRAGMA synchronous = FULL" in caplog.text
    engine.dispose()


def test_a_missing_directory_is_told(opened, tmp_path):
    with pytest.raises(StoreUnavailable, match="missing"):
        opened(f"sqlite:///{tmp_path / 'missing' / 'app.db'}")


FORK = """
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool
engine = create_engine("sqlite:///" + sys.argv[1], **({"poolclass": NullPool} if sys.argv[2] == "NullPool" else {}))
store = SQLiteStore.open(engine)
put(store, "1")
if sys.argv[2] == "dispose":
    engine.dispose()
pid = os.fork()
if pid:
    os.waitpid(pid, 0)
    say(store.read(KEY).version)
    os._exit(0)
try:
    put(store, "2")
    say("written")
except errors.StoreUnavailable as error:
    say(str(error).partition("Dispose of the engine before the fork")[1])
os._exit(0)
"""


def test_a_child_that_inherited_connections_is_refused(run, path):
    assert run(FORK, path, "keep") == ["Dispose of the engine before the fork", "1"]


@pytest.mark.parametrize("way", ["NullPool", "dispose"])
def test_a_child_that_inherited_nothing_may_write(run, path, way):
    assert run(FORK, path, way) == ["written", "2"]


def test_a_file_that_is_locked_by_the_host_is_waited_for(opened, put, path):
    store = opened(f"sqlite:///{path}", connect_args={"timeout": 0.05})
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.4, other.execute, ["COMMIT"])
    timer.start()
    assert put(store, at=Key("", "m", "x")).version == 1
    timer.join()
    other.close()
