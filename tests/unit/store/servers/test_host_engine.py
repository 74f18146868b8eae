import pytest
from sqlalchemy import create_engine

from perdure.errors import InvalidArgument, InvalidStoreUrl
from perdure.names import Key
from perdure.store.rows import Content, Note
from perdure.store.servers.connecting import checked_host

ISOLATION = {"postgresql": "SHOW transaction_isolation", "mariadb": "SELECT @@tx_isolation"}


def isolation(connection, kind):
    return connection.exec_driver_sql(ISOLATION[kind]).scalar().replace("-", " ").upper()


def use(store, put, key):
    put(store, "1")
    assert store.read_value(key).text == "1"
    assert store.transact(key, lambda transaction: transaction.lock(key)).version == 1
    with store.begin() as connection:
        connection.exec_driver_sql("SELECT 1")
    assert put(store, "2").version == 2


def autocommit(connection):
    driver = connection.connection.dbapi_connection
    return driver.get_autocommit() if hasattr(driver, "get_autocommit") else driver.autocommit


@pytest.fixture(params=[None, "SERIALIZABLE", "REPEATABLE READ", "AUTOCOMMIT"])
def engine_at_a_level(request, host_engine):
    options = {"isolation_level": request.param} if request.param else {}
    return host_engine(pool_size=1, max_overflow=0, pool_timeout=1, **options)


def test_the_hosts_own_way_is_left_alone(open_store, engine_at_a_level, database, put, key):
    engine = engine_at_a_level
    with engine.connect() as connection:
        before = isolation(connection, database.kind), autocommit(connection)
    pool = engine.pool
    store = open_store(engine)
    use(store, put, key)
    assert pool.checkedout() == 0
    with engine.connect() as connection:
        assert (isolation(connection, database.kind), autocommit(connection)) == before
        if database.kind == "postgresql":
            assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "0"
    store.close()
    assert engine.pool is pool
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM perdure_status").scalar() == 1


def delete_and_fail(connection):
    connection.exec_driver_sql("DELETE FROM perdure_status")
    raise ValueError("mine")


def test_begin_on_an_autocommit_engine_is_a_transaction(open_store, host_engine, put, key):
    store = open_store(host_engine(isolation_level="AUTOCOMMIT"))
    put(store)
    with pytest.raises(ValueError, match="mine"), store.begin() as connection:
        delete_and_fail(connection)
    assert store.read(key).version == 1


@pytest.mark.parametrize("level", ["SERIALIZABLE", "REPEATABLE READ"])
def test_what_others_commit_is_seen_at_once(open_store, host_engine, put, key, level):
    store, other = open_store(host_engine(isolation_level=level, pool_reset_on_return=None)), open_store()
    for number in range(3):
        put(other, str(number))
        assert store.read_value(key).text == str(number)


def test_what_the_pool_did_not_reset_is_not_committed_by_us(open_store, host_engine, database, put, key):
    engine = host_engine(pool_size=1, max_overflow=0, pool_reset_on_return=None)
    store = open_store(engine)
    database.ask("CREATE TABLE orders (id INTEGER)")
    raw = engine.raw_connection()
    raw.cursor().execute("INSERT INTO orders VALUES (1)")
    raw.close()
    put(store)
    assert store.read_value(key).text == "1"
    assert database.ask("SELECT count(*) FROM orders")[0][0] == 0


def test_an_engine_of_another_driver_is_refused_with_a_hint(open_store):
    class Dialect:
        name, driver, is_async = "postgresql", "psycopg2", False

    class Strange:
        dialect = Dialect()
        url = create_engine("sqlite://").url

    with pytest.raises(InvalidArgument, match=r"an Engine of postgresql\+psycopg\b"):
        checked_host(Strange(), {"postgresql": "psycopg"})


def test_a_mariadb_engine_in_another_character_set_says_what_to_append(open_store, mariadb, database_of):
    engine = create_engine(database_of("mariadb").url.update_query_dict({"charset": "latin1"}))
    with pytest.raises(InvalidStoreUrl, match=r"append \?charset=utf8mb4"):
        open_store(engine)
    engine.dispose()


def test_a_lost_connection_of_the_host_is_replaced(open_store, host_engine, database, put, key):
    store = open_store(host_engine(pool_size=3))
    put(store)
    connections = [store.engine.connect() for _ in range(3)]
    for connection in connections:
        connection.close()
    database.end_sessions()
    assert store.read_value(key).text == "1"
    database.end_sessions()
    assert put(store, "2").version == 2


def test_sessions_of_the_hosts_own_making_do_not_confuse(open_store, database, put, key):
    ways = {"mariadb": {"init_command": "SET SESSION sql_mode = 'ANSI_QUOTES'"}, "postgresql": {"prepare_threshold": None}}
    engine = create_engine(database.url, connect_args=ways[database.kind])
    store = open_store(engine)
    for _ in range(8):
        store.transact(key, lambda transaction: transaction.put(Key("", "demo", "x"), Content("1"), Note("set")))
        assert store.read_value(Key("", "demo", "x")).text == "1"
    engine.dispose()
