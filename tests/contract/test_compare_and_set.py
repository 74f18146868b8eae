"""Writing what was made from a version that somebody has seen, if it still is the version."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from perdure import (
    App,
    Conflict,
    InvalidArgument,
    StatusPinned,
    StoreError,
    TransitionNotAllowed,
    UnknownStatusName,
    ValueFromNewerVersion,
    ValueRefused,
    VersionConflict,
)

from .conftest import TRAINING, User
from .test_lifecycle import Base, Jobs

MODULE = "training-student"
THREADS = 8


@pytest.fixture
def worker(url):
    with App.open(url, plugins=[Base()]) as app:
        yield app.scope("worker").status


def refused(status, name, value, *, version):
    """Have a compare_and_set refused that leaves everything as it was, and return the error."""
    before = status.entries(), status.history()
    with pytest.raises(VersionConflict) as raised:
        status.compare_and_set(name, value, version=version)
    assert (status.entries(), status.history()) == before
    return raised.value


def test_it_writes_if_the_version_is_the_one_that_was_seen(status):
    seen = status.set("visits", 1)
    entry = status.compare_and_set("visits", 2, version=seen.version, actor="ada", reason="counted")
    assert (entry.value, entry.version, entry.actor) == (2, 2, "ada")
    assert status.entry("visits") == entry
    change = status.history("visits")[0]
    assert (change.operation, change.value, change.version, change.reason) == ("compare_and_set", 2, 2, "counted")


@pytest.mark.parametrize("version", [0, 1, 3, 2**40])
def test_any_other_version_is_a_conflict_and_nothing_is_written(status, version):
    status.set("visits", 1)
    status.set("visits", 2)
    error = refused(status, "visits", 9, version=version)
    assert isinstance(error, Conflict)
    assert isinstance(error, StoreError)
    assert (error.expected, error.found, tuple(error.key)) == (version, 2, ("", MODULE, "visits"))
    assert f"expected {f'version {version}' if version else 'nothing stored'}, found version 2" in str(error)


def test_a_conflict_survives_pickling_with_its_facts(app):
    status = app.tenant("a").scope(MODULE).status
    error = refused(status, "renamed", 9, version=3)
    twin = pickle.loads(pickle.dumps(error))
    assert (type(twin), str(twin)) == (VersionConflict, str(error))
    assert (twin.expected, twin.found, tuple(twin.key)) == (3, 0, ("a", MODULE, "renamed"))
    assert "training-student.renamed (tenant 'a')" in str(error)
    assert "former" not in str(error)


def test_zero_means_never_written(status):
    assert status.compare_and_set("visits", 1, version=0).version == 1
    assert refused(status, "visits", 2, version=0).found == 1


def test_zero_means_unset_and_the_version_goes_on(status):
    status.set("visits", 1)
    status.unset("visits")
    for version in (1, 2, 3):
        assert refused(status, "visits", 9, version=version).found == 0
    assert status.compare_and_set("visits", 2, version=0).version == 3
    assert refused(status, "visits", 9, version=0).found == 3


def test_zero_means_erased_and_no_version_comes_back(app):
    status = app.tenant("a").scope(MODULE).status
    seen = status.set("visits", 1).version
    app.erase_tenant("a")
    assert refused(status, "visits", 9, version=seen).found == 0
    again = status.compare_and_set("visits", 1, version=0).version
    assert again > seen
    assert refused(status, "visits", 9, version=seen).found == again


def test_who_has_seen_what_was_unset_and_set_again_is_told(status):
    """The value is the same, and it is not what he has seen."""
    seen = status.set("visits", 1).version
    status.unset("visits")
    status.set("visits", 1)
    assert refused(status, "visits", 2, version=seen).found == 3


def test_an_entry_tells_the_version_to_give_also_where_nothing_was_stored(status):
    for value in range(3):
        entry = status.entry("visits")
        assert status.compare_and_set("visits", value, version=entry.version if entry else 0).version == value + 1


def test_it_is_typed_by_its_field(app):
    visits = app.scope(TRAINING).status.field(lambda record: record.visits)
    assert visits.compare_and_set(4, version=0).value == 4
    with pytest.raises(VersionConflict):
        visits.compare_and_set(5, version=0)
    assert visits.compare_and_set(5, version=1).version == 2


def test_a_value_that_does_not_fit_is_refused_whatever_the_version(status):
    for version in (0, 7):
        with pytest.raises(ValueRefused, match="visits: expected int"):
            status.compare_and_set("visits", "x", version=version)
    with pytest.raises(UnknownStatusName):
        status.compare_and_set("visit", 1, version=0)
    assert status.entries() == status.history() == []


@pytest.mark.parametrize("version", [-1, True, False, 1.0, "1", None])
def test_what_is_no_version_is_refused(status, version):
    with pytest.raises(InvalidArgument, match="version="):
        status.compare_and_set("visits", 1, version=version)
    assert status.entries() == []


def test_a_pinned_name_is_refused(open_app):
    status = open_app(pinned={MODULE: {"visits": 3}}).scope(MODULE).status
    with pytest.raises(StatusPinned):
        status.compare_and_set("visits", 1, version=0)
    assert status.history() == []


def test_a_value_from_newer_code_is_not_overwritten(app, status):
    status.set("visits", 1)
    with app.begin() as connection:
        connection.exec_driver_sql("UPDATE perdure_status SET record_version = 2")
    with pytest.raises(ValueFromNewerVersion):
        status.compare_and_set("visits", 2, version=1)
    assert status.entry("visits").version == 1


def test_a_damaged_value_can_be_replaced_by_who_knows_its_version(app, status):
    status.set("user", User("ada", 36))
    with app.begin() as connection:
        connection.exec_driver_sql("UPDATE perdure_status SET value = '{'")
    assert status.compare_and_set("user", User("ada", 37), version=status.entry("user").version).version == 2
    assert status.get("user").age == 37


def test_a_conflict_tells_nothing_of_a_secret(status):
    status.set("password", "hunter2")
    error = refused(status, "password", "hunter3", version=7)
    assert "hunter" not in str(error) + repr(error)


def test_it_obeys_a_lifecycle(worker):
    with pytest.raises(TransitionNotAllowed):
        worker.compare_and_set("job", Jobs.RUNNING, version=0)
    worker.compare_and_set("job", Jobs.NEW, version=0)
    worker.compare_and_set("job", Jobs.RUNNING, version=1)
    with pytest.raises(TransitionNotAllowed, match="from '202_RUNNING'. Allowed from here: 303_DONE, 500_FAIL"):
        worker.compare_and_set("job", Jobs.NEW, version=2)
    with pytest.raises(VersionConflict):  # who has not seen where it is cannot mean this move
        worker.compare_and_set("job", Jobs.DONE, version=1)
    assert worker.entry("job").version == 2
    assert worker.compare_and_set("job", Jobs.DONE, version=2).value is Jobs.DONE


# --------------------------------------------------------------------------- within a transaction of the caller's


def test_within_a_transaction_it_sees_what_was_written_there(app, status):
    status.set("visits", 1)
    with app.begin() as connection:
        inner = status.within(connection)
        assert inner.compare_and_set("visits", 2, version=1).version == 2
        assert inner.compare_and_set("visits", 3, version=2).version == 3
        assert inner.compare_and_set("renamed", 4, version=0).version == 1
        assert inner.unset("renamed")
        assert inner.compare_and_set("renamed", 5, version=0).version == 3
    assert (status.get("visits"), status.entry("visits").version, status.get("renamed")) == (3, 3, 5)
    assert [change.operation for change in status.history("visits")] == ["compare_and_set", "compare_and_set", "set"]


def test_it_rolls_back_with_the_transaction(app, status):
    status.set("visits", 1)
    before = status.entries(), status.history()
    with pytest.raises(ZeroDivisionError), app.begin() as connection:
        inner = status.within(connection)
        inner.compare_and_set("visits", 2, version=1)
        inner.compare_and_set("renamed", 2, version=0)
        raise ZeroDivisionError
    assert (status.entries(), status.history()) == before
    assert status.compare_and_set("visits", 3, version=1).version == 2
    assert status.compare_and_set("renamed", 3, version=0).version == 1


def test_a_savepoint_takes_back_its_versions(app, status):
    with app.begin() as connection:
        inner = status.within(connection)
        inner.compare_and_set("visits", 1, version=0)
        point = connection.begin_nested()
        inner.compare_and_set("visits", 2, version=1)
        point.rollback()
        assert inner.compare_and_set("visits", 3, version=1).version == 2
    assert [(change.version, change.value) for change in status.history("visits")] == [(2, 3), (1, 1)]


def test_a_conflict_leaves_the_transaction_as_it_was(app, status):
    with app.begin() as connection:
        inner = status.within(connection)
        inner.set("visits", 1)
        for name, version in (("visits", 7), ("renamed", 1)):
            with pytest.raises(VersionConflict, match="expected version"):
                inner.compare_and_set(name, 9, version=version)
        inner.set("enable", True)
    assert [(entry.name, entry.value) for entry in status.entries()] == [("enable", True), ("visits", 1)]
    assert status.set("renamed", 2).version == 1


def test_a_lifecycle_is_obeyed_within_a_transaction(url):
    with App.open(url, plugins=[Base()]) as app:
        status = app.scope("worker").status
        with app.begin() as connection:
            inner = status.within(connection)
            inner.compare_and_set("job", Jobs.NEW, version=0)
            inner.compare_and_set("job", Jobs.RUNNING, version=1)
            with pytest.raises(TransitionNotAllowed):
                inner.compare_and_set("job", Jobs.NEW, version=2)
        assert (status.get("job"), status.entry("job").version) == (Jobs.RUNNING, 2)


# --------------------------------------------------------------------------- races


def at_once(work):
    """Run work(number) on many threads that begin together, and return what came of it."""
    meet = threading.Barrier(THREADS)

    def begun(number):
        meet.wait()
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(begun, range(THREADS)))


def won(status, name, value, version):
    """What a compare_and_set has written, or None where another was first."""
    try:
        return status.compare_and_set(name, value, version=version)
    except VersionConflict:
        return None


def winners(status, name, version):
    """Have every thread give its number, and return the numbers that were written."""
    found = at_once(lambda number: won(status, name, number, version))
    return [entry.value for entry in found if entry]


def test_of_many_threads_exactly_one_wins_each_version(status):
    status.set("visits", 0)

    def work(_number):
        wins = []
        while (seen := status.entry("visits")).value < 100:
            if written := won(status, "visits", seen.value + 1, seen.version):
                assert (written.value, written.version) == (seen.value + 1, seen.version + 1)
                wins.append(written.version)
        return wins

    wins = [version for each in at_once(work) for version in each]
    assert sorted(wins) == list(range(2, 102))
    assert (status.get("visits"), status.entry("visits").version) == (100, 101)


def test_of_many_threads_that_write_first_exactly_one_wins(app):
    for number in range(5):
        status = app.tenant(f"t{number}").scope(MODULE).status
        assert winners(status, "visits", 0) == [status.get("visits")]
        assert status.entry("visits").version == 1


def test_of_many_threads_that_write_anew_after_an_unset_exactly_one_wins(status):
    status.set("visits", 7)
    status.unset("visits")
    assert winners(status, "visits", 0) == [status.get("visits")]
    assert status.entry("visits").version == 3


def test_of_many_threads_that_make_one_move_exactly_one_wins(worker):
    worker.set("job", Jobs.NEW)
    found = at_once(lambda _number: won(worker, "job", Jobs.RUNNING, 1))
    assert len([entry for entry in found if entry]) == 1
    assert worker.entry("job").version == 2


def test_of_transactions_that_meet_exactly_one_wins(app, status):
    """Each holds the row until its end, so the others wait, and are told of what they find then."""
    status.set("visits", 0)

    def work(number):
        with app.begin() as connection:
            return won(status.within(connection), "visits", number, 1)

    assert [entry.value for entry in at_once(work) if entry] == [status.get("visits")]
    assert status.entry("visits").version == 2


def test_a_look_before_a_set_does_lose_a_write_so_the_tests_above_can_fail(status):
    """The control: whoever looks and then sets, wins together with all others who have looked."""
    status.set("visits", 0)
    meet = threading.Barrier(THREADS)

    def look_and_set(number):
        seen = status.entry("visits").version
        meet.wait()
        return status.set("visits", number) if seen == 1 else None

    assert all(at_once(look_and_set))
    assert status.entry("visits").version == THREADS + 1
