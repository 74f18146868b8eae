"""Reads that may be a little old: how old, at what cost, and what is seen at once all the same; on every store."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import attrs
import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool
from tests.services.databases import PostgreSQLServer
from tests.services.process import ServerProcess
from tests.unit.store.aged.counting import counted
from tests.unit.store.aged.shelf import Clock

from perdure import (
    App,
    AppClosed,
    InvalidArgument,
    OutcomeUnknown,
    StatusNotSet,
    StatusPinned,
    StatusSpec,
    StoreUnavailable,
    UnknownStatusName,
    ValueCorrupt,
    ValueRefused,
    VersionConflict,
    field,
)

from .conftest import COURSE, TRAINING, User, emptied, plugin
from .test_freshness import READER, race

MODULE = "training-student"


@pytest.fixture
def app(open_app):
    return open_app()


@pytest.fixture
def clock(app):
    """The clock by which the App tells what is old: set by hand, and before anything is asked for by its age."""
    app.resources.store.snapshots.clock = Clock()
    return app.resources.store.snapshots.clock


@pytest.fixture
def queries(app):
    """Every query of the App's own, as it is run."""
    fetch, asked = app.resources.store.fetch, []

    def counting(text, parameters, about=None):
        asked.append(text)
        return fetch(text, parameters, about)

    app.resources.store.fetch = counting
    return asked


@pytest.fixture
def open_other(shared_url):
    """Opens another App on the same store: what it writes is another process's writing."""
    opened = []

    def open_other(*specs, **options):
        opened.append(App.open(shared_url, plugins=[plugin(*specs or (TRAINING, COURSE))], **options))
        return opened[-1]

    yield open_other
    for app in opened:
        app.close()


@pytest.fixture
def shared_app(open_other):
    return open_other()


@pytest.fixture
def shared_status(shared_app):
    return shared_app.scope(MODULE).status


def every_read(status, name="visits"):
    """What every way of reading says of a name."""
    entry = status.entry(name)
    entries = {each.name: each.value for each in status.entries()}
    return [
        status.get(name),
        status.field_named(name).get(),
        getattr(status.current, name),
        entry.value if entry else None,
        entries.get(name),
        name in status,
    ]


# --------------------------------------------------------------------------- how old


def test_within_its_age_nothing_is_asked_and_after_it_one_query(app, clock, queries):
    status = app.scope(TRAINING).status
    status.set_many({"enable": True, "user": User("ada", 36), "visits": 3, "tags": ["a"]})
    aged = status.max_age(5)
    queries.clear()
    for _ in range(3):
        for _ in range(20):
            assert every_read(aged) == [3, 3, 3, 3, 3, True]
            assert aged.load().user == User("ada", 36)
            assert (aged.get("tags"), aged.get("size"), aged.get("limits", "none")) == (["a"], 5, "none")
            assert aged.field(lambda record: record.visits).required() == 3
            assert aged.current.greeting == "Hello ada"
            clock.tick(0.2)
        assert len(queries) == 1
        clock.tick(1.1)
        queries.clear()


def test_what_another_process_wrote_is_seen_after_the_time_that_was_given(shared_url, open_other):
    app, there = open_other(), open_other().scope(MODULE).status
    clock = app.resources.store.snapshots.clock = Clock()
    fresh = app.scope(MODULE).status
    aged = fresh.max_age(5)
    there.set("visits", 1)
    assert every_read(aged) == [1, 1, 1, 1, 1, True]
    for value in range(2, 6):
        there.set("visits", value)
        clock.tick(4.9)
        assert every_read(aged) == [value - 1] * 5 + [True]
        assert every_read(fresh) == [value] * 5 + [True]
        clock.tick(0.2)
        assert every_read(aged) == [value] * 5 + [True]
    there.unset("visits")
    clock.tick(5.1)
    assert every_read(aged) == [0, 0, 0, None, None, False]


def test_writers_in_other_processes_are_never_further_ahead_than_that(shared_url, tmp_path):
    with race(shared_url, tmp_path) as (app, running):
        reader = running.start(READER, "lambda status: status.max_age(0.1)", 0.7, 0.1)
        status = app.scope(MODULE).status
        outcomes = []
        running.go()

        def read(seconds):
            outcomes.append(counted(status.max_age(seconds), running.acknowledged, 0.7, seconds))

        threads = [threading.Thread(target=read, args=(seconds,)) for seconds in (0.0, 0.05, 0.1, 0.1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        elsewhere = [int(each) for each in running.said(reader)]
        running.stop()
    assert [stale for _, stale in outcomes] + elsewhere[1:] == [0] * 5


def test_the_control_an_age_that_is_too_great_is_found_out(tmp_path):
    with race(f"sqlite:///{tmp_path / 'app.db'}", tmp_path) as (app, running):
        status = app.scope(MODULE).status.max_age(60)
        status.get("visits")
        running.go()
        number, stale = counted(status, running.acknowledged, 0.5, 0.1)
        running.stop()
    assert stale > number / 4


def test_at_age_nothing_reads_are_fresh(open_other):
    aged, there = open_other().scope(MODULE).status.max_age(0), open_other().scope(MODULE).status
    for value in range(1, 20):
        there.set("visits", value)
        assert every_read(aged) == [value] * 5 + [True]


def test_names_that_were_written_together_elsewhere_are_seen_together(open_other):
    here, there = open_other().scope(MODULE).status, open_other().scope(MODULE).status
    there.set_many({"enable": True, "user": User("ada", 1), "visits": 1, "size": 1})
    aged = here.max_age(60)
    assert (aged.load().visits, aged.load().size) == (1, 1)
    there.set_many({"visits": 2, "size": 2})
    here.set("size", 3)
    assert (aged.load().visits, aged.load().size) == (2, 3)


def test_names_that_were_written_together_here_are_seen_together(app, status):
    status.set_many({"visits": 1, "size": 1})
    aged, seen = status.max_age(60), []
    aged.get("visits")
    app.resources.store.subscribe(lambda _: seen.append((aged.get("visits"), aged.get("size"))))
    for value in range(2, 5):
        status.set_many({"visits": value, "size": value})
    assert seen
    assert [pair for pair in seen if pair[0] != pair[1]] == []


# --------------------------------------------------------------------------- own writes


def test_own_writes_are_seen_at_once_by_every_way(app, status, clock, queries):
    aged, other, again = status.max_age(60), status.max_age(3600), app.tenant("").scope(MODULE).status.max_age(60)
    readers = (aged, other, again)
    assert [every_read(each)[0] for each in readers] == [0, 0, 0]
    queries.clear()

    def seen():
        found = [every_read(each) for each in readers]
        assert found[0] == found[1] == found[2]
        return found[0]

    for writer in (status, aged, again):
        version = writer.set("visits", 5).version
        assert seen() == [5, 5, 5, 5, 5, True]
        writer.update("visits", lambda visits: visits + 1)
        assert seen() == [6, 6, 6, 6, 6, True]
        writer.set_many({"visits": 7, "size": 8})
        assert (seen(), aged.get("size")) == ([7, 7, 7, 7, 7, True], 8)
        writer.revert("visits", version)
        assert seen() == [5, 5, 5, 5, 5, True]
        writer.compare_and_set("visits", 9, version=aged.entry("visits").version)
        assert seen() == [9, 9, 9, 9, 9, True]
        writer.field(lambda record: record.visits).set(10)
        assert seen() == [10, 10, 10, 10, 10, True]
        changes = writer.set_many({"visits": 11})
        writer.revert_change_set(changes)
        assert seen() == [10, 10, 10, 10, 10, True]
        writer.unset("visits")
        assert seen() == [0, 0, 0, None, None, False]
    assert not any("ORDER BY" in text and "perdure_status" in text for text in queries)  # nobody has read the module again


def test_entries_of_own_writes_are_those_of_the_database(status):
    aged = status.max_age(60)
    aged.entries()
    status.set("visits", 1, actor="ada")
    status.set("renamed", 2)
    status.set("user", User("ada", 36))
    status.update("visits", lambda visits: visits + 1)
    assert aged.entries() == status.entries()
    assert [aged.entry(name) for name in ("visits", "renamed", "user")] == [
        status.entry(name) for name in ("visits", "renamed", "user")
    ]


def test_what_fails_to_be_written_is_not_seen(app, status):
    aged = status.max_age(60)
    status.set("visits", 1)
    with pytest.raises(ValueRefused):
        status.set("visits", "2")
    with pytest.raises(VersionConflict):
        aged.compare_and_set("visits", 2, version=9)
    with pytest.raises(ZeroDivisionError):
        aged.update("visits", lambda visits: visits // 0)
    with pytest.raises(ValueRefused):
        aged.set_many({"visits": 2, "size": "many"})
    assert every_read(aged) == [1, 1, 1, 1, 1, True]


def test_a_write_is_decided_by_what_is_there_and_not_by_what_is_remembered(open_other):
    aged, there = open_other().scope(MODULE).status.max_age(60), open_other().scope(MODULE).status
    aged.set("visits", 1)
    assert aged.get("visits") == 1
    for _ in range(3):
        there.update("visits", lambda visits: visits + 10)
    assert aged.get("visits") == 1
    with pytest.raises(VersionConflict):
        aged.compare_and_set("visits", 5, version=1)
    assert aged.update("visits", lambda visits: visits + 1).value == 32
    assert (aged.get("visits"), len(aged.history("visits"))) == (32, 5)
    assert aged.revert("visits", 2).value == 11


def test_a_write_of_which_nobody_knows_what_became_is_looked_up(app, status, monkeypatch):
    aged, store = status.max_age(60), app.resources.store
    status.set("visits", 1)
    assert aged.get("visits") == 1
    run = store.run

    def lost(key, work):
        run(key, work)
        raise OutcomeUnknown(store.shown, "the connection was lost during COMMIT. Read 'visits' before writing it again", key)

    monkeypatch.setattr(store, "run", lost)
    with pytest.raises(OutcomeUnknown):
        status.set("visits", 2)
    assert status.get("visits") == 2
    assert aged.get("visits") == 2


def test_a_write_that_began_before_anybody_asked_by_age_is_seen_at_once(shared_app, shared_status):
    shared_status.set("visits", 1)
    found = []
    with shared_app.begin() as connection:
        shared_status.within(connection).set("visits", 2)
        thread = threading.Thread(target=lambda: found.append(shared_status.max_age(60).get("visits")))
        thread.start()
        thread.join()
    assert found == [1]
    assert shared_status.max_age(60).get("visits") == 2


def test_an_update_that_began_before_anybody_asked_by_age_is_seen_at_once(shared_app, shared_status):
    shared_status.set("visits", 1)
    found = []

    def function(visits):
        thread = threading.Thread(target=lambda: found.append(shared_status.max_age(60).get("visits")))
        thread.start()
        thread.join()
        return visits + 1

    shared_status.update("visits", function)
    assert found == [1]
    assert shared_status.max_age(60).get("visits") == 2


# --------------------------------------------------------------------------- transactions


def test_a_transactions_writes_are_seen_after_its_commit(app, status):
    aged = status.max_age(60)
    aged.get("visits")
    with app.begin() as connection:
        inside = status.within(connection)
        inside.set("visits", 2)
        inside.update("visits", lambda visits: visits + 1)
        assert inside.max_age(60).get("visits") == aged.within(connection).max_age(60).get("visits") == 3
    assert every_read(aged) == [3, 3, 3, 3, 3, True]


@pytest.mark.parametrize("reading", ["before it", "in it", "in it for the first time"])
def test_a_transactions_writes_are_never_seen_after_a_rollback(app, status, clock, reading):
    aged = status.max_age(60)
    status.set("visits", 1)
    if reading != "in it for the first time":
        aged.get("visits")
    with pytest.raises(ZeroDivisionError), app.begin() as connection:
        status.within(connection).set("visits", 2)
        if reading != "before it":
            clock.tick(61)
            aged.get("visits")
        raise ZeroDivisionError
    assert every_read(aged) == [1, 1, 1, 1, 1, True]


def test_a_savepoint_that_was_rolled_back_is_not_seen(app, status):
    aged = status.max_age(60)
    aged.get("visits")
    with app.begin() as connection:
        inside = status.within(connection)
        inside.set("visits", 2)
        savepoint = connection.begin_nested()
        inside.set("visits", 3)
        inside.set("size", 3)
        savepoint.rollback()
        with connection.begin_nested():
            inside.set("renamed", 4)
    assert (aged.get("visits"), aged.get("size"), aged.get("renamed")) == (2, 5, 4)


@pytest.fixture
def engine(shared_url):
    engine = create_engine(shared_url)
    yield engine
    engine.dispose()


def test_a_hosts_own_transaction_is_seen_as_soon_as_it_is_committed(shared_status, engine):
    aged = shared_status.max_age(60)
    assert aged.get("visits") == 0
    with engine.connect() as connection:
        shared_status.within(connection).set("visits", 2)
        connection.commit()
        assert shared_status.get("visits") == 2
        assert aged.get("visits") == 2
        shared_status.within(connection).set("visits", 3)
        connection.rollback()
        assert aged.get("visits") == 2
    assert aged.get("visits") == 2


def test_a_hosts_own_session_is_seen_as_soon_as_it_is_committed(shared_status, engine):
    aged = shared_status.max_age(60)
    assert aged.get("visits") == 0
    with Session(engine) as session:
        inside = shared_status.within(session)
        for value in (2, 3):
            inside.set("visits", value)
            session.commit()
            assert aged.get("visits") == value
        inside.set("visits", 4)
        session.rollback()
        assert aged.get("visits") == 3


def test_within_a_transaction_all_is_as_it_is_there(shared_status, engine, open_other):
    aged, there = shared_status.max_age(60), open_other().scope(MODULE).status
    assert aged.get("visits") == 0
    there.set("visits", 1)
    with engine.begin() as connection:
        inside = aged.within(connection)
        assert inside.max_age(60) is inside
        assert (inside.get("visits"), inside.max_age(60).get("visits"), aged.get("visits")) == (1, 1, 0)
        with pytest.raises(InvalidArgument):
            inside.max_age("60")


def test_an_unset_looks_at_the_database_and_not_at_what_is_remembered(shared_status, open_other):
    aged, there = shared_status.max_age(60), open_other().scope(MODULE).status
    assert aged.get("size") == 5
    there.set("size", 9)
    assert (aged.get("size"), "size" in aged) == (5, False)
    assert aged.unset("size")
    assert "size" not in there


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_what_is_read_while_an_update_runs_is_not_kept_as_newer_than_it_is(request, tmp_path, kind):
    """MariaDB shows a transaction what was there when it first read."""
    url = emptied(request.getfixturevalue(f"{kind}_url"))
    with App.open(url, plugins=[plugin(TRAINING)]) as app, App.open(url, plugins=[plugin(TRAINING)]) as other:
        read_in_an_update(app, other.scope(MODULE).status)


def read_in_an_update(app, there):
    clock = app.resources.store.snapshots.clock = Clock()
    status = app.scope(MODULE).status
    there.set("size", 1)
    aged = status.max_age(5)

    def function(visits):
        aged.get("size")
        there.set("size", 2)
        clock.tick(6)
        aged.get("size")
        return visits + 1

    status.update("visits", function)
    clock.tick(1)
    assert aged.get("size") == 2


# --------------------------------------------------------------------------- who has nothing to do with whom


def test_tenants_and_modules_have_nothing_in_common(app):
    ada, bob = (app.tenant(name).scope(MODULE).status.max_age(60) for name in ("ada", "bob"))
    own, course = app.scope(MODULE).status.max_age(60), app.scope("demo-course").status.max_age(60)
    for number, status in enumerate((ada, bob, own), start=1):
        status.set("visits", number)
        status.set("enable", number != 2)
    assert [each.get("visits") for each in (ada, bob, own)] == [1, 2, 3]
    assert [each.get("enable") for each in (ada, bob, own, course)] == [True, False, True, None]
    course.set("enable", False)
    assert [each.get("enable") for each in (ada, bob, own, course)] == [True, False, True, False]
    assert [each.entry("visits").tenant for each in (ada, bob, own)] == ["ada", "bob", ""]
    assert app.tenant("ada").scope(MODULE).status.max_age(5).get("visits") == 1


def test_a_tenant_that_is_erased_is_gone_at_once(app):
    ada, bob = (app.tenant(name).scope(MODULE).status.max_age(60) for name in ("ada", "bob"))
    for status in (ada, bob):
        status.set("visits", 5)
        assert every_read(status) == [5, 5, 5, 5, 5, True]
    app.erase_tenant("ada")
    assert every_read(ada) == [0, 0, 0, None, None, False]
    assert every_read(bob) == [5, 5, 5, 5, 5, True]


@attrs.frozen
class Before:
    count: int = 0
    note: str = ""


@attrs.frozen
class After:
    count: int = 0


def test_a_leftover_that_is_removed_stays_so_when_it_is_declared_again(open_other):
    old = open_other(StatusSpec("depot", Before))
    aged = old.scope("depot").status.max_age(0.2)
    aged.set_many({"count": 1, "note": "x"})
    new = open_other(StatusSpec("depot", After))
    assert new.scope("depot").status.max_age(60).load() == After(1)
    assert [entry.name for entry in new.scope("depot").status.max_age(60).entries()] == ["count"]
    assert new.remove_leftover("depot", "note")
    rows = new.scope("depot").status.max_age(60).store.read_module("", "depot")
    assert [(row.name, row.text) for row in rows] == [("count", "1"), ("note", None)]
    time.sleep(0.25)
    assert aged.load() == Before(1, "")


@attrs.frozen
class Renamed:
    amount: int = field(stored_as="count", default=0)
    count: str = field(stored_as="note", default="")


def test_a_renamed_module_and_renamed_names_share_what_is_stored(open_other):
    old = open_other(StatusSpec("depot", Before)).scope("depot").status
    app = open_other(StatusSpec("warehouse", Renamed, formerly=("depot",)))
    new = app.scope("warehouse").status
    aged = new.max_age(60)
    old.set_many({"count": 1, "note": "x"})
    assert (aged.get("amount"), aged.get("count"), aged.load()) == (1, "x", Renamed(1, "x"))
    new.set("amount", 2)
    assert (aged.get("amount"), aged.get("count")) == (2, "x")
    assert app.scope("depot").status.max_age(60).get("amount") == 2
    assert aged.entry("amount").module == "warehouse"


def test_pins_and_defaults_count_as_ever(open_app):
    app = open_app(pinned={MODULE: {"size": 9}}, defaults={MODULE: {"visits": 7}})
    status = app.scope(MODULE).status
    aged = status.max_age(60)
    for _ in range(2):
        assert every_read(aged, "size") == [9, 9, 9, 9, 9, True]
        assert aged.entry("size").pinned
        assert every_read(aged) == [7, 7, 7, None, None, False]
        assert (aged.get("visits", 1), aged.get("visits"), aged.get("visits", None)) == (1, 7, None)
        assert aged.get("enable") is None
        with pytest.raises(StatusNotSet, match="enable"):
            aged.load()
        with pytest.raises(StatusNotSet):
            aged.current.enable  # noqa: B018
    with pytest.raises(StatusPinned):
        aged.set("size", 1)
    status.set("visits", 1)
    assert aged.get("visits", 5) == 1


def test_what_is_wrong_is_told_as_ever(status):
    aged = status.max_age(60)
    aged.get("visits")
    for wrong in ("visit", "", 7, None, ["visits"], {}):
        with pytest.raises(type(raised_by(lambda wrong=wrong: status.get(wrong)))):
            aged.get(wrong)
    with pytest.raises(UnknownStatusName, match="Did you mean 'visits'"):
        aged.get("visit")


def raised_by(call):
    with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever it is
        call()
    return raised.value


def test_damage_is_told_of_each_time(app, status, url):
    status.set("visits", 3)
    with app.begin() as connection:
        connection.exec_driver_sql("UPDATE perdure_status SET value = 'true' WHERE name = 'visits'")
    aged = status.max_age(60)
    for _ in range(3):
        with pytest.raises(ValueCorrupt):
            aged.get("visits")
        with pytest.raises(ValueCorrupt):
            aged.load()
        assert aged.entry("visits").error is not None
    status.set("visits", 4)
    assert every_read(aged) == [4, 4, 4, 4, 4, True]


def test_secrets_are_not_shown(status):
    aged = status.max_age(60)
    aged.set("password", "hunter2")
    assert aged.get("password") == "hunter2"
    shown = [aged, aged.entry("password"), aged.entries(), aged.field_named("password"), aged.current, aged.store, aged.memory]
    assert "hunter2" not in "".join(map(repr, shown))


def test_nobody_shares_a_value_that_can_be_changed(status):
    aged = status.max_age(60)
    aged.set("tags", ["a"])
    for read in (lambda: aged.get("tags"), lambda: aged.current.tags, lambda: aged.load().tags, lambda: aged.entry("tags").value):
        if read.__code__.co_names[0] == "load":
            status.set_many({"enable": True, "user": User("ada", 36)})
        read().append("of mine")
        assert aged.get("tags") == ["a"]
        assert read() == ["a"]
    aged.get("limits")["day"] = 99
    assert aged.get("limits") == {"day": 3}


# --------------------------------------------------------------------------- arguments


BAD = [True, False, "1", None, float("nan"), float("inf"), -1, -0.001, 10**400, 10**5000, 1e10, 1j, [1], object()]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{type(bad).__name__}")
def test_a_time_that_is_none_is_refused(status, bad):
    for known in (0, 1):  # also where an age was asked for that Python takes for the same
        status.max_age(known)
        with pytest.raises(InvalidArgument, match="^seconds"):
            status.max_age(bad)
        status.max_age(1, on_outage=known)
        with pytest.raises(InvalidArgument, match="^on_outage"):
            status.max_age(1, on_outage=bad)


def test_the_same_age_gives_the_same_status(status):
    assert status.max_age(5) is status.max_age(5.0) is status.max_age(5, on_outage=0)
    assert status.max_age(5) is not status.max_age(6)
    assert status.max_age(5).max_age(6).get("visits") == 0
    assert "training-student" in repr(status.max_age(5))
    assert status.max_age(5).module == MODULE


# --------------------------------------------------------------------------- the end


def test_after_closing_every_read_says_so(open_app):
    app = open_app()
    status = app.scope(MODULE).status
    status.set_many({"enable": True, "user": User("ada", 36), "visits": 1})
    aged = status.max_age(3600, on_outage=3600)
    every_read(aged)
    aged.load()
    app.close()
    for _ in range(2):
        for call in (
            lambda: aged.get("visits"),
            lambda: aged.get("size"),
            lambda: aged.get("visits", None),
            lambda: aged.field_named("visits").get(),
            lambda: aged.current.visits,
            aged.load,
            lambda: aged.entry("visits"),
            aged.entries,
            lambda: "visits" in aged,
            lambda: aged.history("visits"),
            lambda: aged.set("visits", 2),
            lambda: status.max_age(5).get("visits"),
        ):
            with pytest.raises(AppClosed):
                call()


def test_a_query_that_runs_while_the_app_is_closed_leaves_nothing_behind(open_app):
    app = open_app()
    store, status = app.resources.store, app.scope(MODULE).status
    status.set("visits", 1)
    fetch, running, go_on = store.fetch, threading.Event(), threading.Event()

    def slowly(*arguments):
        found = fetch(*arguments)
        running.set()
        go_on.wait(10)
        return found

    store.fetch = slowly
    aged, outcome = status.max_age(60), []

    def read():
        try:
            outcome.append(aged.get("visits"))
        except AppClosed:
            outcome.append(1)

    thread = threading.Thread(target=read)
    thread.start()
    assert running.wait(10)
    app.close()
    go_on.set()
    thread.join()
    store.fetch = fetch
    assert outcome == [1]
    with pytest.raises(AppClosed):
        aged.get("visits")


# --------------------------------------------------------------------------- forks


def in_child(work):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_parent_and_child_each_see_their_own_writes(shared_app, shared_status):
    aged = shared_status.max_age(60)
    shared_status.set("visits", 1)
    assert aged.get("visits") == 1

    def work():
        assert aged.get("visits") == 1
        shared_status.set("visits", 2)
        assert every_read(aged) == [2, 2, 2, 2, 2, True]

    in_child(work)
    assert aged.get("visits") == 1
    assert shared_status.get("visits") == 2
    shared_status.set("size", 7)
    assert (aged.get("size"), shared_status.update("visits", lambda visits: visits + 1).value, aged.get("visits")) == (7, 3, 3)


def test_a_fork_among_threads_that_read_and_write(shared_app):
    ended = threading.Event()
    statuses = [shared_app.tenant(f"t{number}").scope(MODULE).status for number in range(3)]

    def busy(status):
        while not ended.is_set():
            aged = status.max_age(0)
            version = status.set("visits", 1).version
            assert aged.entry("visits").version == version

    threads = [threading.Thread(target=busy, args=(status,)) for status in statuses[1:]]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):

            def work():
                aged = statuses[0].max_age(60)
                value = statuses[0].update("visits", lambda visits: visits + 1).value
                assert aged.get("visits") == value
                assert statuses[1].max_age(0).get("visits") == 1

            work()
            in_child(work)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert statuses[0].get("visits") == 10


# --------------------------------------------------------------------------- outages


def test_a_file_that_is_away_is_lived_through_and_told_in_time(tmp_path):
    path, away = tmp_path / "app.db", tmp_path / "away.db"
    with App.open(f"sqlite:///{path}", plugins=[plugin(TRAINING, COURSE)]) as app:
        clock = app.resources.store.snapshots.clock = Clock()
        status = app.scope(MODULE).status
        status.set_many({"enable": True, "user": User("ada", 36), "visits": 1})
        patient, strict = status.max_age(5, on_outage=60), status.max_age(5)
        assert every_read(patient) == every_read(strict)
        path.rename(away)
        time.sleep(0.11)  # it is looked for ten times a second
        clock.tick(4)
        assert every_read(strict) == [1, 1, 1, 1, 1, True]
        clock.tick(2)
        for _ in range(10):
            assert every_read(patient) == [1, 1, 1, 1, 1, True]
            assert patient.load().user == User("ada", 36)
            assert patient.get("size") == 5  # that nothing is stored is known
            for call in (
                lambda: strict.get("visits"),
                strict.load,
                lambda: patient.set("visits", 2),
                lambda: patient.update("visits", lambda visits: visits + 1),
                lambda: patient.history("visits"),
                lambda: status.get("visits"),
                lambda: app.scope("demo-course").status.max_age(5, on_outage=60).get("enable"),  # never read: no default
                lambda: app.tenant("t").scope(MODULE).status.max_age(5, on_outage=60).get("visits"),
            ):
                with pytest.raises(StoreUnavailable):
                    call()
            clock.tick(5.8)
        clock.tick(2)
        with pytest.raises(StoreUnavailable):
            patient.get("visits")
        away.rename(path)
        assert patient.get("visits") == strict.get("visits") == 1
        status.set("visits", 2)
        assert patient.get("visits") == 2


class Private(PostgreSQLServer):
    """A server of this test alone, which is stopped by a signal and started again."""

    def found(self):
        return self.started()

    def kill(self):
        self.process.kill()

    def start_again(self):
        command = self.process.process.args
        plain = command[command.index("KILL") + 1 :] if "KILL" in command else command
        Path(plain[plain.index("-D") + 1], "postmaster.pid").unlink(missing_ok=True)
        self.process = ServerProcess(plain, self.process.log, user="postgres" if os.geteuid() == 0 else None)


@pytest.fixture
def private():
    server = Private()
    yield server
    server.process.stop()


def test_a_server_that_is_killed_is_lived_through(private):
    with App.open(private.admin, plugins=[plugin(TRAINING, COURSE)]) as app:
        status = app.scope(MODULE).status
        status.set("visits", 1)
        patient, strict, spent, found = status.max_age(0.2, on_outage=60), status.max_age(0.2), [], []
        patient.get("visits")
        private.kill()
        time.sleep(0.2)
        with pytest.raises(StoreUnavailable):
            strict.get("visits")

        def read():
            for _ in range(200):
                began = time.monotonic()
                found.append(patient.get("visits"))
                spent.append(time.monotonic() - began)
                time.sleep(0.005)

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(found) == {1}
        assert sorted(spent)[-40] < 0.1
        with pytest.raises(StoreUnavailable):
            status.max_age(0.2, on_outage=0.2).get("visits")
        with pytest.raises(StoreUnavailable):
            patient.set("visits", 2)
        with pytest.raises(StoreUnavailable):
            app.scope("demo-course").status.max_age(60, on_outage=60).get("enable")
        private.start_again()
        engine = create_engine(private.admin, poolclass=NullPool)
        private.process.wait_until(lambda: works(app))
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE perdure_status SET value = '7', version = version + 1")
        engine.dispose()
        time.sleep(1.3)  # asked once a second
        assert (patient.get("visits"), strict.get("visits"), status.get("visits")) == (7, 7, 7)
        assert status.set("visits", 8).value == patient.get("visits") == 8


def works(app):
    try:
        return app.ping() > 0
    except StoreUnavailable:
        return False
