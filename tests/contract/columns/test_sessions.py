from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, scoped_session, sessionmaker
from tests.contract.columns.desk import Task, TaskLifecycle, history

from perdure.codes.category import Category
from perdure.codes.lifecycle import Lifecycle
from perdure.codes.statuses import Statuses
from perdure.codes.transition import transition
from perdure.columns import accepts, apply, apply_all, claim, in_category, move
from perdure.errors import EntityNotFound, TransitionNotAllowed


class Guarded(Lifecycle, family=Statuses, initial=Statuses.NEW):
    begin = transition(
        Statuses.NEW, to=Statuses.RUNNING, when=lambda row: row.tries < 3
    )  # the attribute's name, not the column's


@pytest.fixture
def session(engine):
    with Session(engine) as session:
        session.add_all([Task(id=number, state=Statuses.NEW) for number in (1, 2, 3)])
        session.commit()
        yield session


def test_mapped_attributes_work_and_loaded_objects_are_read_again(session):
    loaded, other = session.get_one(Task, 1), session.get_one(Task, 2)
    applied = apply(
        session,
        TaskLifecycle.begin,
        Task.state,
        Task.id == 1,
        to="202_RUNNING",
        values={"title": "t", Task.tries: Task.tries + 1},
    )
    assert applied.before == Statuses.NEW
    assert (loaded.state, loaded.title, loaded.tries) == (Statuses.RUNNING, "t", 1)
    assert other.state == Statuses.NEW
    assert (
        move(session, TaskLifecycle, Task.state, Task.id == 1, to="406_PAUSED", history=history, actor="ann").after
        == Statuses.PAUSED
    )
    assert loaded.state == Statuses.PAUSED
    session.rollback()
    assert loaded.state == Statuses.NEW


def test_only_what_was_touched_is_read_again(session):
    one, two = session.get_one(Task, 1), session.get_one(Task, 2)
    apply(session, TaskLifecycle.complete, Task.__table__.c.status, Task.id == 1)  # a column in place of the attribute
    assert "state" not in vars(one)
    assert "state" in vars(two)


def test_what_the_session_holds_back_is_written_first(session):
    session.get_one(Task, 1).title = "changed"
    session.add(Task(id=9, state=Statuses.NEW))
    apply(session, TaskLifecycle.complete, Task.state, Task.id == 9)
    session.commit()
    assert session.get_one(Task, 1).title == "changed"


def test_batches_and_claims(session):
    loaded = session.get_one(Task, 3)
    taken = claim(
        session, TaskLifecycle.begin, Task.state, Task.id == 3, limit=1, to="203_PROCESSING", returning=[Task.id, Task.state]
    )
    assert [(each.id, each.state) for each in taken] == [(3, Statuses.PROCESSING)]
    assert loaded.state == Statuses.PROCESSING
    assert apply_all(session, TaskLifecycle.complete, Task.state, Task.id > 1) == 2
    assert loaded.state == Statuses.COMPLETED


def test_conditions(session):
    assert len(session.scalars(select(Task).where(in_category(Task.state, Category.PENDING))).all()) == 3
    assert len(session.scalars(select(Task).where(accepts(Task.state, Guarded.begin))).all()) == 3
    session.get_one(Task, 1).tries = 3
    assert len(session.scalars(select(Task).where(accepts(Task.state, Guarded.begin))).all()) == 2
    with pytest.raises(TransitionNotAllowed) as caught:
        apply(session, Guarded.begin, Task.state, Task.id == 1)
    assert caught.value.condition
    assert apply(session, Guarded.begin, Task.state, Task.id == 2).after == Statuses.RUNNING


def test_after_a_refusal_the_object_shows_what_is_there(session, engine):
    loaded = session.get_one(Task, 1)
    session.rollback()
    assert loaded.state == Statuses.NEW
    session.rollback()
    with engine.begin() as connection:
        apply(connection, TaskLifecycle.complete, Task.state, Task.id == 1)
    with pytest.raises(TransitionNotAllowed):
        apply(session, TaskLifecycle.complete, Task.state, Task.id == 1)
    assert loaded.state == Statuses.COMPLETED
    with pytest.raises(EntityNotFound):
        apply(session, TaskLifecycle.complete, Task.state, Task.id == 99)


def test_a_scoped_session_is_one_too(engine):
    scoped = scoped_session(sessionmaker(engine))
    scoped.add(Task(id=1, state=Statuses.NEW))
    assert apply(scoped, TaskLifecycle.complete, Task.state, Task.id == 1).after == Statuses.COMPLETED
    scoped.remove()


def test_an_asynchronous_one_is_told_how():
    class AsyncSession:
        run_sync = None

    with pytest.raises(TypeError, match="run_sync"):
        apply(AsyncSession(), TaskLifecycle.complete, Task.state, Task.id == 1)
