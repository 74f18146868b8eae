from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from tests.contract.columns.desk import JOB, JobLifecycle, fill, history, jobs, metadata, status_of

from perdure.codes.graph import graph
from perdure.codes.statuses import Statuses
from perdure.columns import Applied, apply, claim
from perdure.errors import TransitionConflict, TransitionNotAllowed

THREADS, ROUNDS = 8, 60
FIRST = jobs.c.id == 1
LEVELS = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]


def race(engine, attempt, rounds=ROUNDS):
    """How many won in each round, in which every thread makes the attempt at the same moment."""
    fill(engine, *[Statuses.QUEUED] * rounds)
    start = threading.Barrier(THREADS)

    def work():
        won = []
        with engine.connect() as connection:
            for number in range(1, rounds + 1):
                start.wait()
                won.append(attempt(connection, number))
        return won

    with ThreadPoolExecutor(THREADS) as pool:
        results = [pool.submit(work) for _ in range(THREADS)]
        return [sum(each) for each in zip(*(result.result() for result in results), strict=True)]


def by_apply(connection, number):
    try:
        apply(connection, JobLifecycle.run, JOB, jobs.c.id == number, history=history)
    except (TransitionNotAllowed, TransitionConflict):
        connection.rollback()
        return False
    connection.commit()
    return True


def by_read_check_write(connection, number):
    current = connection.scalar(sa.select(JOB).where(jobs.c.id == number))
    connection.rollback()
    if not graph(JobLifecycle).can(current, JobLifecycle.run):
        return False
    connection.execute(jobs.update().where(jobs.c.id == number).values(status=Statuses.RUNNING))
    connection.commit()
    return True


def test_one_wins_in_every_round(engine):
    assert race(engine, by_apply) == [1] * ROUNDS
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(history)) == ROUNDS


def test_the_control_that_reads_then_checks_then_writes_has_several_winners(engine):
    winners = race(engine, by_read_check_write)
    assert sum(each > 1 for each in winners) > ROUNDS // 10, winners


@pytest.mark.parametrize("level", LEVELS)
def test_one_wins_at_every_isolation_level(engine, level):
    if engine.dialect.name == "sqlite" and level != "SERIALIZABLE":
        pytest.skip("SQLite is always serializable")
    assert race(engine.execution_options(isolation_level=level), by_apply, rounds=15) == [1] * 15


@pytest.mark.parametrize("level", LEVELS)
def test_what_another_changed_after_our_snapshot_is_seen_or_is_a_clear_error(engine, level):
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite is always serializable")
    fill(engine, Statuses.QUEUED, Statuses.QUEUED)
    with engine.connect().execution_options(isolation_level=level) as ours, engine.connect() as theirs:
        assert ours.scalar(sa.select(JOB).where(jobs.c.id == 2)) == Statuses.QUEUED
        if engine.dialect.name == "mariadb" and level == "SERIALIZABLE":
            theirs.exec_driver_sql("SET SESSION innodb_lock_wait_timeout = 1")
        apply(theirs, JobLifecycle.run, JOB, FIRST)
        theirs.commit()
        strict = engine.dialect.name == "postgresql" and level != "READ COMMITTED"
        with pytest.raises(TransitionConflict if strict else TransitionNotAllowed) as caught:
            apply(ours, JobLifecycle.run, JOB, FIRST)
        if strict:
            assert "Roll your transaction back" in str(caught.value)
            assert isinstance(caught.value.__cause__, sa.exc.DBAPIError)
        ours.rollback()
        assert apply(ours, JobLifecycle.fail, JOB, FIRST).before == Statuses.RUNNING


def test_what_the_row_has_become_while_we_waited_is_what_counts(engine):
    fill(engine, Statuses.NEW)
    with ThreadPoolExecutor(1) as pool, engine.connect() as ours, engine.connect() as theirs:
        apply(theirs, JobLifecycle.queue, JOB, FIRST, values={"attempts": jobs.c.attempts + 1})
        values = {"attempts": jobs.c.attempts * 10}
        waiting = pool.submit(apply, ours, JobLifecycle.run, JOB, FIRST, values=values, history=history)
        time.sleep(0.2)
        assert not waiting.done()
        theirs.commit()
        assert waiting.result(timeout=5) == Applied(Statuses.QUEUED, Statuses.RUNNING)
        assert ours.scalar(sa.select(jobs.c.attempts)) == 10
        assert ours.scalar(sa.select(history.c.from_code)) == Statuses.QUEUED
        ours.commit()


@pytest.mark.parametrize("how", ["BEGIN", "BEGIN IMMEDIATE"])
def test_sqlite_with_transactions_of_the_hosts_own(tmp_path, how):
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'own.db'}")

    @sa.event.listens_for(engine, "connect")
    def ours_to_begin(connection, _record):
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA busy_timeout = 50")

    @sa.event.listens_for(engine, "begin")
    def begin(connection):
        connection.exec_driver_sql(how)

    metadata.create_all(engine)
    fill(engine, Statuses.QUEUED, Statuses.QUEUED)
    with engine.connect() as ours, engine.connect() as theirs:
        assert ours.scalar(sa.select(JOB).where(FIRST)) == Statuses.QUEUED  # from here on it has a snapshot, or the lock
        winner, loser = (theirs, ours) if how == "BEGIN" else (ours, theirs)
        if how == "BEGIN":
            assert apply(winner, JobLifecycle.run, JOB, FIRST).after == Statuses.RUNNING
            winner.commit()
        with pytest.raises(TransitionConflict):
            apply(loser, JobLifecycle.run, JOB, FIRST)
        if how == "BEGIN IMMEDIATE":
            assert apply(winner, JobLifecycle.run, JOB, FIRST).after == Statuses.RUNNING
            winner.commit()
    assert status_of(engine) == Statuses.RUNNING
    engine.dispose()


def test_a_lock_that_is_not_had_in_time_is_a_conflict(engine):
    fill(engine, Statuses.QUEUED)
    limits = {
        "sqlite": "PRAGMA busy_timeout = 50",
        "postgresql": "SET lock_timeout = '50ms'",
        "mysql": "SET SESSION innodb_lock_wait_timeout = 1",
    }
    with engine.connect() as ours, engine.connect() as theirs:
        apply(theirs, JobLifecycle.run, JOB, FIRST)
        ours.exec_driver_sql(limits["mysql" if engine.dialect.name == "mariadb" else engine.dialect.name])
        with pytest.raises(TransitionConflict, match="Roll your transaction back"):
            apply(ours, JobLifecycle.run, JOB, FIRST)
        ours.rollback()
        theirs.rollback()
        assert apply(ours, JobLifecycle.run, JOB, FIRST).after == Statuses.RUNNING
        ours.invalidate()
        theirs.invalidate()


def test_any_other_failure_of_the_database_stays_what_it_is(engine):
    with engine.begin() as connection:
        jobs.drop(connection)
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError):
        apply(connection, JobLifecycle.run, JOB, FIRST)


def test_four_workers_take_ten_thousand_rows_each_once(engine):
    total = 10_000
    fill(engine, *[Statuses.QUEUED] * total)

    def work(name):
        taken = []
        with engine.connect().execution_options(isolation_level=level) as connection:
            while True:
                rows = claim(
                    connection,
                    JobLifecycle.run,
                    JOB,
                    sa.true(),
                    limit=100,
                    values={"worker": name},
                    returning=[jobs.c.id, jobs.c.worker],
                )
                connection.commit()
                if not rows:
                    return taken
                assert {each.worker for each in rows} == {name}
                taken += [each.id for each in rows]

    level = "SERIALIZABLE" if engine.dialect.name == "sqlite" else "READ COMMITTED"
    with ThreadPoolExecutor(4) as pool:
        shares = list(pool.map(work, ["one", "two", "three", "four"]))
    assert Counter(number for share in shares for number in share) == Counter(range(1, total + 1))
    assert status_of(engine, total) == Statuses.RUNNING
