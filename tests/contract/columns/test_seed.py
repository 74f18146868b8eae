"""The usage examples at the end of the IGNIS status-code reference."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy import func, select
from tests.contract.columns.desk import JOB, JobLifecycle, OrderLifecycle, TaskLifecycle, fill, jobs, status_of

from perdure.codes.category import Category
from perdure.codes.graph import graph
from perdure.codes.statuses import Statuses
from perdure.columns import accepts, apply, apply_all, in_category, move
from perdure.errors import TransitionNotAllowed, UnknownStatusCode

FIRST = jobs.c.id == 1


@pytest.mark.parametrize("end", ["complete", "fail"])
def test_the_life_of_an_order(engine, end):
    fill(engine, Statuses.NEW)
    with engine.begin() as connection:
        for each in (OrderLifecycle.queue, OrderLifecycle.process):
            apply(connection, each, JOB, FIRST)
        apply(connection, getattr(OrderLifecycle, end), JOB, FIRST, values={"worker": "charged"})
    assert status_of(engine) == {"complete": Statuses.COMPLETED, "fail": Statuses.FAIL}[end]
    with engine.begin() as connection, pytest.raises(TransitionNotAllowed, match="no way out"):
        apply(connection, OrderLifecycle.cancel, JOB, FIRST)


def test_only_pending_and_active_orders_are_cancelled(engine):
    for code in Statuses.SCHEME_SET:
        fill(engine, code)
        with engine.begin() as connection:
            if code.category in (Category.PENDING, Category.ACTIVE):
                assert apply(connection, OrderLifecycle.cancel, JOB, FIRST).after == Statuses.CANCELLED
            else:
                with pytest.raises(TransitionNotAllowed):
                    apply(connection, OrderLifecycle.cancel, JOB, FIRST)


def test_jobs_that_can_be_retried_and_those_that_are_active(engine):
    fill(engine, Statuses.FAIL, Statuses.TIMEOUT, Statuses.RUNNING, Statuses.SENT, Statuses.COMPLETED, Statuses.EXPIRED)
    with engine.begin() as connection:
        connection.execute(jobs.update().where(jobs.c.id == 6).values(attempts=3))
        retryable = connection.scalars(select(jobs.c.id).where(accepts(JOB, JobLifecycle.retry))).all()
        assert sorted(retryable) == [1, 2]
        assert connection.scalar(select(func.count()).where(in_category(JOB, Category.ACTIVE))) == 2


def test_completed_jobs_are_archived_in_batches(engine):
    fill(engine, *[*[Statuses.COMPLETED, Statuses.SUCCESS] * 25, Statuses.RUNNING])
    batches = []
    with engine.connect() as connection:
        while moved := apply_all(connection, JobLifecycle.archive, JOB, jobs.c.id <= 40, limit=15):
            connection.commit()
            batches.append(moved)
        connection.rollback()
        assert batches == [15, 15, 10]
        assert connection.scalar(select(func.count()).where(JOB == Statuses.ARCHIVED)) == 40


def test_a_task_is_updated_to_a_status_that_the_user_chose(engine):
    fill(engine, Statuses.NEW)
    with engine.begin() as connection:
        with pytest.raises(UnknownStatusCode, match="'202_RUNNIN'"):
            move(connection, TaskLifecycle, JOB, FIRST, to="202_RUNNIN")
        assert move(connection, TaskLifecycle, JOB, FIRST, to="203_PROCESSING", values={"touched": 1}).before == Statuses.NEW
        with pytest.raises(TransitionNotAllowed, match="'100_NEW' from '203_PROCESSING'"):
            move(connection, TaskLifecycle, JOB, FIRST, to="100_NEW")


def test_only_active_and_pending_tasks_are_completed_and_none_leaves_an_end(engine):
    for code in Statuses.SCHEME_SET:
        fill(engine, code)
        with engine.begin() as connection:
            if Statuses.is_active(code) or Statuses.is_pending(code):
                assert move(connection, TaskLifecycle, JOB, FIRST, to=Statuses.COMPLETED).before == code
            else:
                with pytest.raises(TransitionNotAllowed):
                    move(connection, TaskLifecycle, JOB, FIRST, to=Statuses.COMPLETED)
            terminal = Statuses.is_completed(code) or Statuses.is_failed(code)
            assert terminal == code.category.terminal
            assert not terminal or not graph(TaskLifecycle).targets(code)


def test_terminal_rows_can_be_asked_for(engine):
    fill(engine, *Statuses.SCHEME_SET)
    terminal = [category for category in Category if category.terminal]
    with engine.connect() as connection:
        found = connection.scalars(select(JOB).where(sa.not_(in_category(JOB, *terminal)))).all()
    assert sorted(found) == [code for code in Statuses.SCHEME_SET if not code.category.terminal]
