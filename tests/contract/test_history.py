"""What was written, when, by whom and why: kept to a bound, brought back, forgotten, and legible beside what is damaged."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from perdure import (
    App,
    HistoryNotKept,
    HistoryTruncated,
    InvalidArgument,
    InvalidName,
    PerdureError,
    StatusPinned,
    StatusSpec,
    TransitionNotAllowed,
    UnknownModule,
    UnknownStatusName,
    UnknownVersion,
    ValueCorrupt,
    ValueFromNewerVersion,
    ValueRefused,
    field,
)

from .conftest import COURSE, TRAINING, User, plugin
from .test_lifecycle import Base, Jobs

MODULE = "training-student"


@attrs.frozen
class Bounded:
    usual: int = 0
    one: int = field(default=0, history=1)
    none: int = field(default=0, history=0)
    many: int = field(default=0, history=5)


BOUNDED = StatusSpec("bounded", Bounded, history=3)


@pytest.fixture
def bounded(url):
    with App.open(url, plugins=[plugin(BOUNDED)]) as app:
        yield app.scope(BOUNDED).status


@pytest.fixture
def worker(url):
    with App.open(url, plugins=[Base()]) as app:
        yield app.scope("worker").status


def everything(status):
    return status.entries(), status.history()


def versions(changes):
    return [change.version for change in changes]


def places(changes):
    return [(change.module, change.name, change.version) for change in changes]


def edit(app, change, where="1 = 1"):
    """Edit rows of the history by hand."""
    with app.begin() as connection:
        assert connection.exec_driver_sql(f"UPDATE perdure_change SET {change} WHERE {where}").rowcount


def pages(history, limit):
    """All of a history, page by page, each beginning where the one before has ended."""
    found = [history(limit=limit)]
    while len(found[-1]) == limit:
        found.append(history(limit=limit, before=found[-1][-1]))
        assert len(found) < 100
    return [change for page in found for change in page]


# --------------------------------------------------------------------------- what it tells


def test_every_write_is_in_it_the_latest_first(status):
    before = datetime.now(UTC) - timedelta(seconds=1)
    status.set("visits", 1, actor="ada", reason="she came")
    status.update("visits", lambda n: n + 1)
    status.compare_and_set("visits", 3, version=2)
    status.unset("visits", reason="")
    written = status.set_many({"visits": 4})
    status.revert("visits", 1, actor="bob")
    changes = status.history("visits")
    assert [(each.version, each.operation, each.value, each.actor, each.reason, each.change_set) for each in changes] == [
        (6, "revert", 1, "bob", None, None),
        (5, "set", 4, None, None, written.id),
        (4, "unset", None, None, "", None),
        (3, "compare_and_set", 3, None, None, None),
        (2, "update", 2, None, None, None),
        (1, "set", 1, "ada", "she came", None),
    ]
    times = [change.at for change in changes]
    assert times == sorted(times, reverse=True)
    assert before < times[-1] <= times[0] <= datetime.now(UTC)
    assert {(each.tenant, each.module, each.name, each.record_version, each.secret, each.error) for each in changes} == {
        ("", MODULE, "visits", 1, False, None)
    }
    assert times[0] == status.entry("visits").updated_at
    assert times[-1] == status.entry("visits").created_at


def test_what_was_never_written_has_none(app, status):
    assert status.history("visits") == status.history() == app.history() == []
    status.get("visits")
    status.unset("visits")
    with pytest.raises(ValueRefused):
        status.set("visits", "x")
    assert app.history() == []


def test_it_goes_by_the_declared_name(status):
    status.set("renamed", 4)
    assert [change.name for change in status.history("renamed")] == ["renamed"]
    assert [change.name for change in status.history()] == ["renamed"]
    with pytest.raises(UnknownStatusName):
        status.history("former")


def test_a_change_shows_what_matters(status):
    status.set("visits", 1, actor="ada")
    status.unset("visits")
    unset, written = status.history("visits")
    assert repr(written) == "Change(set training-student.visits = 1, version=1, actor='ada')"
    assert repr(unset) == "Change(unset training-student.visits, version=2, actor=None)"


def test_what_a_reader_does_to_an_old_value_reaches_nobody_else(status):
    status.set("tags", ["a"])
    status.history("tags")[0].value.append("mine")
    assert (status.history("tags")[0].value, status.get("tags")) == (["a"], ["a"])


def test_a_module_and_an_app_tell_of_all_names_by_their_time(app, status):
    status.set("visits", 1)
    app.scope("demo-course").status.set("enable", True)
    status.set("renamed", 2)
    status.set("visits", 3)
    expected = [(MODULE, "visits", 2), (MODULE, "renamed", 1), ("demo-course", "enable", 1), (MODULE, "visits", 1)]
    assert places(app.history()) == expected
    assert places(status.history()) == [place for place in expected if place[0] == MODULE]
    assert [change.value for change in app.history()] == [3, 2, True, 1]


def test_tenants_and_modules_have_histories_of_their_own(app):
    here, there = app.tenant("a"), app.tenant("A")
    here.scope("training-student").status.set("enable", True)
    here.scope("demo-course").status.set("enable", False)
    there.scope("training-student").status.set("enable", False)
    assert [(change.tenant, change.value) for change in here.scope(MODULE).status.history("enable")] == [("a", True)]
    assert [(change.tenant, change.value) for change in there.history()] == [("A", False)]
    assert places(here.history()) == [("demo-course", "enable", 1), (MODULE, "enable", 1)]
    assert app.history() == app.scope(MODULE).status.history("enable") == []
    here.scope(MODULE).status.forget("enable")
    assert len(there.history()) == 1
    assert places(here.history()) == [("demo-course", "enable", 1)]
    app.erase_tenant("A")
    assert (len(here.history()), there.history()) == (1, [])


# --------------------------------------------------------------------------- who and why


def test_the_actor_is_the_calls_then_the_contexts_then_the_apps_for_every_write(open_app):
    app = open_app(actor="web-1")
    status = app.scope(MODULE).status
    writes = [
        lambda **who: status.set("visits", 1, **who),
        lambda **who: status.update("visits", lambda n: n + 1, **who),
        lambda **who: status.compare_and_set("visits", 3, version=status.entry("visits").version, **who),
        lambda **who: status.set_many({"visits": 4}, **who),
        lambda **who: status.revert("visits", status.history("visits")[-1].version, **who),
        lambda **who: status.revert_change_set(status.set_many({"visits": 5}, **who), **who),
        lambda **who: status.unset("visits", **who),
        lambda **who: status.field(lambda record: record.visits).set(6, **who),
    ]
    for write in writes:
        write()
        assert {change.actor for change in status.history("visits")} == {"web-1"}
    status.forget("visits")
    with app.acting_as("ada"):
        for write in writes:
            write()
        assert {change.actor for change in status.history("visits")} == {"ada"}
        with app.acting_as("bob"):
            status.set("visits", 1)
        assert status.history("visits")[0].actor == "bob"
        status.forget("visits")
        for write in writes:
            write(actor="job", reason="it was time")
        assert {(change.actor, change.reason) for change in status.history("visits")} == {("job", "it was time")}
    assert status.set("visits", 1).actor == "web-1"


def test_nobody_acts_unless_somebody_says_so(status):
    assert status.set("visits", 1).actor is None
    assert status.history("visits")[0].actor is None


def test_who_acts_follows_tasks_and_the_threads_that_they_start(app, status):
    async def write(actor):
        with app.acting_as(actor):
            await asyncio.sleep(0)
            await asyncio.to_thread(app.tenant(actor).scope(MODULE).status.set, "visits", 1)

    async def both():
        await asyncio.gather(write("ada"), write("bob"))

    asyncio.run(both())
    assert {actor: app.tenant(actor).history()[0].actor for actor in ("ada", "bob")} == {"ada": "ada", "bob": "bob"}


@pytest.mark.parametrize(
    "words", [{"actor": ""}, {"actor": "a" * 256}, {"actor": "\0"}, {"actor": 7}, {"reason": "r" * 1001}, {"reason": "\ud800"}]
)
def test_an_actor_or_reason_that_no_table_can_hold_is_refused_by_every_write(status, words):
    written = status.set_many({"visits": 1})
    before = everything(status)
    calls = [
        lambda: status.set("visits", 2, **words),
        lambda: status.update("visits", lambda n: n + 1, **words),
        lambda: status.compare_and_set("visits", 2, version=1, **words),
        lambda: status.set_many({"visits": 2}, **words),
        lambda: status.revert("visits", 1, **words),
        lambda: status.revert_change_set(written, **words),
        lambda: status.unset("visits", **words),
    ]
    for call in calls:
        with pytest.raises(InvalidName):
            call()
    assert everything(status) == before


def test_the_longest_actor_and_reason_are_kept_to_the_last_character(status):
    status.set("visits", 1, actor="😀" * 255, reason="ä\n" * 500)
    change = status.history("visits")[0]
    assert (change.actor, change.reason) == ("😀" * 255, "ä\n" * 500)


def test_in_a_transaction_everything_is_told_as_outside(app, status):
    with app.acting_as("ada"), app.begin() as connection:
        inner = status.within(connection)
        inner.set("visits", 1, reason="first")
        assert versions(inner.history("visits")) == versions(inner.history()) == [1]
        inner.update("visits", lambda n: n + 1, actor="bob")
    assert [(change.version, change.actor, change.reason) for change in status.history("visits")] == [
        (2, "bob", None),
        (1, "ada", "first"),
    ]


# --------------------------------------------------------------------------- how much is kept


def test_it_keeps_as_many_changes_as_the_field_or_else_the_spec_says(bounded):
    for value in range(1, 8):
        for name in ("usual", "one", "none", "many"):
            assert bounded.set(name, value).version == value
    kept = {name: versions(bounded.history(name)) for name in ("usual", "one", "none", "many")}
    assert kept == {"usual": [7, 6, 5], "one": [7], "none": [], "many": [7, 6, 5, 4, 3]}
    assert len(bounded.history()) == 9
    assert bounded.get("none") == 7


def test_every_operation_counts_and_keeps_to_the_bound(bounded):
    bounded.set("usual", 1)
    bounded.update("usual", lambda n: n + 1)
    bounded.unset("usual")
    bounded.compare_and_set("usual", 3, version=0)
    assert versions(bounded.history("usual")) == [4, 3, 2]
    bounded.set_many({"usual": 4, "one": 1})
    bounded.revert("usual", 4)
    assert [change.operation for change in bounded.history("usual")] == ["revert", "set", "compare_and_set"]
    bounded.revert_change_set(bounded.set_many({"usual": 5}))
    assert versions(bounded.history("usual")) == [8, 7, 6]


def test_the_bound_is_kept_within_a_transaction_and_comes_back_with_it(url):
    with App.open(url, plugins=[plugin(BOUNDED)]) as app:
        bounded = app.scope(BOUNDED).status
        bounded.set("usual", 1)
        with pytest.raises(ZeroDivisionError), app.begin() as connection:
            inner = bounded.within(connection)
            for value in range(2, 7):
                inner.set("usual", value)
            assert versions(inner.history("usual")) == [6, 5, 4]
            raise ZeroDivisionError
        assert versions(bounded.history("usual")) == [1]


def test_a_name_that_keeps_none_has_nothing_to_go_back_to_and_nothing_to_watch(bounded):
    bounded.set("none", 1)
    bounded.set("none", 2)
    with pytest.raises(UnknownVersion, match="it keeps none") as raised:
        bounded.revert("none", 1)
    assert raised.value.kept == ()
    with pytest.raises(HistoryNotKept):
        bounded.watch("none")
    assert (bounded.get("none"), bounded.entry("none").version, bounded.forget("none")) == (2, 2, 0)


def test_another_bound_holds_from_the_next_write_on(shared_url):
    def bound(history):
        return StatusSpec("m", attrs.make_class("M", {"x": field(type=int, default=0, history=history)}))

    def write(history, count):
        with App.open(shared_url, plugins=[plugin(bound(history))]) as app:
            status = app.scope("m").status
            before = versions(status.history("x"))
            for value in range(count):
                status.set("x", value)
            return before, versions(status.history("x"))

    assert write(None, 4) == ([], [4, 3, 2, 1])
    assert write(2, 1) == ([4, 3, 2, 1], [5, 4])
    assert write(100, 2) == ([5, 4], [7, 6, 5, 4])
    assert write(0, 0) == ([7, 6, 5, 4], [7, 6, 5, 4])
    assert write(0, 1) == ([7, 6, 5, 4], [])
    assert write(3, 1) == ([], [9])


def test_the_usual_bound_is_a_hundred(status):
    with_reason = [status.set("visits", value, reason=str(value)).version for value in range(103)]
    assert versions(status.history("visits", limit=200)) == list(reversed(with_reason[-100:]))
    assert len(status.history("visits")) == len(status.history()) == 100


# --------------------------------------------------------------------------- page by page


def test_a_page_begins_below_a_version_or_a_change(status):
    for value in range(1, 8):
        status.set("visits", value)
    assert versions(status.history("visits", limit=3)) == [7, 6, 5]
    assert versions(status.history("visits", limit=3, before=5)) == [4, 3, 2]
    assert versions(status.history("visits", limit=3, before=status.history("visits")[-2])) == [1]
    assert versions(status.history("visits", before=100)) == [7, 6, 5, 4, 3, 2, 1]
    assert status.history("visits", before=1) == status.history("visits", before=0) == []
    for limit in (1, 2, 3, 7, 8):
        everything = pages(lambda **where: status.history("visits", **where), limit)
        assert versions(everything) == [7, 6, 5, 4, 3, 2, 1]


@pytest.fixture
def busy(app):
    """Names of two modules, one of which has another name in the table, written by turns."""
    status, course = app.scope(MODULE).status, app.scope("demo-course").status
    for value in range(1, 4):
        status.set("visits", value)
        status.set("renamed", value)
        course.set("enable", True)
        status.set_many({"size": value, "tags": []})
    app.tenant("other").scope(MODULE).status.set("visits", 9)
    return app


@pytest.mark.parametrize("times", ["as they were", "equal", "equal for each version", "going back"])
@pytest.mark.parametrize("limit", [1, 2, 5, 15])
def test_pages_of_a_module_and_of_an_app_miss_nothing_and_repeat_nothing(busy, times, limit):
    moved = {"equal": "at = 1700000000000000", "equal for each version": "at = version", "going back": "at = -at - version"}
    if times in moved:
        edit(busy, moved[times])
    status = busy.scope(MODULE).status
    names = [("demo-course", "enable"), *[(MODULE, name) for name in ("renamed", "size", "tags", "visits")]]
    expected = {(*name, version) for name in names for version in (1, 2, 3)}
    whole = busy.history()
    assert set(places(whole)) == expected
    assert pages(busy.history, limit) == whole
    assert pages(status.history, limit) == status.history() == [change for change in whole if change.module == MODULE]
    assert [change.at for change in whole] == sorted((change.at for change in whole), reverse=True)


def test_changes_of_one_time_are_in_the_order_of_their_keys(busy):
    edit(busy, "at = 1700000000000000")
    stored = [(place[0], "former" if place[1] == "renamed" else place[1], place[2]) for place in places(busy.history())]
    assert stored == sorted(stored, reverse=True)


def test_a_time_begins_with_what_was_made_before_it(busy):
    edit(busy, "at = 1700000000000000 + version")
    status = busy.scope(MODULE).status
    at = {change.version: change.at for change in busy.history()}
    for history, each in ((busy.history, 5), (status.history, 4)):
        assert [len(history(before=at[version])) for version in (1, 2, 3)] == [0, each, 2 * each]
        assert {change.version for change in history(before=at[3])} == {1, 2}
        assert len(history(before=at[3] + timedelta(microseconds=1))) == 3 * each
        assert len(history(before=at[3].astimezone(tz=None))) == 2 * each
        assert history(before=datetime.min.replace(tzinfo=UTC)) == []
        assert len(history(before=datetime.max.replace(tzinfo=UTC))) == 3 * each


def test_pages_go_on_where_they_were_while_others_write(busy):
    first = busy.history(limit=4)
    rest = busy.history(before=first[-1])
    busy.scope(MODULE).status.set("visits", 7)
    busy.scope("demo-course").status.set("enable", False)
    assert busy.history(before=first[-1]) == rest


@pytest.mark.parametrize("limit", [0, -1, True, 1.0, "3", None])
def test_a_limit_is_a_count(app, status, limit):
    for history in (app.history, status.history, lambda **where: status.history("visits", **where)):
        with pytest.raises(InvalidArgument, match="limit="):
            history(limit=limit)


@pytest.mark.parametrize("number", [2**31, 2**63 - 1, 2**63, 2**70])
def test_a_number_beyond_all_changes_asks_for_all_of_them(app, status, number):
    status.set("visits", 1)
    for history in (app.history, status.history, lambda **where: status.history("visits", **where)):
        assert len(history(limit=number)) == 1
    assert len(status.history("visits", before=number)) == 1


@pytest.mark.parametrize("before", [-1, True, 1.0, "3", datetime.now(UTC), datetime.now()])  # noqa: DTZ005 - it is to be refused
def test_a_names_page_begins_at_a_version(status, before):
    with pytest.raises(InvalidArgument, match="before="):
        status.history("visits", before=before)


@pytest.mark.parametrize("before", [0, 3, True, "3", 1.0, datetime.now()])  # noqa: DTZ005 - it is to be refused
def test_a_page_of_several_names_begins_at_a_change_or_an_aware_time(app, status, before):
    for history in (app.history, status.history):
        with pytest.raises(InvalidArgument, match="before="):
            history(before=before)


def test_a_page_does_not_begin_in_another_history(app, status):
    status.set("visits", 1)
    status.set("renamed", 1)
    app.scope("demo-course").status.set("enable", True)
    app.tenant("other").scope(MODULE).status.set("visits", 1)
    elsewhere = app.tenant("other").history()[0]
    for history in (app.history, status.history, lambda **where: status.history("visits", **where)):
        with pytest.raises(InvalidArgument, match="before="):
            history(before=elsewhere)
    for name in (None, "visits"):
        with pytest.raises(InvalidArgument, match="before="):
            status.history(name, before=app.scope("demo-course").status.history()[0])
    with pytest.raises(InvalidArgument, match="before="):
        status.history("visits", before=status.history("renamed")[0])


def test_a_page_begins_at_a_change_from_whichever_listing(app, status):
    for value in range(1, 4):
        status.set("visits", value)
        status.set("renamed", value)
    for name in ("visits", "renamed"):
        [change] = [each for each in app.history() if (each.name, each.version) == (name, 2)]
        assert change == status.history(name)[1]
        assert versions(status.history(name, before=change)) == [1]
        assert len(status.history(before=change)) == len(app.history(before=change)) == (2 if name == "visits" else 3)


# --------------------------------------------------------------------------- going back


def test_revert_writes_the_old_value_as_a_new_version(status):
    for age in (36, 37, 38):
        status.set("user", User("ada", age))
    entry = status.revert("user", 1, actor="ada", reason="she is young")
    assert (entry.value, entry.version, entry.actor) == (User("ada", 36), 4, "ada")
    assert status.entry("user") == entry
    change = status.history("user")[0]
    assert (change.operation, change.value, change.reason) == ("revert", User("ada", 36), "she is young")
    assert status.revert("user", 3).value == User("ada", 38)
    assert status.revert("user", 4).value == User("ada", 36)
    assert versions(status.history("user")) == [6, 5, 4, 3, 2, 1]


def test_revert_to_an_unset_unsets(status):
    status.set("visits", 1)
    status.unset("visits")
    status.set("visits", 2)
    assert status.revert("visits", 2) is None
    assert ("visits" in status, status.get("visits")) == (False, 0)
    assert status.revert("visits", 3).version == 5
    changes = status.history("visits")
    assert [(change.operation, change.value) for change in changes[:2]] == [("revert", 2), ("revert", None)]


def test_revert_of_what_is_unset_brings_it_back(status):
    status.set("visits", 7)
    status.unset("visits")
    assert status.revert("visits", 1).value == 7
    assert status.field(lambda record: record.visits).revert(2) is None


@pytest.mark.parametrize("version", [0, 3, 2**40, 2**70, pytest.param(10**5000, id="endless")])
def test_a_version_that_never_was_cannot_be_gone_back_to(status, version):
    status.set("visits", 1)
    status.set("visits", 2)
    before = everything(status)
    with pytest.raises(UnknownVersion, match=r"it keeps 2, 1\. Nothing was written") as raised:
        status.revert("visits", version)
    assert (raised.value.name, raised.value.version, raised.value.kept) == ("visits", version, (2, 1))
    assert everything(status) == before


def test_a_version_that_is_not_kept_any_more_cannot_be_gone_back_to(bounded):
    for value in range(1, 6):
        bounded.set("usual", value)
    with pytest.raises(UnknownVersion) as raised:
        bounded.revert("usual", 2)
    assert raised.value.kept == (5, 4, 3)
    assert bounded.revert("usual", 3).value == 3


@pytest.mark.parametrize("version", [-1, True, 1.0, "1", None])
def test_what_is_no_version_is_refused(status, version):
    status.set("visits", 1)
    with pytest.raises(InvalidArgument, match="version="):
        status.revert("visits", version)
    assert len(status.history()) == 1


def test_revert_of_an_unknown_or_pinned_name_is_refused(open_app):
    status = open_app(pinned={MODULE: {"visits": 3}}).scope(MODULE).status
    with pytest.raises(UnknownStatusName):
        status.revert("visit", 1)
    with pytest.raises(StatusPinned):
        status.revert("visits", 1)


def test_revert_obeys_a_lifecycle(worker):
    for code in (Jobs.NEW, Jobs.RUNNING, Jobs.FAIL):
        worker.set("job", code)
    worker.set("attempts", 2)
    worker.set("attempts", 3)
    before = everything(worker)
    with pytest.raises(TransitionNotAllowed, match="its condition"):
        worker.revert("job", 1)
    with pytest.raises(TransitionNotAllowed, match="does not allow '202_RUNNING' from '500_FAIL'"):
        worker.revert("job", 2)
    assert everything(worker) == before
    worker.revert("attempts", 1)
    assert worker.revert("job", 1).value is Jobs.NEW
    worker.unset("job")
    with pytest.raises(TransitionNotAllowed, match="from 'nothing stored'"):
        worker.revert("job", 2)
    assert worker.revert("job", 1).value is Jobs.NEW


def test_revert_to_an_unset_obeys_a_lifecycle(worker):
    worker.set("job", Jobs.NEW)
    worker.unset("job")
    worker.set("job", Jobs.NEW)
    worker.set("job", Jobs.RUNNING)
    with pytest.raises(TransitionNotAllowed, match="does not allow 'unset' from '202_RUNNING'"):
        worker.revert("job", 2)
    assert (worker.get("job"), worker.entry("job").version) == (Jobs.RUNNING, 4)


def test_an_old_value_that_does_not_fit_any_more_is_not_brought_back(shared_url):
    with App.open(shared_url, plugins=[plugin(TRAINING)]) as app:
        app.scope(MODULE).status.set("size", 1)
        app.scope(MODULE).status.set("size", 9)
    larger = attrs.make_class("Larger", {"size": field(type=int, default=5, validator=attrs.validators.ge(5))})
    with App.open(shared_url, plugins=[plugin(StatusSpec(MODULE, larger))]) as app:
        status = app.scope(MODULE).status
        with pytest.raises((ValueRefused, ValueCorrupt), match="'size' must be >= 5: 1"):
            status.revert("size", 1)
        assert [bool(change.error) for change in status.history("size")] == [False, True]
        assert status.entry("size").version == 2


def test_a_value_from_newer_code_is_neither_gone_back_to_nor_overwritten(app, status):
    status.set("visits", 1)
    status.set("visits", 2)
    edit(app, "record_version = 2", "version = 1")
    with pytest.raises(ValueFromNewerVersion):
        status.revert("visits", 1)
    assert [type(change.error) for change in status.history("visits")] == [type(None), ValueFromNewerVersion]
    with app.begin() as connection:
        connection.exec_driver_sql("UPDATE perdure_status SET record_version = 2")
    with pytest.raises(ValueFromNewerVersion):
        status.revert("visits", 2)
    assert len(status.history("visits")) == 2


def test_going_back_is_committed_and_rolled_back_with_a_transaction(app, status):
    status.set("visits", 1)
    status.set("visits", 2)
    before = everything(status)
    with pytest.raises(ZeroDivisionError), app.begin() as connection:
        inner = status.within(connection)
        assert inner.revert("visits", 1).version == 3
        assert inner.revert("visits", 3).version == 4
        raise ZeroDivisionError
    assert everything(status) == before
    with app.begin() as connection:
        inner = status.within(connection)
        inner.set("visits", 3)
        with pytest.raises(UnknownVersion):
            inner.revert("visits", 9)
        assert inner.revert("visits", 1).version == 4
    assert (status.get("visits"), versions(status.history("visits"))) == (1, [4, 3, 2, 1])


# --------------------------------------------------------------------------- forgetting


def test_forgetting_erases_the_history_and_nothing_else(app, status):
    status.set("password", "hunter2")
    status.set("password", "hunter3")
    status.set("visits", 1)
    entry = status.entry("password")
    assert status.forget("password") == 2
    assert status.history("password") == []
    assert places(status.history()) == [(MODULE, "visits", 1)]
    assert status.entry("password") == entry
    with app.begin() as connection:
        values = [value for (value,) in connection.exec_driver_sql("SELECT value FROM perdure_change")]
    assert values == ["1"]
    with pytest.raises(UnknownVersion):
        status.revert("password", 2)
    assert status.forget("password") == 0


def test_versions_go_on_after_forgetting(status):
    status.set("visits", 1)
    status.unset("visits")
    assert status.forget("visits") == 2
    assert status.set("visits", 2).version == 3
    assert versions(status.history("visits")) == [3]


def test_forgetting_what_was_never_written_leaves_nothing_behind(app, status):
    assert status.forget("visits") == 0
    assert app.resources.store.read_tenant("") == []
    with pytest.raises(UnknownStatusName):
        status.forget("visit")


def test_forgetting_is_committed_and_rolled_back_with_a_transaction(app, status):
    status.set("visits", 1)
    with pytest.raises(ZeroDivisionError), app.begin() as connection:
        inner = status.within(connection)
        inner.set("visits", 2)
        assert inner.forget("visits") == 2
        assert inner.history() == []
        raise ZeroDivisionError
    assert versions(status.history("visits")) == [1]
    with app.begin() as connection:
        assert status.within(connection).forget("visits") == 1
    assert status.history("visits") == []
    assert status.get("visits") == 1


def test_forgetting_moves_no_lifecycle(worker):
    worker.set("job", Jobs.NEW)
    worker.set("job", Jobs.RUNNING)
    assert worker.field(lambda record: record.job).forget() == 2
    assert (worker.get("job"), worker.entry("job").version) == (Jobs.RUNNING, 2)


def test_what_is_stored_under_a_pin_can_be_forgotten(shared_url):
    with App.open(shared_url, plugins=[plugin(BOUNDED)]) as app:
        app.scope(BOUNDED).status.set("usual", 1)
    with App.open(shared_url, plugins=[plugin(BOUNDED)], pinned={"bounded": {"usual": 9}}) as app:
        status = app.scope(BOUNDED).status
        assert [change.value for change in status.history("usual")] == [1]
        assert status.forget("usual") == 1
        assert (status.history(), status.get("usual"), status.entry("usual").version) == ([], 9, 1)


def test_who_watches_is_told_that_what_was_forgotten_is_gone(status):
    status.set("visits", 1)
    status.set("visits", 2)
    status.forget("visits")
    with status.watch("visits", since=0) as watch:
        with pytest.raises(HistoryTruncated) as raised:
            watch.take(10)
        assert (raised.value.since, raised.value.oldest) == (0, None)
        status.set("visits", 3)
        assert watch.take(10).value == 3


# --------------------------------------------------------------------------- secrets


def test_a_secret_is_in_the_history_and_masked_wherever_it_is_shown(app, status):
    with status.watch("password") as watch:
        status.set("password", "hunter2", reason="new")
        seen = watch.take(10)
    changes = [seen, *status.history("password"), *status.history(), *app.history()]
    assert {change.value for change in changes} == {"hunter2"}
    assert all(change.secret for change in changes)
    assert "hunter2" not in f"{changes!r}{changes[0]}{changes[0].shown_value()}"
    assert "•••" in repr(changes[0])


@pytest.mark.parametrize("damage", ['["hunter2"]', '"hunter2', "hunter2", '{"hunter2": "hunter2"}'])
def test_an_error_about_a_damaged_secret_does_not_tell_it(app, status, damage):
    status.set("password", "old")
    status.set("password", "new")
    edit(app, f"value = '{damage}'", "version = 1")
    change = status.history("password")[1]
    with pytest.raises(ValueCorrupt) as read:
        change.value  # noqa: B018
    with pytest.raises(ValueCorrupt) as reverted:
        status.revert("password", 1)
    shown = [change, change.shown_value(), *(raised.value for raised in (read, reverted))]
    assert "hunter2" not in "".join(f"{each!r}{each}" for each in shown)
    assert status.get("password") == "new"


# --------------------------------------------------------------------------- what is damaged


@pytest.fixture
def damaged(app, status):
    """Damages the second of three changes."""
    for value in (1, 2, 3):
        status.set("visits", value)
        status.set("enable", True)

    def damage(change):
        edit(app, change, "name = 'visits' AND version = 2")

    return damage


DAMAGES = [
    "value = '{'",
    "value = ''",
    "value = 'NaN'",
    "value = 'true'",
    "value = '\"2\"'",
    "encoding = 'sealed'",
    "encoding = ''",
    "record_version = 99",
    "record_version = -1",
]
ON_SQLITE = ["value = x'32'", "value = CAST(x'ff' AS TEXT)", "encoding = x'00'", "record_version = 'x'"]


def check_damaged(app, status):
    """A listing goes on; the one change tells what is wrong with it, and is not gone back to."""
    for changes in (app.history(), status.history(), pages(app.history, 1), pages(status.history, 2)):
        assert len(changes) == 6
        assert [place for place, change in zip(places(changes), changes, strict=True) if change.error] == [(MODULE, "visits", 2)]
    changes = status.history("visits")
    assert versions(changes) == [3, 2, 1]
    assert [bool(change.error) for change in changes] == [False, True, False]
    assert isinstance(changes[1].error, (ValueCorrupt, ValueFromNewerVersion))
    assert type(changes[1].error).__name__ in repr(changes[1])
    with pytest.raises(PerdureError):
        changes[1].value  # noqa: B018
    before = everything(status)[0]
    with pytest.raises((ValueCorrupt, ValueFromNewerVersion)):
        status.revert("visits", 2)
    assert status.entries() == before
    assert versions(status.history("visits")) == [3, 2, 1]
    assert status.revert("visits", 1).value == 1


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_change_ends_no_listing_and_is_not_gone_back_to(app, status, damaged, damage):
    damaged(damage)
    check_damaged(app, status)


@pytest.mark.parametrize("damage", ON_SQLITE)
@pytest.mark.parametrize("url", ["file", "memory"], indirect=True)
def test_what_only_sqlite_lets_in_ends_no_listing_and_is_not_gone_back_to(app, status, damaged, damage):
    damaged(damage)
    check_damaged(app, status)


ABSURD = [2**62, -(2**62)]
BEYOND_ALL = [2**63 - 1]
"""Where a history begins when it is not told where."""
NO_TIMES = ["'x'", "x'00'", "1e300"]
"""What SQLite orders after every number, and lets in."""
on_sqlite = pytest.mark.parametrize("url", ["file", "memory"], indirect=True)


def check_damaged_time(app, status):
    """Every good change is told of; the damaged one is, of its name, and its value can be gone back to."""
    for history in (app.history, status.history):
        for limit in (100, 4, 2, 1):
            good = [(change.name, change.version) for change in pages(history, limit) if not change.error]
            assert good == [("enable", 3), ("visits", 3), ("enable", 2), ("enable", 1), ("visits", 1)]
    change = status.history("visits")[1]
    assert isinstance(change.error, ValueCorrupt)
    assert "a time in microseconds" in str(change.error)
    assert status.revert("visits", 2).value == 2


@pytest.mark.parametrize("at", ABSURD + BEYOND_ALL)
def test_a_damaged_time_ends_no_listing(app, status, damaged, at):
    damaged(f"at = {at}")
    check_damaged_time(app, status)


@pytest.mark.parametrize("at", NO_TIMES)
@on_sqlite
def test_a_time_that_only_sqlite_lets_in_ends_no_listing(app, status, damaged, at):
    damaged(f"at = {at}")
    check_damaged_time(app, status)


def check_in_every_listing(app, status):
    for history in (app.history, status.history):
        for limit in (100, 4, 2, 1):
            assert [(each.name, each.version) for each in pages(history, limit) if each.error] == [("visits", 2)]


@pytest.mark.parametrize("at", ABSURD + BEYOND_ALL)
def test_a_change_with_a_damaged_time_is_in_every_listing_once(app, status, damaged, at):
    damaged(f"at = {at}")
    check_in_every_listing(app, status)


@pytest.mark.parametrize("at", NO_TIMES)
@on_sqlite
def test_a_change_with_a_time_that_only_sqlite_lets_in_is_in_every_listing_once(app, status, damaged, at):
    damaged(f"at = {at}")
    check_in_every_listing(app, status)


@on_sqlite
def test_a_fraction_of_a_microsecond_is_a_time(status, damaged):
    damaged("at = 1.5")
    assert [change.error for change in status.history("visits")] == [None] * 3


@pytest.mark.parametrize("column", ["actor", "reason", "operation", "change_set"])
@pytest.mark.parametrize("url", ["file", "memory"], indirect=True)
def test_whatever_else_only_sqlite_lets_in_ends_no_listing(app, status, damaged, column):
    for damage in ("x'ff'", "CAST(x'ff' AS TEXT)", "7"):
        damaged(f"{column} = {damage}")
        for changes in (app.history(), status.history(), status.history("visits")):
            assert [change.version for change in changes if change.name == "visits"] == [3, 2, 1]
            assert repr(changes)


@pytest.mark.parametrize("damage", ["value = '{'", "encoding = 'sealed'", f"at = {2**62}"])
def test_a_damaged_change_is_pruned_and_forgotten_like_any_other(shared_url, damage):
    with App.open(shared_url, plugins=[plugin(BOUNDED)]) as app:
        status = app.scope(BOUNDED).status
        for value in range(1, 4):
            status.set("usual", value)
        edit(app, damage, "version = 2")
        status.set("usual", 4)
        status.set("usual", 5)
        assert [bool(change.error) for change in status.history("usual")] == [False, False, False]
        edit(app, damage, "version = 5")
        assert status.forget("usual") == 3


def test_who_watches_is_told_of_a_damaged_change_in_its_turn(app, status, damaged):
    damaged("value = '{'")
    with status.watch("visits", since=0) as watch:
        seen = [watch.take(10) for _ in range(3)]
    assert [(change.version, bool(change.error)) for change in seen] == [(1, False), (2, True), (3, False)]


# --------------------------------------------------------------------------- what nobody declares any more


def test_a_name_that_is_no_longer_declared_is_told_of_without_its_value(shared_url):
    with App.open(shared_url, plugins=[plugin(TRAINING)]) as app:
        status = app.scope(MODULE).status
        status.set("visits", 1)
        status.set("password", "hunter2", actor="ada", reason="new")
        status.set("visits", 2)
        status.set("renamed", 7)
    fewer = StatusSpec(MODULE, attrs.make_class("Fewer", {"visits": attrs.field(type=int, default=0)}))
    with App.open(shared_url, plugins=[plugin(fewer)]) as app:
        status = app.scope(MODULE).status
        for changes in (status.history(), app.history(), pages(status.history, 1), pages(app.history, 1)):
            assert [(change.name, change.version, bool(change.error)) for change in changes] == [
                ("former", 1, True),
                ("visits", 2, False),
                ("password", 1, True),
                ("visits", 1, False),
            ]
            gone = changes[2]
            assert (gone.operation, gone.actor, gone.reason, gone.secret) == ("set", "ada", "new", True)
            assert isinstance(gone.error, UnknownStatusName)
            with pytest.raises(UnknownStatusName):
                gone.value  # noqa: B018
            assert "hunter2" not in repr(changes) + str(gone.error)
        for call in (status.history, status.forget, lambda name: status.revert(name, 1)):
            with pytest.raises(UnknownStatusName):
                call("password")


def test_a_module_that_is_no_longer_declared_is_told_of_without_its_values(shared_url):
    with App.open(shared_url, plugins=[plugin(TRAINING, COURSE)]) as app:
        app.scope("demo-course").status.set("enable", True)
        app.scope(MODULE).status.set("visits", 1)
    with App.open(shared_url, plugins=[plugin(TRAINING)]) as app:
        for changes in (app.history(), pages(app.history, 1)):
            assert places(changes) == [(MODULE, "visits", 1), ("demo-course", "enable", 1)]
            assert isinstance(changes[1].error, UnknownModule)
            assert "True" not in repr(changes[1])
        assert places(app.scope(MODULE).status.history()) == [(MODULE, "visits", 1)]


def test_a_name_that_another_has_left_behind_is_paged_past_like_any_other(shared_url):
    """What is called `renamed` now is stored as `former`; older code has left something that is stored as `renamed`."""
    older = StatusSpec(MODULE, attrs.make_class("Older", {"renamed": attrs.field(type=int), "former": attrs.field(type=int)}))
    with App.open(shared_url, plugins=[plugin(older)]) as app:
        app.scope(MODULE).status.set_many({"renamed": 1, "former": 2})
        edit(app, "at = 1700000000000000")
    with App.open(shared_url, plugins=[plugin(TRAINING)]) as app:
        for history in (app.scope(MODULE).status.history, app.history):
            whole = history()
            assert [(change.name, bool(change.error)) for change in whole] == [("renamed", True), ("renamed", False)]
            assert len(pages(history, 1)) == 2
