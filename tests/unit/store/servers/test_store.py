import os
import signal
import threading

import pytest

from perdure.errors import AppClosed, StoreUnavailable
from perdure.names import Key
from perdure.store.rows import Content, Note

INCREMENTS = """
store = open_store(durability="normal")
for _ in range(60):
    store.transact(KEY, increment)
store.close()
"""

INCREMENTS_READ_OUTSIDE_THE_LOCK = """
store = open_store(durability="normal")
for _ in range(60):
    seen = int(store.read_value(KEY).text)
    put(store, str(seen + 1))
store.close()
"""


def test_a_value_is_read_as_it_was_written(store, put, key):
    row = put(store, '"x"', actor="ada", reason="because")
    assert (row.text, row.version, row.actor) == ('"x"', 1, "ada")
    assert store.read(key) == row
    assert store.read_value(key) == ('"x"', "json", 1)
    again = put(store, "2")
    assert (again.version, again.created_at, again.actor) == (2, row.created_at, None)


def test_the_history_is_kept_to_its_bound(store, put, database):
    for number in range(5):
        put(store, str(number), keep=3)
    found = database.ask("SELECT version, value, operation FROM perdure_change ORDER BY version")
    assert [tuple(row) for row in found] == [(3, "2", "set"), (4, "3", "set"), (5, "4", "set")]


def test_what_was_only_locked_leaves_nothing(store, key, database):
    assert store.transact(key, lambda transaction: transaction.lock(key)) is None
    with pytest.raises(ValueError, match="mine"):
        store.transact(key, lambda transaction: (transaction.lock(key), fail()))
    assert store.read(key) is None
    assert database.ask("SELECT count(*) FROM perdure_status")[0][0] == 0


def fail(*_):
    raise ValueError("mine")


def test_what_was_locked_first_becomes_version_one(store, key):
    def work(transaction):
        assert transaction.lock(key) is None
        return transaction.put(key, Content("1"), Note("set"))

    assert store.transact(key, work).version == 1


def test_what_work_raises_comes_out_as_it_is_and_nothing_is_written(store, key):
    def work(transaction):
        transaction.put(key, Content("1"), Note("set"))
        fail()

    with pytest.raises(ValueError, match="mine"):
        store.transact(key, work)
    assert store.read(key) is None
    assert store.transact(key, lambda transaction: transaction.put(key, Content("2"), Note("set"))).version == 1


def test_work_may_read_and_sees_its_own_writes_and_nobody_else_does(store, key):
    seen = []

    def work(transaction):
        transaction.put(key, Content("7"), Note("set"))
        thread = threading.Thread(target=lambda: seen.append(store.read_value(key)))
        thread.start()
        thread.join()
        return store.read_value(key).text

    assert store.transact(key, work) == "7"
    assert seen == [None]


def test_an_error_of_the_driver_that_the_work_swallows_commits_nothing(store, key):
    def work(transaction):
        transaction.put(key, Content("7"), Note("set"))
        with pytest.raises(store.driver.error):
            transaction.execute("SELECT no_such_column", ())

    with pytest.raises(Exception, match="no_such_column"):
        store.transact(key, work)
    assert store.read(key) is None


def test_a_write_within_a_write_is_refused_and_not_a_deadlock(store, put, key):
    with pytest.raises(StoreUnavailable, match=r"demo\.visits: .*within another transaction"):
        store.transact(key, lambda transaction: put(store))
    assert put(store).version == 1


def test_racing_first_writes_of_processes_make_one_row_each(run_all, store, database):
    script = """
store = open_store(durability="normal")
for number in range(50):
    put(store, sys.argv[2], Key("", "demo", f"n{number}"))
store.close()
"""
    run_all(8, script, database.address)
    rows = store.read_module("", "demo")
    assert len(rows) == 50
    assert {row.version for row in rows} == {8}
    assert database.ask("SELECT count(*) FROM perdure_change")[0][0] == 400


def test_no_increment_of_several_processes_is_lost(run_all, store, put, key, database):
    put(store, "0")
    run_all(4, INCREMENTS, database.address)
    row = store.read(key)
    assert (row.text, row.version) == ("240", 241)


def test_broken_control_reading_outside_the_lock_loses_increments(run_all, store, put, key, database):
    put(store, "0")
    run_all(4, INCREMENTS_READ_OUTSIDE_THE_LOCK, database.address)
    row = store.read(key)
    assert row.version == 241
    assert int(row.text) < 240


@pytest.mark.parametrize("durability", ["full", "normal"])
def test_every_acknowledged_write_survives_kill_9(start, database, store, durability):
    script = f"""
store = open_store(durability={durability!r})
number = 0
while True:
    number += 1
    put(store, str(number), Key("", "demo", f"n{{number % 50}}"))
    say(number)
"""
    process = start(script, database.address)
    acknowledged = [int(process.stdout.readline()) for _ in range(60)]
    os.kill(process.pid, signal.SIGKILL)
    acknowledged += [int(line) for line in process.stdout.read().splitlines() if line]
    expected = {f"n{number % 50}": number for number in acknowledged}
    store.transact(key := Key("", "demo", "n0"), lambda transaction: transaction.lock(key))  # waits for what is still running
    found = {row.name: int(row.text) for row in store.read_module("", "demo")}
    unsaid = {f"n{(acknowledged[-1] + 1) % 50}": acknowledged[-1] + 1}
    assert found in (expected, expected | unsaid)


def test_rows_come_in_the_same_order_on_every_database(store, put):
    names = ["enable", "Enable", "enable ", "énable", "e\u0301nable", "_x", "😀", "Z", "a"]
    for name in names:
        put(store, f'"{name}"', at=Key("", "demo", name))
    rows = store.read_module("", "demo")
    assert [row.name for row in rows] == sorted(names)
    assert {row.name: row.text for row in rows} == {name: f'"{name}"' for name in names}
    assert [row.version for row in rows] == [1] * len(names)


AWKWARD = [
    '"' + "x" * 70_000 + '"',
    '"' + "é" * 40_000 + '"',
    '"😀🏳️\u200d🌈\\u0000\\ud800"',
    "9223372036854775808",
    "1.0",
    "1e400",
    '{"b":1,"a":[null,true,"\\\\"]}',
    '"it\'s 100% %s ? :name \\" ` ; -- /* "',
    '"\u2028\u2029\ufeff\uffff"',
    '"\U0010ffff"',
    " 1 ",
]


@pytest.mark.parametrize("text", AWKWARD, ids=range(len(AWKWARD)))
def test_awkward_texts_come_back_exactly(store, put, key, database, text):
    assert put(store, text, actor="Zoë 😀", reason="100% 'sure'").text == text
    assert store.read_value(key).text == text
    assert store.read(key).actor == "Zoë 😀"
    assert store.read_tenant("")[0].text == text


def test_the_longest_keys_fit(store, put):
    key = Key("😀" * 64, "é" * 255, "😀" * 255)
    put(store, "1", at=key, actor="😀" * 255, reason="😀" * 1000)
    assert store.read(key).name == key.name
    assert store.tenants() == [key.tenant]


def test_tenants_are_listed_once_and_erased_whole(store, put, database):
    for tenant in ("b", "", "a", "A"):
        for module in ("m", "n"):
            for _ in range(2):
                put(store, at=Key(tenant, module, "x"))
    assert store.tenants() == ["", "A", "a", "b"]
    assert store.erase_tenant("a") == 2
    assert store.tenants() == ["", "A", "b"]
    assert {row[0] for row in database.ask("SELECT DISTINCT tenant FROM perdure_change")} == {"", "A", "b"}
    assert store.erase_tenant("a") == 0
    assert {row[3] for row in store.read_tenant("a")} == {None}
    assert put(store, at=Key("a", "m", "x")).version == 4


def test_more_tenants_than_a_recursion_may_have_are_all_listed(store, database):
    columns = "(tenant, module, name, value, encoding, version, record_version, created_at, updated_at)"
    for begin in range(0, 3000, 1000):
        rows = ",".join(f"('t{number:05}', 'm', 'x', '1', 'json', 1, 1, 0, 0)" for number in range(begin, begin + 1000))
        database.ask(f"INSERT INTO perdure_status {columns} VALUES {rows}")
    assert store.tenants() == [f"t{number:05}" for number in range(3000)]


def test_begin_commits_or_rolls_back(store, key, put, database):
    with store.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE orders (id INTEGER)")
    with store.begin() as connection:
        connection.exec_driver_sql("INSERT INTO orders VALUES (1)")
        assert store.read(key) is None
        with pytest.raises(StoreUnavailable, match="status.within"):
            put(store)
    with pytest.raises(ValueError, match="mine"), store.begin() as connection:
        fail(connection.exec_driver_sql("INSERT INTO orders VALUES (2)"))
    assert [row[0] for row in database.ask("SELECT id FROM orders")] == [1]
    assert put(store).version == 1


def test_begin_survives_lost_connections(store, database, put):
    put(store)
    with store.begin():
        pass
    database.end_sessions()
    with store.begin() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1


def test_ping_tells_seconds(store):
    assert 0 < store.ping() < 1


def test_every_call_after_close_is_app_closed(store, put, key):
    put(store)
    store.close()
    store.close()
    for call in (
        lambda: store.read_value(key),
        lambda: store.read_tenant(""),
        lambda: put(store),
        store.ping,
        store.tenants,
        lambda: store.begin().__enter__(),
    ):
        with pytest.raises(AppClosed):
            call()


def test_closing_within_a_transaction_undoes_it(open_store, key):
    store = open_store()

    def work(transaction):
        transaction.put(key, Content("1"), Note("set"))
        store.close()
        return transaction.put(key, Content("2"), Note("set"))

    with pytest.raises(AppClosed):
        store.transact(key, work)
    assert open_store().read(key) is None
