"""What plugins are told of writes: after the COMMIT, in order, and never of what was undone."""

from __future__ import annotations

import threading
from types import ModuleType

import pytest

from perdure import App, hookimpl

from .conftest import COURSE, TRAINING, plugin

MODULE = "training-student"


def listening(name, hook):
    made = ModuleType(name)
    made.perdure_value_changed = hookimpl(hook, specname="perdure_value_changed")
    return made


@pytest.fixture
def told():
    return []


@pytest.fixture
def app(url, told):
    def perdure_value_changed(app, change):
        told.append(change)

    def failing(change):
        raise LookupError(change.name)

    plugins = [plugin(TRAINING, COURSE), listening("a_failing_one", failing), listening("listener", perdure_value_changed)]
    with App.open(url, plugins=plugins) as app:
        yield app


def test_every_write_is_told_of_in_order_even_where_another_plugin_fails(app, told):
    status = app.scope(MODULE).status
    status.set("visits", 1, actor="ada", reason="why not")
    status.update("visits", lambda n: n + 1)
    status.unset("visits")
    status.unset("visits")
    app.tenant("a").scope("demo-course").status.set("enable", True)
    status.set("password", "hunter2")
    app.close()
    assert [(each.operation, each.module, each.name, each.value, each.version) for each in told] == [
        ("set", MODULE, "visits", 1, 1),
        ("update", MODULE, "visits", 2, 2),
        ("unset", MODULE, "visits", None, 3),
        ("set", "demo-course", "enable", True, 1),
        ("set", MODULE, "password", "hunter2", 1),
    ]
    assert (told[0].actor, told[0].reason, told[0].tenant, told[3].tenant) == ("ada", "why not", "", "a")
    assert "hunter2" not in repr(told)


def test_what_is_undone_is_not_told_of(app, told):
    status = app.scope(MODULE).status
    with pytest.raises(ZeroDivisionError):
        status.update("visits", lambda n: n / 0)
    with pytest.raises(ZeroDivisionError), app.begin() as connection:
        status.within(connection).set("visits", 1)
        raise ZeroDivisionError
    with app.begin() as connection:
        status.within(connection).set("visits", 2)
        point = connection.begin_nested()
        status.within(connection).set("visits", 3)
        point.rollback()
    app.close()
    assert [(each.value, each.version) for each in told] == [(2, 1)]


def test_a_plugin_may_use_the_app_when_it_is_told(url):
    seen = []
    done = threading.Event()

    def perdure_value_changed(app, change):
        if change.name == "visits":
            seen.append(app.scope(MODULE).status.get("visits"))
            app.scope("demo-course").status.set("enable", True)
            done.set()

    with App.open(url, plugins=[plugin(TRAINING, COURSE), listening("listener", perdure_value_changed)]) as app:
        with app.begin() as connection:
            app.scope(MODULE).status.within(connection).set("visits", 7)
        assert done.wait(10)
        assert seen == [7]
        assert app.scope("demo-course").status.get("enable") is True
