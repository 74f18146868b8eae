from __future__ import annotations

import time

import pytest
import sqlalchemy as sa
from tests.contract.columns.desk import JOB, JobLifecycle, fill, history, jobs, places, status_of

from perdure.codes.code import StatusCode
from perdure.codes.families import Families
from perdure.codes.lifecycles import Lifecycles
from perdure.codes.statuses import Statuses
from perdure.codes.transition import transition
from perdure.columns import Applied, CodeType, apply, apply_all, claim, move
from perdure.errors import (
    EntityNotFound,
    InvalidName,
    InvalidTarget,
    SeveralEntities,
    TransactionRequired,
    TransitionNotAllowed,
    UnknownStatusCode,
)

FIRST = jobs.c.id == 1


def test_one_row_moves_and_the_rest_stay(engine):
    fill(engine, Statuses.NEW, Statuses.NEW)
    with engine.begin() as connection:
        applied = apply(connection, JobLifecycle.queue, JOB, FIRST)
    assert applied == Applied(Statuses.NEW, Statuses.QUEUED)
    assert type(applied.before) is StatusCode
    assert applied.before.description
    assert (status_of(engine, 1), status_of(engine, 2)) == (Statuses.QUEUED, Statuses.NEW)


def test_it_is_the_callers_transaction(engine):
    fill(engine, Statuses.NEW)
    with engine.connect() as connection:
        apply(connection, JobLifecycle.queue, JOB, FIRST, history=history)
        connection.rollback()
        assert connection.scalar(sa.select(sa.func.count()).select_from(history)) == 0
    assert status_of(engine) == Statuses.NEW


def test_a_refusal_says_what_is_allowed_and_changes_nothing(engine):
    fill(engine, Statuses.RUNNING)
    with engine.begin() as connection, pytest.raises(TransitionNotAllowed) as caught:
        apply(connection, JobLifecycle.queue, JOB, FIRST, history=history)
    assert caught.value.current == Statuses.RUNNING
    assert caught.value.wanted == "queue"
    assert caught.value.allowed == (Statuses.PARTIAL, Statuses.COMPLETED, Statuses.FAIL)
    assert not caught.value.condition
    assert status_of(engine) == Statuses.RUNNING
    with engine.connect() as connection:
        assert not connection.execute(sa.select(history)).all()


def test_a_condition_that_says_no_is_told_as_such(engine):
    fill(engine, Statuses.FAIL, attempts=3)
    with engine.begin() as connection, pytest.raises(TransitionNotAllowed) as caught:
        apply(connection, JobLifecycle.retry, JOB, FIRST)
    assert caught.value.condition
    fill(engine, Statuses.FAIL, attempts=2)
    with engine.begin() as connection:
        assert apply(connection, JobLifecycle.retry, JOB, FIRST).after == Statuses.QUEUED


def test_no_row_and_several_rows_are_refused(engine):
    fill(engine, Statuses.NEW, Statuses.NEW, Statuses.RUNNING)
    with engine.begin() as connection:
        with pytest.raises(EntityNotFound, match=r"jobs matches jobs.id = :id_1 \(id_1=9\)"):
            apply(connection, JobLifecycle.queue, JOB, jobs.c.id == 9)
        for where in (jobs.c.id < 3, jobs.c.id > 1, sa.true()):  # also where only one of them could move
            with pytest.raises(SeveralEntities):
                apply(connection, JobLifecycle.queue, JOB, where)
    assert [status_of(engine, number) for number in (1, 2, 3)] == [Statuses.NEW, Statuses.NEW, Statuses.RUNNING]


def test_several_targets_need_one_named(engine):
    fill(engine, Statuses.RUNNING)
    with engine.begin() as connection:
        with pytest.raises(InvalidTarget):
            apply(connection, JobLifecycle.finish, JOB, FIRST)
        with pytest.raises(InvalidTarget):
            apply(connection, JobLifecycle.finish, JOB, FIRST, to="500_FAIL")
        assert apply(connection, JobLifecycle.finish, JOB, FIRST, to="300_PARTIAL").after == Statuses.PARTIAL
        with pytest.raises(TransitionNotAllowed, match="'303_COMPLETED' from '300_PARTIAL'"):
            apply(connection, JobLifecycle.finish, JOB, FIRST, to="303_COMPLETED")


def test_other_columns_are_written_with_it_from_the_row_as_it_was(engine):
    fill(engine, Statuses.NEW, attempts=4)
    values = {"attempts": jobs.c.attempts + 1, jobs.c.worker: sa.func.substr(JOB, 1, 3)}
    with engine.begin() as connection:
        apply(connection, JobLifecycle.queue, JOB, FIRST, values=values)
        row = connection.execute(sa.select(jobs)).one()
    assert (row.attempts, row.worker, row.touched) == (5, "100", 7)  # and what the table updates by itself
    with engine.begin() as connection, pytest.raises(TypeError, match="moves by its transition"):
        apply(connection, JobLifecycle.run, JOB, FIRST, values={"status": Statuses.RUNNING})


def test_the_history_has_a_row_for_every_move(engine):
    fill(engine, Statuses.NEW)
    before = time.time_ns() // 1000
    with engine.begin() as connection:
        apply(connection, JobLifecycle.queue, JOB, FIRST, history=history, actor="ann", reason="")
        move(connection, JobLifecycle, JOB, FIRST, to="202_RUNNING", history=history)
        rows = connection.execute(sa.select(history).order_by(history.c.id)).all()
    first = rows[0]._asdict()
    assert before <= first.pop("at") <= time.time_ns() // 1000
    assert first.pop("id") < rows[1].id
    told = {"entity": "1", "column_name": "jobs.status", "from_code": "100_NEW", "to_code": "101_QUEUED", "transition": "queue"}
    assert first == {**told, "actor": "ann", "reason": ""}
    assert (rows[1].transition, rows[1].from_code, rows[1].actor) == ("run", "101_QUEUED", None)
    with engine.begin() as connection:
        with pytest.raises(TypeError, match="history="):
            apply(connection, JobLifecycle.run, JOB, FIRST, actor="ann")
        with pytest.raises(InvalidName):
            apply(connection, JobLifecycle.run, JOB, FIRST, history=history, actor="a" * 256)


def test_a_key_of_several_columns_and_a_status_that_is_null(engine):
    with engine.begin() as connection:
        rows = [{"row": number, "seat": 'Zoë "A"', "status": Statuses.NEW} for number in (1, 2, 3)]
        connection.execute(places.insert(), [*rows, {"row": 4, "seat": "b", "status": None}])
        apply(connection, JobLifecycle.queue, places.c.status, places.c.row == 1, history=history)
        assert apply_all(connection, JobLifecycle.queue, places.c.status, sa.true(), history=history) == 2
        taken = claim(connection, JobLifecycle.run, places.c.status, sa.true(), limit=2, order_by=[places.c.row.desc()])
        assert [(each.row, each.status) for each in taken] == [(3, Statuses.RUNNING), (2, Statuses.RUNNING)]
        entities = connection.scalars(sa.select(history.c.entity).order_by(history.c.entity)).all()
        assert entities == [f'[{number}, "Zoë \\"A\\""]' for number in (1, 2, 3)]
        with pytest.raises(TransitionNotAllowed, match="'None'"):
            apply(connection, JobLifecycle.queue, places.c.status, places.c.row == 4)


def test_a_target_known_at_run_time_finds_its_transition(engine):
    fill(engine, Statuses.FAIL, attempts=5)
    with engine.begin() as connection:
        with pytest.raises(UnknownStatusCode, match="'202_RUNNING'"):
            move(connection, JobLifecycle, JOB, FIRST, to="202_RUNING")
        with pytest.raises(TransitionNotAllowed) as caught:
            move(connection, JobLifecycle, JOB, FIRST, to="202_RUNNING")
        assert caught.value.allowed == (Statuses.QUEUED,)
        with pytest.raises(TransitionNotAllowed) as caught:
            move(connection, JobLifecycle, JOB, FIRST, to="000_UNKNOWN")  # where no transition leads
        assert not caught.value.condition
        with pytest.raises(TransitionNotAllowed) as caught:
            move(connection, JobLifecycle, JOB, FIRST, to="101_QUEUED")
        assert caught.value.condition
        connection.execute(jobs.update().values(attempts=0))
        assert move(connection, JobLifecycle, JOB, FIRST, to="101_QUEUED") == Applied(Statuses.FAIL, Statuses.QUEUED)
        with pytest.raises(EntityNotFound):
            move(connection, JobLifecycle, JOB, jobs.c.id == 9, to="101_QUEUED")


class MoreStatuses(Statuses, extends=Statuses):
    WAITING = StatusCode("409_WAITING", "For somebody")


class MoreJobs(JobLifecycle, extends=JobLifecycle, family=MoreStatuses):
    run = transition(MoreStatuses.WAITING, to=Statuses.RUNNING)
    wait = transition(Statuses.QUEUED, to=MoreStatuses.WAITING)


def test_what_a_plugin_adds_is_known_to_the_merged_lifecycle(engine):
    families = Families.merge([("plugin", MoreStatuses)])
    merged = Lifecycles.merge([("plugin", MoreJobs)], families)[JobLifecycle]
    table = sa.Table(
        "jobs",
        sa.MetaData(),
        *(sa.Column(each.name, each.type, primary_key=each.primary_key) for each in jobs.c if each is not JOB),
    )
    table.append_column(sa.Column("status", CodeType(lambda: merged)))
    place, first = table.c.status, table.c.id == 1
    fill(engine, Statuses.QUEUED)
    with engine.begin() as connection:
        assert apply(connection, merged.wait, place, first).after == "409_WAITING"
        assert apply(connection, merged.run, place, first).before.description == "For somebody"
        assert apply(connection, merged.fail, place, first).after == Statuses.FAIL
        assert apply(connection, JobLifecycle.retry, place, first).after == Statuses.QUEUED


def test_an_old_row_of_an_uninstalled_plugin_leaves_by_its_category(engine):
    fill(engine, Statuses.RUNNING)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE jobs SET status = '298_DREAMING'")
        with pytest.raises(TransitionNotAllowed) as caught:
            apply(connection, JobLifecycle.queue, JOB, FIRST)
        assert caught.value.allowed == (Statuses.PARTIAL, Statuses.COMPLETED, Statuses.FAIL)
        assert apply(connection, JobLifecycle.fail, JOB, FIRST).before == "298_DREAMING"


def test_autocommit_is_refused_where_it_takes_several_statements(engine):
    fill(engine, Statuses.NEW)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "postgresql":  # one statement is one transaction
            assert apply(connection, JobLifecycle.queue, JOB, FIRST, history=history).after == Statuses.QUEUED
            return
        for call in (
            lambda: apply(connection, JobLifecycle.queue, JOB, FIRST),
            lambda: apply_all(connection, JobLifecycle.queue, JOB, FIRST),
            lambda: claim(connection, JobLifecycle.queue, JOB, FIRST, limit=1),
        ):
            with pytest.raises(TransactionRequired, match="jobs"):
                call()
    assert status_of(engine) == Statuses.NEW


def test_only_columns_of_tables_with_a_key_and_callers_with_a_transaction(engine):
    fill(engine, Statuses.NEW)
    with engine.begin() as connection:
        with pytest.raises(TypeError, match="no column of a table"):
            apply(connection, JobLifecycle.queue, jobs.alias().c.status, FIRST)
        keyless = sa.Table("keyless", sa.MetaData(), sa.Column("status", CodeType(JobLifecycle)))
        with pytest.raises(TypeError, match="no primary key"):
            apply(connection, JobLifecycle.queue, keyless.c.status, FIRST)
    with pytest.raises(TypeError, match="no transaction"):
        apply(engine, JobLifecycle.queue, JOB, FIRST)
