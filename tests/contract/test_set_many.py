"""Several names written together: all of them or none, one change set, and back together."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest

from perdure import (
    App,
    PerdureError,
    StatusPinned,
    StatusSpec,
    TransitionNotAllowed,
    UnknownChangeSet,
    UnknownStatusName,
    UnknownVersion,
    ValueCorrupt,
    ValueFromNewerVersion,
    ValueRefused,
    field,
)

from .conftest import User, plugin
from .test_lifecycle import Base, Jobs

MODULE = "training-student"


@attrs.frozen
class Four:
    """Names whose order in the table is not that in the record."""

    a: int = field(default=0, stored_as="z")
    b: int = 0
    c: int = field(default=0, history=2)
    d: int = field(default=0, history=0)


FOUR = StatusSpec("four", Four)


@pytest.fixture
def four(url):
    with App.open(url, plugins=[plugin(FOUR)]) as app:
        yield app.scope(FOUR).status


@pytest.fixture
def worker(url):
    with App.open(url, plugins=[Base()]) as app:
        yield app.scope("worker").status


def everything(status):
    return status.entries(), status.history()


def values(change_set):
    return {name: entry and entry.value for name, entry in change_set.items()}


# --------------------------------------------------------------------------- together


def test_it_writes_all_and_returns_what_is_stored_now(status):
    status.set("visits", 1)
    written = status.set_many({"visits": 2, "enable": True, "user": {"name": "ada", "age": 36}}, actor="ada", reason="moved")
    assert values(written) == {"enable": True, "user": User("ada", 36), "visits": 2}
    assert len(written) == 3
    assert {name: entry.version for name, entry in written.items()} == {"enable": 1, "user": 1, "visits": 2}
    assert [written[entry.name] for entry in status.entries()] == status.entries()
    assert {(entry.actor, entry.tenant, entry.module) for entry in written.values()} == {("ada", "", MODULE)}


def test_all_of_it_is_one_change_set_in_the_history(status):
    first = status.set_many({"visits": 1, "enable": True}, actor="ada", reason="why not")
    second = status.set_many({"visits": 2})
    status.set("enable", False)
    changes = {(change.name, change.version): change for change in status.history()}
    assert {place: change.change_set for place, change in changes.items()} == {
        ("visits", 1): first.id,
        ("enable", 1): first.id,
        ("visits", 2): second.id,
        ("enable", 2): None,
    }
    assert first.id != second.id
    together = [changes["visits", 1], changes["enable", 1]]
    assert {(change.operation, change.actor, change.reason) for change in together} == {("set", "ada", "why not")}


def test_the_order_in_which_names_are_given_does_not_matter(four):
    forth = {"a": 1, "b": 2, "c": 3, "d": 4}
    assert values(four.set_many(forth)) == forth
    assert values(four.set_many(dict(reversed(forth.items())))) == forth
    assert {entry.version for entry in four.entries()} == {2}


def test_nothing_is_written_by_a_set_of_nothing(app, status):
    nothing = status.set_many({})
    assert (len(nothing), values(nothing)) == (0, {})
    assert everything(status) == ([], [])
    assert app.resources.store.read_tenant("") == []
    with pytest.raises(UnknownChangeSet):
        status.revert_change_set(nothing)


@pytest.mark.parametrize(
    ("spoilt", "error"),
    [
        ({"size": 0}, ValueRefused),
        ({"visits": "1"}, ValueRefused),
        ({"visit": 1}, UnknownStatusName),
        ({"tags": []}, StatusPinned),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_one_that_is_refused_has_nothing_written(open_app, spoilt, error, first):
    app = open_app(pinned={MODULE: {"tags": ["a"]}})
    status = app.scope(MODULE).status
    status.set("enable", True)
    before = everything(status)
    good = {"enable": False, "renamed": 4}
    with pytest.raises(error):
        status.set_many({**spoilt, **good} if first else {**good, **spoilt})
    assert everything(status) == before
    assert [row.name for row in app.resources.store.read_tenant("")] == ["enable"]


def test_one_that_newer_code_has_written_has_nothing_written(app, status):
    status.set_many({"enable": True, "visits": 1, "size": 2})
    with app.begin() as connection:
        connection.exec_driver_sql("UPDATE perdure_status SET record_version = 2 WHERE name = 'size'")
    with pytest.raises(ValueFromNewerVersion, match="training-student.size is stored in record version 2"):
        status.set_many({"enable": False, "visits": 2, "size": 3})
    assert [(entry.name, entry.version) for entry in status.entries()] == [("enable", 1), ("size", 1), ("visits", 1)]
    assert len(status.history()) == 3


def test_a_damaged_value_is_replaced_like_any_other(app, status):
    status.set_many({"enable": True, "visits": 1})
    with app.begin() as connection:
        connection.exec_driver_sql("UPDATE perdure_status SET value = '{'")
    assert values(status.set_many({"enable": False, "visits": 2})) == {"enable": False, "visits": 2}
    assert (status.get("enable"), status.get("visits")) == (False, 2)


def test_tenants_and_modules_have_sets_of_their_own(app):
    here, there = (app.tenant(name).scope(MODULE).status for name in ("a", "b"))
    written = here.set_many({"enable": True, "visits": 1})
    there.set_many({"enable": False})
    app.tenant("a").scope("demo-course").status.set("enable", False)
    assert (there.get("enable"), there.get("visits")) == (False, 0)
    for other in (there, app.tenant("a").scope("demo-course").status):
        before = everything(other)
        with pytest.raises(UnknownChangeSet) as raised:
            other.revert_change_set(written)
        assert (raised.value.tenant, raised.value.module, raised.value.kept) == (other.tenant, other.module, 0)
        assert everything(other) == before
    assert values(here.revert_change_set(written)) == {"enable": None, "visits": None}


def test_a_secret_is_masked_where_a_set_is_shown(status):
    written = status.set_many({"password": "hunter2", "visits": 1})
    assert written["password"].value == "hunter2"
    assert "hunter2" not in repr(written) + repr(status.history())
    with pytest.raises(ValueRefused) as raised:
        status.set_many({"visits": 2, "password": ["hunter2"]})
    assert "hunter2" not in str(raised.value) + repr(raised.value)


# --------------------------------------------------------------------------- back together


def test_undoing_a_set_brings_every_name_back_to_what_it_was(status):
    status.set("visits", 1)
    status.set("size", 8)
    status.unset("size")
    written = status.set_many({"visits": 2, "size": 9, "enable": True})
    undone = status.revert_change_set(written, actor="ada", reason="by mistake")
    assert values(undone) == {"visits": 1, "size": None, "enable": None}
    assert undone["visits"].version == 3
    assert (status.get("visits"), "size" in status, "enable" in status) == (1, False, False)
    changes = [change for change in status.history() if change.change_set == undone.id]
    assert {(change.name, change.version, change.operation, change.actor, change.reason) for change in changes} == {
        ("visits", 3, "revert", "ada", "by mistake"),
        ("size", 4, "revert", "ada", "by mistake"),
        ("enable", 2, "revert", "ada", "by mistake"),
    }


def test_what_was_written_since_is_undone_too_and_stays_in_the_history(status):
    status.set("visits", 1)
    written = status.set_many({"visits": 2, "enable": True})
    status.set("visits", 3)
    status.unset("enable")
    status.revert_change_set(written)
    assert (status.get("visits"), "enable" in status) == (1, False)
    assert [change.value for change in status.history("visits")] == [1, 3, 2, 1]
    assert [change.operation for change in status.history("enable")] == ["revert", "unset", "set"]


def test_undoing_is_a_set_of_its_own_and_can_be_undone(status):
    status.set("visits", 1)
    written = status.set_many({"visits": 2, "enable": True})
    undone = status.revert_change_set(written)
    again = status.revert_change_set(undone)
    assert values(again) == {"visits": 2, "enable": True}
    assert len({written.id, undone.id, again.id}) == 3
    assert values(status.revert_change_set(again)) == {"visits": 1, "enable": None}


def test_a_set_is_known_by_the_id_that_the_history_tells(four):
    four.set_many({"a": 1, "b": 2})
    id_ = four.history("a")[0].change_set
    assert values(four.revert_change_set(id_)) == {"a": None, "b": None}


@pytest.mark.parametrize("unknown", ["nothing", "0-2", "-", "é" * 64, "1-²", "1-" + "9" * 50], ids=repr)
def test_a_set_that_never_was_is_unknown(status, unknown):
    status.set_many({"visits": 1, "enable": True})
    before = everything(status)
    with pytest.raises(UnknownChangeSet, match="has no change of the change set"):
        status.revert_change_set(unknown)
    assert everything(status) == before


@pytest.mark.parametrize("unknown", [None, 7, "", "\0", "\ud800", "1-" + "9" * 5000], ids=[*"abcdef"])
def test_what_no_set_can_be_called_is_refused_plainly(status, unknown):
    status.set_many({"visits": 1, "enable": True})
    with pytest.raises(PerdureError):
        status.revert_change_set(unknown)
    assert len(status.history()) == 2


def test_a_set_of_which_the_history_has_dropped_a_part_is_not_taken_for_a_whole(four):
    four.set_many({"a": 1, "b": 1, "c": 1})
    written = four.set_many({"a": 2, "b": 2, "c": 2})
    four.set("c", 3)
    four.set("c", 4)  # of `c`, two changes are kept
    before = everything(four)
    with pytest.raises(UnknownChangeSet, match="only 2 of 3 changes") as raised:
        four.revert_change_set(written)
    assert (raised.value.change_set, raised.value.kept, raised.value.made) == (written.id, 2, 3)
    assert everything(four) == before


def test_a_set_is_not_undone_where_nobody_knows_what_a_name_was_before(four):
    four.set_many({"a": 1, "b": 1, "c": 1})
    written = four.set_many({"a": 2, "b": 2, "c": 2})
    four.set("c", 3)
    before = everything(four)
    with pytest.raises(UnknownVersion) as raised:
        four.revert_change_set(written)
    assert (raised.value.name, raised.value.version, raised.value.kept) == ("c", 1, (3, 2))
    assert everything(four) == before


def test_a_set_with_a_name_that_keeps_no_history_cannot_be_undone(four):
    written = four.set_many({"a": 1, "d": 1})
    with pytest.raises(UnknownChangeSet) as raised:
        four.revert_change_set(written)
    assert (raised.value.kept, raised.value.made) == (1, 2)
    assert (four.get("a"), four.get("d")) == (1, 1)


def test_a_set_that_was_forgotten_in_part_cannot_be_undone(four):
    written = four.set_many({"a": 1, "b": 1})
    four.forget("a")
    with pytest.raises(UnknownChangeSet):
        four.revert_change_set(written)
    assert (four.get("a"), four.get("b")) == (1, 1)


def test_an_old_value_that_is_damaged_has_nothing_undone(app, status):
    status.set_many({"enable": False, "visits": 1})
    written = status.set_many({"enable": True, "visits": 2})
    with app.begin() as connection:
        connection.exec_driver_sql("UPDATE perdure_change SET value = '{' WHERE name = 'visits' AND version = 1")
    with pytest.raises(ValueCorrupt, match="visits"):
        status.revert_change_set(written)
    assert (status.get("enable"), status.get("visits"), len(status.history())) == (True, 2, 4)


def test_a_set_is_not_undone_where_the_application_pins_one_of_its_names(shared_url):
    with App.open(shared_url, plugins=[plugin(FOUR)]) as app:
        written = app.scope(FOUR).status.set_many({"a": 1, "b": 1})
    with App.open(shared_url, plugins=[plugin(FOUR)], pinned={"four": {"b": 9}}) as app:
        with pytest.raises(StatusPinned):
            app.scope(FOUR).status.revert_change_set(written)
        assert len(app.scope(FOUR).status.history()) == 2


def test_a_set_is_not_undone_where_one_of_its_names_is_no_longer_declared(shared_url):
    with App.open(shared_url, plugins=[plugin(FOUR)]) as app:
        written = app.scope(FOUR).status.set_many({"b": 1, "c": 1})
    fewer = StatusSpec("four", attrs.make_class("Fewer", {"b": attrs.field(type=int, default=0)}))
    with App.open(shared_url, plugins=[plugin(fewer)]) as app:
        status = app.scope("four").status
        with pytest.raises(UnknownStatusName, match="'c'"):
            status.revert_change_set(written.id)
        assert (status.get("b"), len(status.history())) == (1, 2)


# --------------------------------------------------------------------------- lifecycles


def test_a_move_that_is_not_allowed_has_nothing_written(worker):
    worker.set_many({"job": Jobs.NEW, "defaulted": Jobs.RUNNING, "attempts": 1})
    before = everything(worker)
    with pytest.raises(TransitionNotAllowed, match="worker.job"):
        worker.set_many({"job": Jobs.DONE, "defaulted": Jobs.DONE, "attempts": 2})
    with pytest.raises(TransitionNotAllowed, match="worker.defaulted"):
        worker.set_many({"job": Jobs.RUNNING, "defaulted": Jobs.NEW, "attempts": 2})
    assert everything(worker) == before
    worker.set_many({"job": Jobs.RUNNING, "defaulted": Jobs.DONE, "attempts": 2})
    assert {entry.version for entry in worker.entries()} == {2}


def test_undoing_obeys_a_lifecycle(worker):
    begun = worker.set_many({"job": Jobs.NEW, "attempts": 1})
    moved = worker.set_many({"job": Jobs.RUNNING, "attempts": 2})
    before = everything(worker)
    with pytest.raises(TransitionNotAllowed, match="does not allow '100_NEW' from '202_RUNNING'"):
        worker.revert_change_set(moved)
    with pytest.raises(TransitionNotAllowed, match="does not allow 'unset' from '202_RUNNING'"):
        worker.revert_change_set(begun)
    assert everything(worker) == before
    worker.set("job", Jobs.FAIL)
    assert values(worker.revert_change_set(moved)) == {"job": Jobs.NEW, "attempts": 1}
    assert values(worker.revert_change_set(begun)) == {"job": None, "attempts": None}


# --------------------------------------------------------------------------- within a transaction of the caller's


def test_within_a_transaction_it_is_committed_with_it(app, status):
    status.set("visits", 1)
    with app.begin() as connection:
        inner = status.within(connection)
        written = inner.set_many({"visits": 2, "enable": True})
        assert inner.entries() == [written["enable"], written["visits"]]
        undone = inner.revert_change_set(written)
        assert values(undone) == {"visits": 1, "enable": None}
        again = inner.revert_change_set(undone.id)
    assert values(again) == {"visits": 2, "enable": True}
    assert status.entries() == [again["enable"], again["visits"]]
    assert {change.change_set for change in status.history()} == {None, written.id, undone.id, again.id}
    assert values(status.revert_change_set(again)) == {"visits": 1, "enable": None}


def test_it_rolls_back_with_the_transaction(app, status):
    status.set("visits", 1)
    kept = status.set_many({"visits": 2, "enable": True})
    before = everything(status)
    with pytest.raises(ZeroDivisionError), app.begin() as connection:
        inner = status.within(connection)
        lost = inner.set_many({"visits": 3, "size": 4})
        inner.revert_change_set(kept)
        raise ZeroDivisionError
    assert everything(status) == before
    with pytest.raises(UnknownChangeSet):
        status.revert_change_set(lost)
    assert status.set_many({"visits": 4, "size": 5})["size"].version == 1


def test_what_is_refused_within_a_transaction_leaves_nothing_of_itself(url):
    with App.open(url, plugins=[Base()]) as app:
        status = app.scope("worker").status
        with app.begin() as connection:
            inner = status.within(connection)
            begun = inner.set_many({"job": Jobs.NEW, "attempts": 1})
            with pytest.raises(TransitionNotAllowed):
                inner.set_many({"attempts": 2, "defaulted": Jobs.RUNNING, "job": Jobs.DONE})
            with pytest.raises(ValueRefused):
                inner.set_many({"attempts": 2, "job": 7})
            inner.set("job", Jobs.RUNNING)
            with pytest.raises(TransitionNotAllowed):
                inner.revert_change_set(begun)
            assert [(entry.name, entry.version) for entry in inner.entries()] == [("attempts", 1), ("job", 2)]
            inner.set("free", Jobs.NEW)
        assert [(entry.name, entry.version) for entry in status.entries()] == [("attempts", 1), ("free", 1), ("job", 2)]
        assert len(status.history()) == 4


# --------------------------------------------------------------------------- races

ORDERS = (("a", "b", "c", "d"), ("d", "c", "b", "a"), ("b", "d", "a", "c"), ("c", "a", "d", "b"))


def test_threads_that_write_the_same_names_in_any_order_wait_for_no_one_for_ever_and_nobody_sees_a_half(four):
    four.set_many(dict.fromkeys("abcd", 0))
    done, seen = threading.Event(), set()

    def write(number):
        for turn in range(20):
            value = 100 * number + turn
            written = four.set_many(dict.fromkeys(ORDERS[number % 4], value))
            assert {entry.value for entry in written.values()} == {value}
            assert len({entry.version for entry in written.values()}) == 1

    def read():
        while not done.is_set():
            seen.add(attrs.astuple(four.load()))
            seen.add(tuple(entry.value for entry in four.entries()))

    with ThreadPoolExecutor(9) as pool:
        reader = pool.submit(read)
        writers = [pool.submit(write, number) for number in range(8)]
        try:
            for writer in writers:
                writer.result()
        finally:
            done.set()
        reader.result()
    assert [each for each in seen if len(set(each)) != 1] == []
    assert len(seen) > 1
    assert {entry.version for entry in four.entries()} == {161}
    assert {len({change.change_set for change in four.history(name)}) for name in "ab"} == {100}


def test_one_set_after_another_shows_a_half_so_the_test_above_can_fail(four):
    """The control: the reader comes between."""
    four.set_many(dict.fromkeys("abcd", 0))
    four.set("a", 1)
    assert len(set(attrs.astuple(four.load()))) == 2


def test_single_updates_among_sets_lose_nothing(four):
    """Of overlapping writers of any kind, each moves the version by one, and the others' names are not touched."""

    def write(number):
        for _ in range(15):
            if number % 2:
                four.update("d", lambda value: value + 1)
            else:
                four.set_many(dict.fromkeys(ORDERS[number % 4][:3], number))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))
    written = {entry.name: entry.version for entry in four.entries()}
    sets = {name: sum(15 for number in (0, 2, 4) if name in ORDERS[number % 4][:3]) for name in "abcd"}
    assert written == {**sets, "d": sets["d"] + 45}


def test_threads_that_write_first_leave_one_row_of_each_name(app):
    for number in range(5):
        status = app.tenant(f"t{number}").scope(MODULE).status
        meet = threading.Barrier(6)

        def write(turn, status=status, meet=meet):
            meet.wait()
            names = ["visits", "size", "renamed"]
            return status.set_many(dict.fromkeys(names if turn % 2 else reversed(names), turn + 1))

        with ThreadPoolExecutor(6) as pool:
            written = list(pool.map(write, range(6)))
        assert sorted(each["visits"].version for each in written) == [1, 2, 3, 4, 5, 6]
        assert len({entry.value for entry in status.entries()}) == 1
        assert {entry.version for entry in status.entries()} == {6}


def test_threads_that_undo_the_same_set_bring_it_back_to_the_same(status):
    status.set("visits", 1)
    written = status.set_many({"visits": 2, "size": 8})
    with ThreadPoolExecutor(6) as pool:
        undone = list(pool.map(lambda _turn: status.revert_change_set(written), range(6)))
    assert [values(each) for each in undone] == [{"visits": 1, "size": None}] * 6
    assert sorted(each["visits"].version for each in undone) == [3, 4, 5, 6, 7, 8]
    assert (status.get("visits"), "size" in status) == (1, False)
