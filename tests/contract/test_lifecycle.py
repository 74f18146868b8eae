"""A status whose value moves by a lifecycle: set, update and unset obey it, under the row's lock."""

from __future__ import annotations

import threading
from types import ModuleType

import attrs
import pytest

from perdure import (
    App,
    Category,
    InvalidSpec,
    Lifecycle,
    StatusCode,
    Statuses,
    StatusFamily,
    StatusSpec,
    TransitionNotAllowed,
    UnknownStatusCode,
    ValueRefused,
    field,
    hookimpl,
    transition,
)


class Jobs(StatusFamily, name="jobs"):
    NEW = StatusCode("100_NEW", "Just made")
    RUNNING = StatusCode("202_RUNNING")
    DONE = StatusCode("303_DONE")
    FAIL = StatusCode("500_FAIL")


class JobLifecycle(Lifecycle, family=Jobs, initial=Jobs.NEW):
    run = transition(Jobs.NEW, to=Jobs.RUNNING)
    finish = transition(Category.ACTIVE, to=Jobs.DONE)
    fail = transition(Category.ACTIVE, to=Jobs.FAIL)
    retry = transition(Jobs.FAIL, to=Jobs.NEW, allow_terminal=True, when=lambda row: row.attempts < 3)


class PausedJobs(Jobs, extends=Jobs):
    PAUSED = StatusCode("406_PAUSED", "Waiting to go on")


class PausedLifecycle(JobLifecycle, extends=JobLifecycle):
    pause = transition(Jobs.RUNNING, to=PausedJobs.PAUSED)
    go_on = transition(PausedJobs.PAUSED, to=Jobs.RUNNING)


@attrs.frozen
class Worker:
    job: StatusCode = field(lifecycle=JobLifecycle)
    attempts: int = 0
    defaulted: StatusCode = field(lifecycle=JobLifecycle, default=Jobs.NEW)
    free: StatusCode = Statuses.DRAFT


class Base:
    @hookimpl
    def perdure_status_specs(self):
        return [StatusSpec("worker", Worker)]


class Pausing:
    @hookimpl
    def perdure_status_families(self):
        return [PausedJobs]

    @hookimpl
    def perdure_lifecycles(self):
        return [PausedLifecycle]


@pytest.fixture
def status(url):
    with App.open(url, plugins=[Base()]) as app:
        yield app.scope("worker").status


def test_the_first_set_is_an_initial_code(status):
    assert status.get("job") is None
    with pytest.raises(TransitionNotAllowed) as raised:
        status.set("job", Jobs.RUNNING)
    assert str(raised.value) == (
        "worker.job: JobLifecycle does not allow '202_RUNNING' from 'nothing stored'. Allowed from here: 100_NEW."
    )
    assert "job" not in status
    assert status.set("job", "100_NEW").value == Jobs.NEW


def test_set_and_update_move_as_the_lifecycle_says(status):
    status.set("job", Jobs.NEW)
    status.set("job", Jobs.RUNNING)
    with pytest.raises(TransitionNotAllowed, match=r"from '202_RUNNING'. Allowed from here: 303_DONE, 500_FAIL"):
        status.set("job", Jobs.NEW)
    with pytest.raises(TransitionNotAllowed):
        status.update("job", lambda _code: Jobs.RUNNING)
    assert status.update("job", lambda _code: Jobs.DONE).value is Jobs.DONE
    with pytest.raises(TransitionNotAllowed, match="there is no way out"):
        status.set("job", Jobs.NEW)
    assert status.entry("job").version == 3


def test_a_condition_sees_the_whole_record(status):
    for code in (Jobs.NEW, Jobs.RUNNING, Jobs.FAIL):
        status.set("job", code)
    status.set("attempts", 3)
    with pytest.raises(TransitionNotAllowed, match="its condition"):
        status.set("job", Jobs.NEW)
    status.set("attempts", 2)
    assert status.set("job", Jobs.NEW).version == 4


def test_unset_is_for_a_value_that_has_not_moved_yet(status):
    status.set("job", Jobs.NEW)
    assert status.unset("job") is True
    status.set("job", Jobs.NEW)
    status.set("job", Jobs.RUNNING)
    with pytest.raises(TransitionNotAllowed, match="does not allow 'unset' from '202_RUNNING'"):
        status.unset("job")
    assert status.get("job") == Jobs.RUNNING


def test_a_default_is_where_a_value_begins(status):
    assert status.get("defaulted") is Jobs.NEW
    assert status.set("defaulted", Jobs.RUNNING).version == 1


def test_codes_are_the_familys_own_with_their_description(status):
    status.set("job", "100_NEW")
    assert status.get("job").description == "Just made"
    assert status.load().job is Jobs.NEW


@pytest.mark.parametrize("value", ["nonsense", 7, None, "999_TOO_HIGH"])
def test_what_is_no_code_is_refused(status, value):
    with pytest.raises(ValueRefused, match="job: expected StatusCode"):
        status.set("job", value)


def test_a_code_of_another_family_is_refused_with_the_nearest(status):
    with pytest.raises(UnknownStatusCode, match="'100_NEW'"):
        status.set("job", "100_NEWER")


def test_a_code_without_a_lifecycle_moves_freely(status):
    assert status.get("free") == "001_DRAFT"
    assert status.set("free", Statuses.COMPLETED).value == Statuses.COMPLETED
    assert status.set("free", Statuses.NEW).value.category is Category.PENDING


def test_with_its_plugin_a_code_can_be_used_and_without_it_an_old_value_still_loads(shared_url):
    with App.open(shared_url, plugins=[Base(), Pausing()]) as app:
        status = app.scope("worker").status
        for code in (Jobs.NEW, Jobs.RUNNING, PausedJobs.PAUSED):
            status.set("job", code)
        assert status.get("job").description == "Waiting to go on"
    with App.open(shared_url, plugins=[Base()]) as app:
        status = app.scope("worker").status
        old = status.get("job")
        assert (old, old.category, old.description) == ("406_PAUSED", Category.INACTIVE, "")
        assert not app.families[Jobs].is_valid(old)
        with pytest.raises(TransitionNotAllowed, match="no way out"):
            status.set("job", Jobs.RUNNING)
        with pytest.raises(UnknownStatusCode):
            status.set("defaulted", "406_PAUSED")
    with App.open(shared_url, plugins=[Base(), Pausing()]) as app:
        assert app.scope("worker").status.set("job", Jobs.RUNNING).version == 4


def test_of_many_threads_that_make_one_move_one_wins(status):
    status.set("job", Jobs.NEW)
    won, lost = [], []

    def work():
        try:
            won.append(status.set("job", Jobs.RUNNING))
        except TransitionNotAllowed as error:
            lost.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 7)


def test_a_lifecycle_is_for_a_status_code():
    record = attrs.make_class("Record", {"job": field(type=str, lifecycle=JobLifecycle)})
    with pytest.raises(InvalidSpec, match="what moves is a StatusCode"):
        StatusSpec("m", record).fields  # noqa: B018


def test_a_lifecycle_that_no_plugin_hands_in_is_what_is_written(url):
    with App.open(url, plugins=[ModuleType("empty"), Base()], on_plugin_failure="skip") as app:
        assert app.lifecycles[JobLifecycle] is JobLifecycle


@attrs.frozen
class Renamed:
    state: StatusCode = field(lifecycle=JobLifecycle, stored_as="old_state", default=Jobs.NEW)


def test_a_refusal_calls_a_renamed_name_as_it_is_declared(url):
    made = ModuleType("renamed")
    made.perdure_status_specs = hookimpl(
        lambda: [StatusSpec("new-desk", Renamed, formerly="old-desk")], specname="perdure_status_specs"
    )
    made.perdure_status_families = hookimpl(lambda: [Jobs], specname="perdure_status_families")
    made.perdure_lifecycles = hookimpl(lambda: [JobLifecycle], specname="perdure_lifecycles")
    with App.open(url, plugins=[made]) as app:
        status = app.scope("new-desk").status
        status.set("state", Jobs.RUNNING)
        calls = (
            lambda: status.set("state", Jobs.NEW),
            lambda: status.compare_and_set("state", Jobs.NEW, version=1),
            lambda: status.set_many({"state": Jobs.NEW}),
            lambda: status.unset("state"),
        )
        for call in calls:
            with pytest.raises(TransitionNotAllowed, match=r"new-desk\.state"):
                call()
        status.set("state", Jobs.DONE)
        with pytest.raises(TransitionNotAllowed, match=r"new-desk\.state"):
            status.revert("state", 1)
