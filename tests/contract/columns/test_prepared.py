"""Calls of the same shape share a statement; whatever else differs between two calls is seen."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from tests.contract.columns.desk import JOB, JobLifecycle, fill, history, jobs, status_of

from perdure.codes.lifecycle import Lifecycle
from perdure.codes.statuses import Statuses
from perdure.codes.transition import transition
from perdure.columns import apply, apply_all, claim
from perdure.errors import TransitionNotAllowed

NEW, QUEUED, RUNNING = Statuses.NEW, Statuses.QUEUED, Statuses.RUNNING
MOST = {"most": 1}


class Limited(Lifecycle, family=Statuses, initial=Statuses.NEW):
    go = transition(Statuses.NEW, to=Statuses.QUEUED, when=lambda row: row.attempts < MOST["most"])


class Same(sa.ColumnElement[bool]):
    """A condition that SQLAlchemy cannot tell the shape of."""

    inherit_cache = False
    type = sa.Boolean()

    def __init__(self, number):
        self.number = number


@compiles(Same)
def same(element, _compiler, **_options):
    return f"jobs.id = {element.number:d}"


@pytest.fixture
def watched(engine):
    """A function that makes a call and returns the statements that it ran, and how many were compiled for it."""
    compiled = {}

    def run(call, *arguments, **options):
        ran = []

        def note(_connection, statement, *_rest):
            ran.append(statement)

        before = len(compiled)
        with engine.connect().execution_options(compiled_cache=compiled) as connection:
            sa.event.listen(connection, "before_execute", note)
            call(connection, *arguments, **options)
            connection.commit()
        return [each for each in ran if each.is_select or each.is_update], len(compiled) - before

    return run


@pytest.mark.parametrize("kept", [None, history])
def test_a_second_call_of_the_same_shape_builds_nothing_and_compiles_nothing(engine, watched, kept):
    fill(engine, NEW, NEW, QUEUED)
    reason = None if kept is None else "first"
    first, compiled = watched(apply, JobLifecycle.queue, JOB, jobs.c.id == 1, values={"worker": "a"}, history=kept, reason=reason)
    assert compiled
    second, compiled = watched(apply, JobLifecycle.queue, JOB, jobs.c.id == 2, values={"worker": "b"}, history=kept)
    assert not compiled
    assert [id(each) for each in second] == [id(each) for each in first]
    with engine.connect() as connection:
        rows = connection.execute(sa.select(jobs.c.worker, JOB).order_by(jobs.c.id)).all()
        told = connection.execute(sa.select(history.c.entity, history.c.reason).order_by(history.c.id)).all()
    assert list(map(tuple, rows)) == [("a", QUEUED), ("b", QUEUED), (None, QUEUED)]
    assert list(map(tuple, told)) == ([] if kept is None else [("1", "first"), ("2", None)])


def test_so_do_batches_and_claims_of_every_size(engine, watched):
    fill(engine, *[NEW] * 9)
    for call, way, options in ((apply_all, "queue", {}), (claim, "run", {"order_by": [jobs.c.id], "returning": [jobs.c.id]})):
        watched(call, getattr(JobLifecycle, way), JOB, jobs.c.id < 9, limit=1, **options)
        watched(call, getattr(JobLifecycle, way), JOB, jobs.c.id < 9, limit=2, **options)
        assert watched(call, getattr(JobLifecycle, way), JOB, jobs.c.id < 8, limit=3, **options)[1] == 0
        assert watched(call, getattr(JobLifecycle, way), JOB, jobs.c.id < 8, limit=1, **options)[1] == 0
    assert [status_of(engine, number) for number in (1, 7, 8, 9)] == [RUNNING, RUNNING, NEW, NEW]


def test_conditions_of_another_shape_are_other_conditions(engine):
    fill(engine, *[NEW] * 6)
    with engine.begin() as connection:
        for where, moved in (
            (jobs.c.id == 1, 1),
            (jobs.c.id < 3, 1),
            (jobs.c.id.in_([3]), 1),
            (jobs.c.id.in_([1, 4, 5]), 2),
            (jobs.c.id > 5, 1),
        ):
            assert apply_all(connection, JobLifecycle.queue, JOB, where) == moved


def test_values_of_another_shape_are_other_values(engine):
    fill(engine, NEW, worker="w")
    with engine.begin() as connection:
        apply(connection, JobLifecycle.queue, JOB, jobs.c.id == 1, values={"attempts": jobs.c.attempts + 1})
        apply(connection, JobLifecycle.run, JOB, jobs.c.id == 1, values={"attempts": jobs.c.attempts - 5})
        apply(connection, JobLifecycle.fail, JOB, jobs.c.id == 1, values={"worker": None})
        assert connection.execute(sa.select(jobs.c.attempts, jobs.c.worker)).one() == (-4, None)
        apply(connection, JobLifecycle.retry, JOB, jobs.c.id == 1, values={"worker": JOB, "attempts": 2})
        assert connection.execute(sa.select(jobs.c.attempts, jobs.c.worker)).one()[0] == 2


def test_values_that_the_caller_has_named_are_taken_anew(engine):
    fill(engine, *[NEW] * 4)
    for number in (1, 2):
        named = sa.text("jobs.id = :wanted").bindparams(wanted=number + 2)
        for where in (jobs.c.id == sa.bindparam("wanted", number), named):
            with engine.begin() as connection:
                assert apply(connection, JobLifecycle.queue, JOB, where).after == QUEUED
    assert [status_of(engine, number) for number in (1, 2, 3, 4)] == [QUEUED] * 4


def test_what_has_no_shape_is_built_each_time(engine):
    fill(engine, NEW, NEW)
    for number in (1, 2):
        with engine.begin() as connection:
            apply(connection, JobLifecycle.queue, JOB, Same(number))
        assert status_of(engine, number) == QUEUED


def test_a_function_that_binds_a_value_is_called_each_time(engine):
    fill(engine, NEW, NEW)
    numbers = iter([1, 2])
    where = jobs.c.id == sa.bindparam(None, callable_=lambda: next(numbers), type_=sa.Integer, unique=True)
    with engine.begin() as connection:
        for _ in range(2):
            apply(connection, JobLifecycle.queue, JOB, where)
    assert [status_of(engine, number) for number in (1, 2)] == [QUEUED, QUEUED]


def test_a_when_is_asked_each_time(engine, monkeypatch):
    fill(engine, NEW, attempts=1)
    with engine.begin() as connection:
        with pytest.raises(TransitionNotAllowed):
            apply(connection, Limited.go, JOB, jobs.c.id == 1)
        monkeypatch.setitem(MOST, "most", 2)
        assert apply(connection, Limited.go, JOB, jobs.c.id == 1).after == QUEUED
