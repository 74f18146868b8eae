"""Concurrent writers in callers' transactions, at every isolation level: nothing is lost, or `Conflict` says so."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.exc import OperationalError

from perdure.errors import Conflict, TransactionRefused

PROCESSES, TIMES = 4, 50

ADD = """
house, rounds = House(sys.argv[1], **({"isolation_level": sys.argv[3]} if sys.argv[3] else {})), int(sys.argv[2])
again = 0
print("ready", flush=True)
sys.stdin.readline()
while rounds:
    try:
        with house.engine.begin() as connection:
            connection.exec_driver_sql("SELECT 1")
            status = house.within(connection)
            {write}
    except Conflict:
        again += 1
    else:
        rounds -= 1
house.close()
print(again)
"""
UPDATE = 'status.update("count", lambda n: n + 1)'
READ_THEN_SET = 'status.set("count", status.get("count") + 1)'


def run(start, house, write, isolation=""):
    script = ADD.replace("{write}", write)
    processes = [start(script, house.url.render_as_string(hide_password=False), TIMES, isolation) for _ in range(PROCESSES)]
    for process in processes:
        assert process.stdout.readline() == "ready\n", process.communicate()
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=50) for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES, said
    return sum(int(lines) for lines, _ in said)


def test_processes_lose_no_update_on_a_plain_engine(start, house):
    run(start, house, UPDATE)
    assert house.committed.count == PROCESSES * TIMES
    versions = [version for name, version, _ in house.history if name == "count"]
    assert versions == list(range(PROCESSES * TIMES - 99, PROCESSES * TIMES + 1))


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_processes_lose_no_update_at_any_level(start, house, isolation):
    if house.kind == "sqlite":
        pytest.skip("SQLite has one level")
    conflicts = run(start, house, UPDATE, isolation)
    assert house.committed.count == PROCESSES * TIMES
    if house.kind == "postgresql" and isolation != "READ COMMITTED":
        assert conflicts


def test_control_reading_and_then_setting_loses_updates(start, house):
    """So the race is one."""
    run(start, house, READ_THEN_SET)
    assert house.committed.count < PROCESSES * TIMES


@pytest.fixture
def two(house):
    """Two connections, of which the second writes first."""
    if house.kind == "sqlite":
        event.listen(house.engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout = 100"))
    with house.engine.connect() as first, house.engine.connect() as second:
        yield first, second


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
@pytest.mark.parametrize("write", ["set", "update"])
def test_postgresql_tells_who_had_read_before_another_wrote(house, two, level, write):
    if house.kind != "postgresql":
        pytest.skip("MariaDB's locking read sees what is committed now")
    first, second = two
    first.execution_options(isolation_level=level)
    mine = house.within(first)
    assert mine.get("count") == 0
    house.within(second).set("count", 10)
    second.commit()

    def do():
        return mine.set("count", 11) if write == "set" else mine.update("count", lambda n: n + 1)

    with pytest.raises(Conflict, match=r"counter.count: .*PostgreSQL has ended your transaction. Roll it back. Run it again"):
        do()
    with pytest.raises(TransactionRefused, match="an earlier error has ended the transaction"):
        mine.get("count")
    first.rollback()
    do()
    first.commit()
    assert house.committed.count == 11


def test_mariadb_updates_what_is_committed_now_whatever_was_read_before(house, two):
    if house.kind not in ("mysql", "mariadb"):
        pytest.skip("PostgreSQL raises")
    first, second = two
    first.execution_options(isolation_level="REPEATABLE READ")
    mine = house.within(first)
    assert mine.get("count") == 0
    house.within(second).set("count", 10)
    second.commit()
    assert mine.get("count") == 0
    assert mine.update("count", lambda n: n + 1).value == 11
    first.commit()
    assert house.committed.count == 11


def test_postgresql_serializable_may_fail_at_the_commit_and_then_tells_nothing(house, two):
    if house.kind != "postgresql":
        pytest.skip("only PostgreSQL has such")
    first, second = (each.execution_options(isolation_level="SERIALIZABLE") for each in two)
    one, other = house.within(first), house.within(second)
    one.set("count", 1 + one.get("other"))
    other.set("other", 1 + other.get("count"))
    first.commit()
    with pytest.raises(OperationalError, match="could not serialize"):
        second.commit()
    second.rollback()
    first.close()
    second.close()
    assert house.told == [("count", "1")]
    assert (house.committed.count, house.committed.other) == (1, 0)


def test_mariadb_snapshot_isolation_rolls_the_transaction_back_and_says_so(house, two):
    if house.kind not in ("mysql", "mariadb"):
        pytest.skip("only MariaDB has it")
    first, second = two
    house.within(second).set("count", 1)
    second.commit()
    first.exec_driver_sql("SET SESSION innodb_snapshot_isolation = ON")
    first.commit()
    house.within(first).set("other", 5)
    house.within(first).load()
    house.within(second).set("count", 2)
    second.commit()
    with pytest.raises(Conflict, match="MariaDB has rolled your transaction back, with all that it had done"):
        house.within(first).update("count", lambda n: n + 1)
    first.commit()
    assert (house.committed.count, house.committed.other) == (2, 0)
    second.close()
    assert house.told == [("count", "1"), ("count", "2")]


def test_mariadb_waits_in_vain_and_leaves_the_transaction_as_it_was(house, two):
    if house.kind not in ("mysql", "mariadb"):
        pytest.skip("only MariaDB says so")
    first, second = two
    first.exec_driver_sql("SET SESSION innodb_lock_wait_timeout = 1")
    house.within(first).set("other", 5)
    house.within(second).set("count", 2)
    with pytest.raises(Conflict, match="Your transaction is as it was before this"):
        house.within(first).set("count", 3)
    first.commit()
    second.commit()
    assert (house.committed.count, house.committed.other) == (2, 5)


def test_a_deadlock_is_a_conflict(house, two):
    if house.kind == "sqlite":
        pytest.skip("SQLite has one writer")
    first, second = two
    with house.outside.begin() as connection:
        house.within(connection).set("count", 0)
        house.within(connection).set("other", 0)
    house.within(first).set("count", 1)
    house.within(second).set("other", 2)
    raised = []

    def cross():
        try:
            house.within(second).set("count", 2)
            second.commit()
        except Conflict as error:
            second.rollback()
            raised.append(error)

    thread = threading.Thread(target=cross)
    thread.start()
    try:
        house.within(first).set("other", 1)
        first.commit()
    except Conflict as error:
        first.rollback()
        raised.append(error)
    thread.join()
    assert len(raised) == 1
    assert "Run it again from its beginning" in str(raised[0])
    assert house.committed.count == house.committed.other


def test_sqlite_who_began_with_a_read_is_told_how_to_begin(house, two):
    if house.kind != "sqlite":
        pytest.skip("only SQLite has it")
    first, second = two
    first.exec_driver_sql("BEGIN")
    assert house.within(first).get("count") == 0
    house.within(second).set("count", 1)
    second.commit()
    with pytest.raises(Conflict, match=r"written since your transaction first read.*begin it with app.begin\(\)"):
        house.within(first).update("count", lambda n: n + 1)
    first.rollback()
    assert house.within(first).update("count", lambda n: n + 1).value == 2
    with pytest.raises(Conflict, match="another connection is writing. Your transaction is as it was"):
        house.within(second).set("count", 1)
    first.commit()
    second.rollback()
    assert house.committed.count == 2


def test_sqlite_an_update_waits_for_its_turn_where_the_driver_begins_with_the_first_write(house):
    """The plain engine reads without a transaction: only a write that comes first keeps others away."""
    if house.kind != "sqlite":
        pytest.skip("only SQLite has it")
    engine = create_engine(house.url, connect_args={"timeout": 0.1})
    with house.engine.connect() as first, engine.connect() as second:

        def meanwhile(n):
            with pytest.raises(Conflict):
                house.within(second).set("count", 100)
            second.rollback()
            return n + 1

        house.within(first).update("count", meanwhile)
        first.commit()
    engine.dispose()
    assert house.committed.count == 1
