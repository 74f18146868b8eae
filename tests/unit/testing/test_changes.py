from __future__ import annotations

import asyncio

import attrs
import pytest
from sqlalchemy import create_engine, event

from perdure import App, AsyncApp, InvalidArgument, StatusSpec, UnknownModule, UnknownStatusName, field, hookimpl
from perdure.testing.changes import recorded


@attrs.frozen
class Desk:
    seats: int = 4
    ticks: int = field(default=0, history=0)
    word: str = field(default="", secret=True)


class Plugin:
    @hookimpl
    def perdure_status_specs(self):
        return [StatusSpec("desk", Desk)]


@pytest.fixture
def engine(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'own.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def app(engine):
    with App.open(engine=engine, plugins=[Plugin()]) as app:
        yield app


@pytest.fixture
def changes(app):
    app.scope("desk").status.set("seats", 1)  # before anybody records
    with recorded(app) as changes:
        yield changes


def test_changes_are_there_at_once_in_order_and_without_a_history_too(app, changes):
    status = app.scope("desk").status
    assert changes() == []
    status.set("seats", 2, actor="ada", reason="a table more")
    status.set("ticks", 1)
    status.set_many({"ticks": 2, "seats": 3})
    status.unset("seats")
    assert changes.values() == [
        ("desk", "seats", 2),
        ("desk", "ticks", 1),
        ("desk", "seats", 3),
        ("desk", "ticks", 2),
        ("desk", "seats", None),
    ]
    first = changes()[0]
    assert (first.actor, first.reason, first.operation, first.version) == ("ada", "a table more", "set", 2)
    assert first == status.history("seats")[-2]
    assert changes("desk", "ticks") == [each for each in changes() if each.name == "ticks"]
    changes.clear()
    assert changes() == []


def test_what_is_refused_is_no_change(app, changes):
    status = app.scope("desk").status
    with pytest.raises(Exception, match="expected int"):
        status.set("seats", "many")
    assert changes() == []


def test_every_tenant_is_heard_and_may_be_asked_for(app, changes):
    app.tenant("school").scope("desk").status.set("seats", 9)
    app.scope("desk").status.set("seats", 8)
    assert [each.tenant for each in changes()] == ["school", ""]
    assert changes.values(tenant="school") == [("desk", "seats", 9)]


def test_a_secret_is_not_shown(app, changes):
    app.scope("desk").status.set("word", "swordfish")
    assert "swordfish" not in repr(changes)
    assert changes.values("desk", "word") == [("desk", "word", "swordfish")]


def test_a_callers_transaction_is_there_after_its_commit_and_not_before(app, changes, engine):
    status = app.scope("desk").status
    with app.begin() as connection:
        status.within(connection).set("seats", 5)
        assert changes() == []
    assert changes.values() == [("desk", "seats", 5)]


def test_it_is_there_though_the_connection_is_still_held_and_once(app, changes, engine):
    status = app.scope("desk").status
    with engine.connect() as connection:
        status.within(connection).set("seats", 5)
        status.within(connection).set("seats", 6)
        assert changes() == []
        connection.commit()
        assert changes.values() == [("desk", "seats", 5), ("desk", "seats", 6)]
        changes.clear()
    assert changes() == []
    status.set("ticks", 1)
    assert changes.values() == [("desk", "ticks", 1)]


def test_writes_of_one_name_are_in_the_order_of_their_versions(app, changes, engine):
    status = app.scope("desk").status
    with engine.connect() as connection:
        status.within(connection).set("seats", 5)
        connection.commit()
        status.set("ticks", 1)
        status.set("seats", 6)  # heard of first
    assert changes.values("desk", "seats") == [("desk", "seats", 5), ("desk", "seats", 6)]
    assert [each.version for each in changes("desk", "seats")] == [2, 3]
    assert len(changes()) == 3


def test_what_was_committed_before_clear_is_not_told_after_it(app, changes, engine):
    status = app.scope("desk").status
    with engine.connect() as connection:
        status.within(connection).set("seats", 5)
        connection.commit()
        status.set("seats", 6)
        changes.clear()
        assert changes() == []
    assert changes() == []
    status.set("seats", 7)
    assert changes.values() == [("desk", "seats", 7)]


def test_what_is_committed_after_clear_is_told_though_it_was_written_before(app, changes, engine):
    status = app.scope("desk").status
    with engine.connect() as connection:
        status.within(connection).set("seats", 5)
        changes.clear()
        connection.commit()
        assert changes.values() == [("desk", "seats", 5)]


def test_two_apps_that_commit_together_are_both_heard_while_the_connection_is_held(app, changes, engine):
    with App.open(engine=engine, plugins=[Plugin()]) as other, recorded(other) as theirs, engine.connect() as connection:
        app.scope("desk").status.within(connection).set("seats", 5)
        other.scope("desk").status.within(connection).set("seats", 6)
        connection.commit()
        assert changes.values() == [("desk", "seats", 5)]
        assert theirs.values() == [("desk", "seats", 6)]


def test_a_commit_that_somebody_prevented_is_none(app, changes, engine):
    def prevent(_connection):
        raise LookupError

    with engine.connect() as connection:
        app.scope("desk").status.within(connection).set("seats", 5)
        event.listen(engine, "commit", prevent)
        with pytest.raises(LookupError):
            connection.commit()
        assert changes() == []
        changes.clear()
        event.remove(engine, "commit", prevent)
    assert changes() == []


def test_nothing_is_asked_of_the_database(tmp_path):
    """The one connection of a pool is held by the test itself."""
    engine = create_engine(f"sqlite:///{tmp_path / 'one.db'}", pool_size=1, max_overflow=0, pool_timeout=0.01)
    with App.open(engine=engine, plugins=[Plugin()]) as app, recorded(app) as changes, engine.connect() as connection:
        app.scope("desk").status.within(connection).set("seats", 5)
        connection.commit()
        assert repr(changes) == "<Changes: 0 heard of>"
        assert changes.values() == [("desk", "seats", 5)]
        assert repr(changes) == "<Changes: 1 heard of>"
        changes.clear()
        assert changes() == []
    engine.dispose()


def test_what_is_rolled_back_never_is(app, changes, engine):
    status = app.scope("desk").status
    with engine.connect() as connection:
        status.within(connection).set("seats", 5)
        connection.rollback()
        assert changes() == []
        with connection.begin():
            with connection.begin_nested() as savepoint:
                status.within(connection).set("seats", 6)
                savepoint.rollback()
            status.within(connection).set("ticks", 1)
    assert changes.values() == [("desk", "ticks", 1)]


def test_what_an_async_app_writes_is_heard(tmp_path):
    async def main():
        async with AsyncApp.open(f"sqlite:///{tmp_path / 'async.db'}", plugins=[Plugin()]) as app:
            with recorded(app) as changes:
                await app.scope("desk").status.set("seats", 5)
                assert changes.values() == [("desk", "seats", 5)]

    asyncio.run(main())


def test_nothing_is_recorded_afterwards(app):
    with recorded(app) as changes:
        pass
    app.scope("desk").status.set("seats", 7)
    assert changes() == []


def test_the_fixture_hears_its_app_and_not_the_other_fixtures(inner):
    inner.run("""
        import pytest

        pytestmark = pytest.mark.perdure("training-student")

        def test_it(perdure_app, perdure_override, perdure_changes):
            status = perdure_app.scope("training-student").status
            with perdure_override("training-student", visits=3):
                status.update("visits", lambda visits: visits + 1)
            assert perdure_changes.values() == [("training-student", "visits", 4)]
            assert [each.operation for each in status.history("visits")] == ["revert", "update", "set"]

        def test_it_begins_anew(perdure_app, perdure_changes):
            assert perdure_changes() == []

        def test_it_fails_where_something_else_was_changed(perdure_app, perdure_changes):
            perdure_app.scope("training-student").status.set("enable", True)
            assert perdure_changes.values() == [("training-student", "enable", False)]
    """).assert_outcomes(passed=2, failed=1)


def test_what_there_is_not_is_refused_and_not_told_to_be_unchanged(app, changes):
    spec = app.scope("desk").spec
    app.scope("desk").status.set("seats", 5)
    assert changes.values(spec, "seats") == changes.values("desk") == [("desk", "seats", 5)]
    with pytest.raises(UnknownModule, match="Did you mean 'desk'"):
        changes("desc")
    with pytest.raises(UnknownStatusName, match="Did you mean 'seats'"):
        changes.values("desk", "seat")
    with pytest.raises(InvalidArgument, match="a name that a module declares"):
        changes(name="seat")
