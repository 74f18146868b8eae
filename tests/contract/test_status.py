"""What a module's status does, on every store."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from perdure import InvalidName, StatusNotSet, UnknownStatusName, ValueRefused

from .conftest import TRAINING, User


def test_the_first_seeds_example_word_for_word(status):
    assert status.get("enable") is None
    status.set("enable", True)
    assert status.get("enable") is True
    assert status.get("user") is None
    status.set("user", {"name": "zhennann", "age": 18})
    assert status.get("user") == User("zhennann", 18)
    status.set("user", User("zhennann", 19))
    assert status.get("user").age == 19


def test_a_set_returns_what_is_stored_now(status):
    before = datetime.now(UTC) - timedelta(seconds=1)
    first = status.set("visits", 1, actor="ada")
    second = status.set("visits", 2)
    assert (first.name, first.value, first.version, first.record_version, first.actor) == ("visits", 1, 1, 1, "ada")
    assert (second.value, second.version, second.actor) == (2, 2, None)
    assert (second.module, second.tenant, second.pinned, second.error) == ("training-student", "", False, None)
    assert before < first.created_at == second.created_at <= second.updated_at <= datetime.now(UTC)
    assert status.entry("visits") == second


def test_one_name_in_two_modules_is_two_values(app):
    app.scope("training-student").status.set("enable", True)
    assert app.scope("demo-course").status.get("enable") is None
    app.scope("demo-course").status.set("enable", False)
    assert app.scope("training-student").status.get("enable") is True


def test_reading_never_writes(app, status):
    status.get("enable")
    status.entry("user")
    assert "visits" not in status
    assert status.current.visits == 0
    assert status.entries() == []
    assert app.resources.store.read_tenant("") == []


def test_update_starts_from_the_value_or_the_default(status):
    assert status.update("visits", lambda n: n + 1).value == 1
    assert status.update("visits", lambda n: n + 1).version == 2
    assert status.update("tags", lambda tags: [*tags, "new"]).value == ["new"]


def test_update_of_nothing_says_so_and_writes_nothing(app, status):
    with pytest.raises(StatusNotSet, match="nothing is stored for 'user', and no default is declared"):
        status.update("user", lambda user: user)
    assert "user" not in status
    assert app.resources.store.read_tenant("") == []


def test_an_update_that_fails_writes_nothing(status):
    status.set("visits", 1)
    with pytest.raises(ZeroDivisionError):
        status.update("visits", lambda n: n / 0)
    with pytest.raises(ValueRefused, match=r"visits: expected int, got None"):
        status.update("visits", lambda _n: None)
    assert status.entry("visits").version == 1
    assert status.set("visits", 2).version == 2


def test_unset_brings_the_default_back_and_keeps_the_version(status):
    status.set("visits", 7)
    assert status.unset("visits", actor="ada") is True
    assert status.get("visits") == 0
    assert status.get("visits", 3) == 3
    assert status.entry("visits") is None
    assert "visits" not in status
    assert status.entries() == []
    assert status.unset("visits") is False
    assert status.set("visits", 8).version == 3
    assert status.unset("enable") is False


def test_a_callers_default_counts_only_where_nothing_is_stored(status):
    assert status.get("enable", False) is False
    assert status.get("enable", None) is None
    status.set("enable", True)
    assert status.get("enable", False) is True


def test_what_a_reader_does_to_a_value_reaches_nobody_else(status):
    status.get("tags").append("mine")
    status.get("limits")["day"] = 0
    assert (status.get("tags"), status.get("limits")) == ([], {"day": 3})
    status.set("tags", ["a"])
    status.get("tags").append("mine")
    assert status.get("tags") == ["a"]


def test_a_value_that_cannot_be_changed_is_decoded_once(status):
    status.set("user", User("ada", 36))
    assert status.get("user") is status.get("user")
    status.set("user", User("ada", 37))
    assert status.get("user").age == 37


def test_current_reads_each_name_when_it_is_asked_for(status):
    view = status.current
    with pytest.raises(StatusNotSet):
        view.enable  # noqa: B018
    status.set("enable", True)
    assert view.enable is True
    status.set("user", User("ada", 36))
    assert view.user.name == "ada"
    assert view.greeting == "Hello ada"
    assert view.older(4) == 40
    assert "visits" in dir(view)
    assert "training-student" in repr(view)


def test_current_is_for_reading_only(status):
    for spoil in (lambda view: setattr(view, "visits", 3), lambda view: delattr(view, "visits")):
        with pytest.raises(AttributeError, match=r"read-only: use status\."):
            spoil(status.current)
    with pytest.raises(AttributeError, match="Did you mean 'visits'"):
        status.current.visit  # noqa: B018
    assert not hasattr(status.current, "nothing_like_it")


def test_load_returns_one_record_read_in_one_query(app, status):
    status.set("enable", True)
    status.set("user", User("ada", 36))
    status.set("renamed", 9)
    record = status.load()
    assert record == attrs.evolve(record, enable=True, user=User("ada", 36), visits=0, tags=[], renamed=9)


def test_load_names_every_name_that_is_missing(status):
    with pytest.raises(StatusNotSet) as raised:
        status.load()
    assert raised.value.names == ("enable", "user")


def test_a_field_is_one_name_with_its_type(app):
    visits = app.scope(TRAINING).status.field(lambda record: record.visits)
    assert (visits.name, visits.get(), visits.required()) == ("visits", 0, 0)
    assert visits.set(4).value == 4
    assert visits.update(lambda n: n + 1).value == 5
    assert visits.entry().version == 2
    assert visits.unset() is True
    assert repr(visits) == "Field(training-student.visits)"


@pytest.mark.parametrize("selector", [lambda r: r.user.age, lambda _r: 3, lambda _r: "visits"])
def test_a_selector_that_does_more_than_pick_is_refused(status, selector):
    with pytest.raises(TypeError, match="a selector picks one name"):
        status.field(selector)


def test_an_unknown_name_is_refused_everywhere_with_the_nearest(status):
    calls = [
        lambda: status.get("enabel"),
        lambda: status.set("enabel", True),
        lambda: status.update("enabel", bool),
        lambda: status.unset("enabel"),
        lambda: status.entry("enabel"),
        lambda: "enabel" in status,
        lambda: status.field(lambda r: r.enabel),
    ]
    for call in calls:
        with pytest.raises(UnknownStatusName, match=r"declares no status named 'enabel'. Did you mean 'enable'\?"):
            call()


def test_a_renamed_attribute_keeps_its_row(app, status):
    status.set("renamed", 4)
    assert [row.name for row in app.resources.store.read_tenant("")] == ["former"]
    assert status.entry("renamed").name == "renamed"


def test_entries_are_in_the_order_of_names(status):
    status.set("visits", 1)
    status.set("enable", True)
    assert [(each.name, each.value) for each in status.entries()] == [("enable", True), ("visits", 1)]


def test_the_app_lists_everything_by_module_and_name(app):
    app.scope("training-student").status.set("visits", 1)
    app.scope("demo-course").status.set("enable", True)
    assert [(each.module, each.name, each.value) for each in app.entries()] == [
        ("demo-course", "enable", True),
        ("training-student", "visits", 1),
    ]


def test_the_actor_is_the_calls_then_the_contexts_then_the_apps(open_app):
    status = open_app(actor="web-1").scope("training-student").status
    app = open_app(actor="web-1")
    assert status.set("visits", 1).actor == "web-1"
    with app.acting_as("ada"):
        assert status.set("visits", 2).actor == "ada"
        assert status.set("visits", 3, actor="job").actor == "job"
    for words in ({"actor": "a" * 256}, {"actor": ""}, {"reason": "\0"}, {"reason": "r" * 1001}):
        with pytest.raises(InvalidName):
            status.set("visits", 4, **words)
    assert status.get("visits") == 3


def test_a_secret_is_masked_wherever_it_would_be_shown(status):
    entry = status.set("password", "hunter2")
    assert entry.value == "hunter2"
    assert "hunter2" not in repr(entry) + repr(status.entries())
    with pytest.raises(ValueRefused) as raised:
        status.set("password", ["hunter2"])
    assert "hunter2" not in str(raised.value) + repr(raised.value)
    assert "expected str, got a secret (list)" in str(raised.value)


def test_threads_lose_no_update(status):
    def work():
        for _ in range(50):
            status.update("visits", lambda n: n + 1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert status.get("visits") == 400
    assert status.entry("visits").version == 400


def test_read_check_write_does_lose_updates_so_the_test_above_can_fail(status):
    """The control: the same threads without the locking read."""
    status.set("visits", 0)
    meet = threading.Barrier(8)

    def work():
        for _ in range(5):
            seen = status.get("visits")
            meet.wait()
            status.set("visits", seen + 1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert status.get("visits") < 40


def test_scopes_are_the_same_object_every_time(app):
    assert app.scope("training-student") is app.scope(TRAINING)
    assert [scope.module for scope in app.scopes()] == ["demo-course", "training-student"]
    assert app.scope(TRAINING).spec is TRAINING
    assert repr(app.scope("demo-course").status) == "ModuleStatus('demo-course')"
