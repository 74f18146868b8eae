"""Watching as users ask for it: from where, for how long, and what is refused. That it is exact is tested beside it."""

from __future__ import annotations

import threading

import attrs
import pytest
from sqlalchemy import create_engine

from perdure import (
    App,
    HistoryNotKept,
    HistoryTruncated,
    InvalidArgument,
    StatusSpec,
    UnknownModule,
    UnknownStatusName,
    field,
)

from .conftest import plugin

PATIENCE = 20.0


@attrs.frozen
class Desk:
    open: bool = True
    visits: int = field(default=0, history=3)
    called: str = field(default="", stored_as="name")
    pulse: int = field(default=0, history=0)


@attrs.frozen
class Pulse:
    beat: int = field(default=0, history=0)


DESK = StatusSpec("desk", Desk, formerly="counter")


@pytest.fixture
def app(url):
    with App.open(url, plugins=[plugin(DESK, StatusSpec("pulse", Pulse))], watch_interval=0.1) as app:
        yield app


@pytest.fixture
def status(app):
    return app.scope(DESK).status


def test_a_watch_begins_with_the_call_and_tells_of_every_change_after_it(status):
    status.set("visits", 1)
    with status.watch() as watch:
        assert watch.take(0) is None
        status.set_many({"visits": 2, "called": "left"})
        status.unset("called")
        changes = [watch.take(PATIENCE) for _ in range(3)]
    assert [(each.name, each.value) for each in changes] == [("called", "left"), ("visits", 2), ("called", None)]
    assert watch.ended
    assert list(watch) == []


def test_a_watch_goes_on_where_another_ended(status):
    with status.watch("visits", "called") as watch:
        status.set("called", "left")
        watch.take(PATIENCE)
    status.set("visits", 1)
    assert watch.cursors == {"visits": 0, "called": 1}
    with status.watch("visits", "called", since=watch.cursors) as later:
        assert later.take(PATIENCE).value == 1
        assert later.take(0.2) is None
    with status.watch("called", since=0) as all_of_it:
        assert all_of_it.take(PATIENCE).value == "left"


def test_cursors_outlive_renames(app, status):
    with app.watch() as watch:
        status.set("called", "left")
        watch.take(PATIENCE)
    assert watch.cursors["desk"]["called"] == 1
    status.set("called", "right")
    for since in ({"counter": {"name": 1}}, {"desk": {"called": 1}}):
        with app.watch(since=since) as later:
            assert later.take(PATIENCE).value == "right"


def test_who_is_away_for_too_long_is_told_so_and_goes_on(status):
    for number in range(8):
        status.set("visits", number)
    with status.watch("visits", since=1) as watch:
        with pytest.raises(
            HistoryTruncated, match=r"Changes of desk\.visits after version 1 are gone; the next one kept is"
        ) as raised:
            watch.take(PATIENCE)
        assert (raised.value.since, raised.value.oldest, watch.cursors) == (1, 6, {"visits": 5})
        assert [watch.take(PATIENCE).version for _ in range(3)] == [6, 7, 8]


def test_a_database_that_was_brought_back_is_noticed(status):
    status.set("visits", 1)
    with status.watch("visits", since={"visits": 7}) as watch:
        with pytest.raises(
            HistoryTruncated, match="was seen at version 7, and is at version 1: this is another database"
        ) as raised:
            watch.take(PATIENCE)
        assert (raised.value.reached, watch.cursors) == (1, {"visits": 1})
        status.set("visits", 2)
        assert watch.take(PATIENCE).version == 2


def test_a_name_without_a_history_is_refused_by_name_and_left_out_otherwise(app, status):
    with pytest.raises(HistoryNotKept, match=r"desk\.pulse keeps no history"):
        status.watch("open", "pulse")
    with pytest.raises(HistoryNotKept, match="No name of pulse keeps a history"):
        app.scope("pulse").status.watch()
    with app.watch() as watch:
        assert set(watch.cursors) == {"desk"}
        assert set(watch.cursors["desk"]) == {"open", "visits", "called"}


@pytest.mark.parametrize("since", [-1, True, "1", {"visits": "1"}, {"visits": None}, ["visits"]])
def test_what_is_no_version_is_refused(status, since):
    with pytest.raises(InvalidArgument, match="since="):
        status.watch(since=since)


@pytest.mark.parametrize("since", [5, "desk", {"desk": 5}, {"desk": {"visits": -1}}, {"desk": {}, "counter": {}}])
def test_what_are_no_cursors_is_refused(app, since):
    with pytest.raises(InvalidArgument, match="since="):
        app.watch(since=since)


def test_what_nobody_declares_is_refused(app, status):
    with pytest.raises(UnknownStatusName):
        status.watch("visit")
    with pytest.raises(UnknownStatusName):
        status.watch(since={"visit": 1})
    with pytest.raises(UnknownModule):
        app.watch(since={"dresk": {}})


@pytest.mark.parametrize("seconds", [1e12, float("inf"), None])
def test_any_time_may_be_waited(status, seconds):
    with status.watch("visits") as watch:
        threading.Timer(0.05, status.set, ("visits", 1)).start()
        assert watch.take(seconds).value == 1


@pytest.mark.parametrize("given", [0, -1.0, 1e10, float("inf"), float("nan"), "1", True])
def test_an_interval_is_a_time_that_passes(given):
    with pytest.raises(InvalidArgument, match="watch_interval="):
        App.open("sqlite://", plugins=[], watch_interval=given)


def test_a_loop_ends_when_the_app_is_closed(url):
    told = []
    with App.open(url, plugins=[plugin(DESK)]) as app:
        watch = app.watch()
        loop = threading.Thread(target=lambda: told.extend(watch))
        loop.start()
        app.scope("desk").status.set("visits", 1)
        while not told:
            threading.Event().wait(0.01)
    loop.join(PATIENCE)
    assert not loop.is_alive()
    assert [each.value for each in told] == [1]


def test_a_transaction_in_two_phases_is_joined_also_where_others_are_notified(postgresql_url):
    engine = create_engine(postgresql_url)
    with engine.connect() as connection:
        prepares = int(connection.exec_driver_sql("SHOW max_prepared_transactions").scalar())
    if not prepares:
        engine.dispose()
        pytest.skip("this PostgreSQL prepares no transactions: max_prepared_transactions is 0")
    options = {"plugins": [plugin(DESK)], "tenant": "two-phase", "watch_interval": 0.1}
    with App.open(engine=engine, notify=True, **options) as app, app.watch() as watch, engine.connect() as connection:
        transaction = connection.begin_twophase()
        app.scope(DESK).status.within(connection).set("visits", 1)
        transaction.prepare()
        transaction.commit()
        assert watch.take(PATIENCE).value == 1
    engine.dispose()


def test_statements_of_a_transaction_in_two_phases_do_not_notify(postgresql_url):
    engine = create_engine(postgresql_url)
    with App.open(engine=engine, plugins=[plugin(DESK)], notify=True, tenant="two-phase") as app, engine.connect() as connection:
        joined = app.scope(DESK).status.within(connection).store
        assert joined.writing_statements(connection).notify is not None
        connection.rollback()
        with connection.begin_twophase() as transaction:
            assert joined.writing_statements(connection).notify is None
            transaction.rollback()
    engine.dispose()
