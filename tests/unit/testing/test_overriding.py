from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import attrs
import pytest
from sqlalchemy import create_engine, text

from perdure import (
    App,
    AppClosed,
    AsyncApp,
    InvalidArgument,
    Lifecycle,
    StatusCode,
    Statuses,
    StatusPinned,
    StatusSpec,
    StoreUnavailable,
    TransitionNotAllowed,
    UnknownStatusName,
    ValueCorrupt,
    ValueFromNewerVersion,
    ValueRefused,
    field,
    hookimpl,
    transition,
)
from perdure.testing.overriding import Override, Overrides


class DoorLifecycle(Lifecycle, family=Statuses, initial=Statuses.NEW):
    start = transition(Statuses.NEW, to=Statuses.RUNNING)
    finish = transition(Statuses.RUNNING, to=Statuses.COMPLETED)


@attrs.frozen
class Desk:
    enable: bool
    seats: int = 4
    ticks: int = field(default=0, history=0)
    door: StatusCode = field(lifecycle=DoorLifecycle, default=Statuses.NEW)
    former: int = field(stored_as="latter", default=1)


class Plugin:
    @hookimpl
    def perdure_status_specs(self):
        return [StatusSpec("desk", Desk, record_version=2, upgrades={"seats": {1: int}})]


@pytest.fixture
def app(tmp_path):
    with App.open(f"sqlite:///{tmp_path / 'own.db'}", plugins=[Plugin()]) as app:
        yield app


@pytest.fixture
def status(app):
    return app.scope("desk").status


@pytest.fixture
def override(request, app):
    return Override(Overrides(request.node.addfinalizer), lambda: app)


def put_as_is(app, name, value, record_version=1, encoding="json"):
    """Write to the table what no code of perdure would."""
    with app.begin() as connection:
        connection.execute(
            text("UPDATE perdure_status SET value = :value, record_version = :version, encoding = :encoding WHERE name = :name"),
            {"name": name, "value": value, "version": record_version, "encoding": encoding},
        )


def stored(app):
    """What is stored, as it is stored."""
    return {
        row.name: (row.text, row.encoding, row.record_version, row.actor)
        for row in app.resources.store.read_tenant("")
        if row.text
    }


def test_what_was_stored_is_stored_again_and_what_was_not_is_unset(app, status, override):
    status.set("seats", 7, actor="ada")
    before = stored(app)
    with override("desk", {"seats": 8, "enable": True}, former=3):
        assert (status.get("seats"), status.get("enable"), status.get("former")) == (8, True, 3)
    assert stored(app) == before
    assert status.entry("seats").actor == "ada"
    assert "enable" not in status


def test_versions_go_on_and_the_history_tells(app, status, override):
    status.set("seats", 7)
    with override("desk", seats=8):
        pass
    assert status.entry("seats").version == 3
    assert [(each.operation, each.value, each.reason) for each in status.history("seats")] == [
        ("revert", 7, "a fixture of perdure.testing"),
        ("set", 8, "a fixture of perdure.testing"),
        ("set", 7, None),
    ]


def test_it_is_put_back_when_the_block_fails_and_only_once(status, override):
    def failing():
        with override("desk", seats=8) as overridden:
            assert status.get("seats") == 8
            raise LookupError(overridden)

    with pytest.raises(LookupError) as caught:
        failing()
    assert "seats" not in status
    status.set("seats", 9)
    caught.value.args[0].put_back()
    assert status.get("seats") == 9


def test_what_the_code_under_test_has_written_goes(status, override):
    status.set("seats", 7)
    with override("desk", seats=8, enable=True, ticks=1):
        status.set("seats", 20)
        status.unset("enable")
        status.update("ticks", lambda ticks: ticks + 1)
    assert status.get("seats") == 7
    assert "enable" not in status
    assert "ticks" not in status


def test_one_that_is_as_it_was_is_not_written(status, override):
    status.set("seats", 7)
    with override("desk", seats=8):
        status.set("seats", 7)
        version = status.entry("seats").version
    with override("desk", enable=True):
        status.unset("enable")
    assert status.entry("seats").version == version


def test_a_lifecycle_has_no_say(status, override):
    status.set("door", Statuses.RUNNING)
    with override("desk", door="303_COMPLETED"):
        assert status.get("door") == Statuses.COMPLETED
        with pytest.raises(TransitionNotAllowed):
            status.set("door", Statuses.RUNNING)
    assert status.get("door") == Statuses.RUNNING
    with override("desk", door=Statuses.NEW):
        pass
    assert status.get("door") == Statuses.RUNNING
    with pytest.raises(ValueRefused, match="'209_NOBODYS' is no code of the family 'statuses'"):
        override("desk", door="209_NOBODYS")


@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (("no json", 1, "json"), ValueCorrupt),
        (('"seven"', 2, "json"), ValueCorrupt),
        (("7", 2, "a secret script"), ValueCorrupt),
        (("7", 9, "json"), ValueFromNewerVersion),
        (("7", "ninth", "json"), ValueCorrupt),
        ((b"7", 2, "json"), ValueCorrupt),
    ],
)
def test_what_cannot_be_read_is_put_back_as_it_was(app, status, override, damage, error):
    status.set("seats", 7)
    put_as_is(app, "seats", *damage)
    before = stored(app)
    with override("desk", seats=8):
        assert status.get("seats") == 8
    assert stored(app) == before
    with pytest.raises(error):
        status.get("seats")


def test_several_of_a_name_end_in_any_order(status, override):
    status.set("seats", 1)
    with override("desk", seats=2):
        with override("desk", seats=3):
            assert status.get("seats") == 3
        assert status.get("seats") == 2
        held = override("desk", seats=4)
    assert status.get("seats") == 4  # it still stands
    held.put_back()
    assert status.get("seats") == 1


def test_names_of_other_tenants_and_apps_are_others(app, status, override, tmp_path):
    with App.open(f"sqlite:///{tmp_path / 'other.db'}", plugins=[Plugin()]) as other:
        theirs = other.scope("desk").status
        school = app.tenant("school").scope("desk").status
        with override("desk", seats=2), override("desk", seats=3, tenant="school"), override("desk", seats=4, app=other):
            with override("desk", seats=5, app=app.tenant("school")):
                assert (status.get("seats"), school.get("seats"), theirs.get("seats")) == (2, 5, 4)
            assert school.get("seats") == 3
        assert not any("seats" in each for each in (status, school, theirs))


def test_apps_on_one_database_put_back_in_any_order(app, status, override, tmp_path):
    status.set("seats", 7)
    with App.open(f"sqlite:///{tmp_path / 'own.db'}", plugins=[Plugin()]) as other:
        first, second = override("desk", seats=8), override("desk", seats=9, app=other)
        first.put_back()
        assert status.get("seats") == 9  # it still stands
        second.put_back()
        assert status.get("seats") == 7


def test_what_could_not_be_put_back_is_tried_again(tmp_path, monkeypatch):
    at_end = []
    impatient = create_engine(f"sqlite:///{tmp_path / 'own.db'}", connect_args={"timeout": 0.05})
    with App.open(engine=impatient, plugins=[Plugin()]) as app:
        status = app.scope("desk").status
        override = Override(Overrides(at_end.append), lambda: app)
        monkeypatch.setattr(app.resources.store, "patience", 0.05)
        status.set("seats", 7)
        lower, upper = override("desk", seats=8, enable=True), override("desk", seats=9)
        with closing(sqlite3.connect(tmp_path / "own.db", isolation_level=None)) as another:
            another.execute("BEGIN IMMEDIATE")
            for held in (lower, upper):
                with pytest.raises(StoreUnavailable) as caught:
                    held.put_back()
                assert "was not put back" in caught.value.__notes__[0]
        assert status.get("seats") == 9
        upper.put_back()
        assert status.get("seats") == 8
        at_end[0]()
        assert status.get("seats") == 7
        assert "enable" not in status
    impatient.dispose()


def test_what_cannot_be_put_back_says_so(tmp_path):
    at_end = []
    with App.open(f"sqlite:///{tmp_path / 'other.db'}", plugins=[Plugin()]) as other:
        held = Override(Overrides(at_end.append), lambda: other)("desk", seats=2)
    for put_back in (held.put_back, *at_end):
        with pytest.raises(AppClosed) as closed:
            put_back()
        assert "was not put back" in closed.value.__notes__[0]


def test_an_async_app_will_do(tmp_path, override):
    async def main():
        async with AsyncApp.open(f"sqlite:///{tmp_path / 'async.db'}", plugins=[Plugin()]) as app:
            with override("desk", seats=2, app=app):
                assert await app.scope("desk").status.get("seats") == 2
            assert not await app.scope("desk").status.contains("seats")

    asyncio.run(main())


def test_what_cannot_be_overridden_says_why_and_nothing_is_written(app, override):
    for expected, arguments in [
        (UnknownStatusName, {"sits": 1, "seats": 2}),
        (ValueRefused, {"seats": "many", "enable": True}),
        (InvalidArgument, {}),
    ]:
        with pytest.raises(expected):
            override("desk", **arguments)
    assert stored(app) == {}


def test_a_name_that_is_given_twice_is_refused(app, override):
    with pytest.raises(InvalidArgument, match="values='seats' cannot be used: expected each name once"):
        override("desk", {"seats": 1, "enable": True}, seats=2)
    assert stored(app) == {}


def test_a_pinned_name_is_refused(tmp_path, override):
    with App.open("sqlite://", plugins=[Plugin()], pinned={"desk": {"seats": 1}}) as app:
        with pytest.raises(StatusPinned, match="is pinned by the application"):
            override("desk", enable=True, seats=2, app=app)
        assert stored(app) == {}


def test_the_fixture_puts_back_at_the_end_of_a_test_that_fails(inner, database, training):
    status = training.scope("training-student").status
    status.set("visits", 7)
    inner.run(f"""
        import pytest
        from perdure import App

        @pytest.fixture
        def perdure_app():
            with App.open({database!r}, plugins=["training-student"]) as app:
                yield app

        @pytest.fixture
        def another():
            with App.open({database!r}, plugins=["training-student"], tenant="school") as app:
                yield app

        def test_it_fails(perdure_override, perdure_app, another):
            perdure_override("training-student", visits=8)
            perdure_override("training-student", visits=9)
            perdure_override("training-student", visits=1, app=another)
            perdure_app.scope("training-student").status.set("visits", 10)
            assert another.scope("training-student").status.get("visits") == 2

        def test_the_app_need_not_be_asked_for(perdure_override):
            perdure_override("training-student", visits=11)

        def test_it_was_put_back(perdure_app, another):
            assert perdure_app.scope("training-student").status.get("visits") == 7
            assert "visits" not in another.scope("training-student").status
    """).assert_outcomes(passed=2, failed=1)
    assert status.get("visits") == 7
