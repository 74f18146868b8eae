from __future__ import annotations

import pytest
import sqlalchemy as sa
from tests.contract.columns.desk import JOB, JobLifecycle, fill, history, jobs

from perdure.codes.statuses import Statuses
from perdure.columns import apply_all, claim
from perdure.errors import InvalidTarget


def codes(engine):
    with engine.connect() as connection:
        return connection.scalars(sa.select(JOB).order_by(jobs.c.id)).all()


def test_a_batch_takes_what_the_transition_accepts_and_no_more_than_the_limit(engine):
    fill(engine, *[Statuses.COMPLETED, Statuses.PARTIAL, Statuses.RUNNING] * 5)
    with engine.connect() as connection:
        batches = []
        while moved := apply_all(connection, JobLifecycle.archive, JOB, sa.true(), limit=4, history=history, actor="night"):
            connection.commit()
            batches.append(moved)
    assert batches == [4, 4, 2]
    assert codes(engine) == [Statuses.ARCHIVED, Statuses.ARCHIVED, Statuses.RUNNING] * 5
    with engine.connect() as connection:
        told = connection.execute(sa.select(history.c.from_code, sa.func.count()).group_by(history.c.from_code)).all()
    assert sorted(map(tuple, told)) == [("300_PARTIAL", 5), ("303_COMPLETED", 5)]


def test_a_batch_of_more_rows_than_one_statement_holds_keys(engine):
    fill(engine, *[Statuses.NEW] * 1200)
    with engine.begin() as connection:
        assert apply_all(connection, JobLifecycle.queue, JOB, jobs.c.id > 100, values={"worker": "w"}, limit=5000) == 1100
        assert connection.scalar(sa.select(sa.func.count()).where(jobs.c.worker == "w")) == 1100


def test_the_condition_and_the_where_bound_a_batch(engine):
    fill(engine, *[Statuses.FAIL] * 4)
    with engine.begin() as connection:
        connection.execute(jobs.update().where(jobs.c.id < 3).values(attempts=3))
        assert apply_all(connection, JobLifecycle.retry, JOB, jobs.c.id != 4) == 1
    assert codes(engine) == [Statuses.FAIL, Statuses.FAIL, Statuses.QUEUED, Statuses.FAIL]


def test_claimed_rows_come_as_they_are_now_and_in_order(engine):
    fill(engine, *[Statuses.QUEUED] * 5)
    with engine.begin() as connection:
        taken = claim(
            connection,
            JobLifecycle.run,
            JOB,
            jobs.c.id > 1,
            limit=3,
            order_by=[jobs.c.id.desc()],
            values={"worker": "w"},
            history=history,
        )
        assert [(each.id, each.status, each.worker, each.touched) for each in taken] == [
            (number, Statuses.RUNNING, "w", 7) for number in (5, 4, 3)
        ]
        assert taken[0]._fields == tuple(jobs.c.keys())
        some = claim(
            connection, JobLifecycle.run, JOB, sa.true(), limit=3, order_by=[jobs.c.id], returning=[jobs.c.status, jobs.c.id]
        )
        assert [tuple(each) for each in some] == [(Statuses.RUNNING, 1), (Statuses.RUNNING, 2)]
        assert claim(connection, JobLifecycle.run, JOB, sa.true(), limit=3) == []
        assert connection.scalar(sa.select(sa.func.count()).select_from(history)) == 3


def test_workers_pass_one_another(engine):
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    fill(engine, *[Statuses.QUEUED] * 4)
    ready = engine.execution_options(isolation_level="READ COMMITTED")
    with ready.connect() as one, ready.connect() as other:
        first = claim(one, JobLifecycle.run, JOB, sa.true(), limit=2)
        second = claim(other, JobLifecycle.run, JOB, sa.true(), limit=4)
        assert {each.id for each in first} | {each.id for each in second} == {1, 2, 3, 4}
        assert len(second) == 2


def test_a_limit_and_a_target_are_needed(engine):
    with engine.begin() as connection:
        with pytest.raises(ValueError, match="limit=0"):
            apply_all(connection, JobLifecycle.queue, JOB, sa.true(), limit=0)
        with pytest.raises(ValueError, match="limit=-1"):
            claim(connection, JobLifecycle.queue, JOB, sa.true(), limit=-1)
        with pytest.raises(InvalidTarget):
            apply_all(connection, JobLifecycle.finish, JOB, sa.true())
        assert apply_all(connection, JobLifecycle.finish, JOB, sa.true(), to="303_COMPLETED") == 0
