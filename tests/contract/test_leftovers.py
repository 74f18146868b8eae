"""What is stored and no longer declared: told of, removed by name, and never touched by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from types import ModuleType

import attrs
import pytest

from perdure import App, StatusSpec, field, hookimpl
from perdure.errors import HistoryTruncated, InvalidName, PluginsMissing, StillDeclared

from .conftest import plugin


@attrs.frozen
class Before:
    count: int = 0
    note: str = ""
    pin: str = field(secret=True, default="")


@attrs.frozen
class After:
    count: int = 0


@attrs.frozen
class Shed:
    key: str = ""


DEPOT, SHRUNK, SHED = StatusSpec("depot", Before), StatusSpec("depot", After), StatusSpec("shed", Shed)

SECRET = "hunter2"


@pytest.fixture
def open_with(shared_url):
    """Opens Apps that run the given plugins on this test's store, and closes them."""
    opened = []

    def open_one(*plugins, **options):
        app = App.open(shared_url, plugins=plugins, durability="normal", **options)
        opened.append(app)
        return app

    yield open_one
    for app in opened:
        app.close()


@pytest.fixture
def before(open_with):
    """The application as it was, with everything stored, for two tenants."""
    app = open_with(plugin(DEPOT, name="depot_plugin"), plugin(SHED, name="shed_plugin"))
    for tenant in ("", "a"):
        status = app.tenant(tenant).scope("depot").status
        status.set("count", 1)
        status.set("note", "first", actor="ada")
        status.set("note", SECRET, actor="bob")
        status.set("pin", SECRET)
        app.tenant(tenant).scope("shed").status.set("key", SECRET)
    return app


@pytest.fixture
def app(before, open_with):
    """The application as it is: one module gone, and two names of another."""
    return open_with(plugin(SHRUNK, name="depot_plugin"))


def rows(app):
    """Return everything that is stored: the values and their history, of every tenant."""
    store = app.resources.store
    return [(store.read_tenant(tenant), store.read_tenant_changes(tenant, limit=1000)) for tenant in app.tenants()]


def places(leftovers):
    return [(each.tenant, each.module, each.name) for each in leftovers]


GONE = [("depot", "note"), ("depot", "pin"), ("shed", "key")]


def test_what_is_left_over_is_told_of_with_its_last_write_for_all_tenants(before, app):
    written = rows(app)
    found = app.leftovers()
    assert places(found) == [(tenant, *place) for tenant in ("", "a") for place in GONE]
    note = found[0]
    entry = before.scope("depot").status.entry("note")
    assert (note.version, note.record_version, note.actor) == (2, 1, "bob")
    assert (note.created_at, note.updated_at) == (entry.created_at, entry.updated_at)
    assert note.created_at < note.updated_at <= datetime.now(UTC)
    assert [each.actor for each in found if each.name == "key"] == [None, None]
    assert before.leftovers() == []
    assert rows(app) == written


def test_no_value_is_shown_of_what_nobody_can_say_whether_it_is_secret(app):
    shown = [repr(app.leftovers()), repr(app.history()), repr(app.scope("depot").status.history()), repr(app.entries())]
    assert SECRET not in "".join(shown)
    assert [each.name for each in app.entries()] == ["count"]
    for change in app.history():
        assert change.name == "count" or change.error is not None


def test_nothing_is_removed_by_itself(before, app, open_with):
    written = rows(before)
    for _ in range(2):
        app.leftovers()
        assert app.rewrite_values().count == 0
        open_with().close()
        open_with(plugin(SHRUNK), blocked=["depot_plugin"]).close()
    assert rows(app) == written
    assert before.scope("depot").status.load() == Before(1, SECRET, SECRET)


def test_what_is_removed_is_gone_with_its_history_and_nothing_else_is(before, app):
    written = rows(app)
    assert app.remove_leftover("depot", "note") is True
    assert places(app.leftovers()) == [("", "depot", "pin"), ("", "shed", "key"), *(("a", *place) for place in GONE)]
    status = before.scope("depot").status
    assert (status.get("note"), status.entry("note"), status.history("note")) == ("", None, [])
    assert "note" not in {change.name for change in app.history()}

    def others(everything):
        return [[row for row in part if (row.tenant, row.name) != ("", "note")] for parts in everything for part in parts]

    assert others(rows(app)) == others(written)
    assert app.remove_leftover("depot", "note") is False
    assert app.remove_leftover("depot", "never-there") is False
    assert app.remove_leftover("never", "there") is False
    assert [row.name for row in app.resources.store.read_module("", "depot")] == ["count", "note", "pin"]  # and no new ones


def test_whose_it_is_can_be_said_and_another_tenant_is_not_touched(before, app, open_with):
    assert app.remove_leftover("shed", "key", tenant="a") is True
    assert before.scope("shed").status.get("key") == SECRET
    assert before.tenant("a").scope("shed").status.get("key") == ""
    of_a = open_with(plugin(SHRUNK), tenant="a")
    assert of_a.remove_leftover("depot", "note") is True
    assert before.scope("depot").status.get("note") == SECRET
    assert of_a.remove_leftover("depot", "note", tenant="") is True
    assert places(app.leftovers()) == [("", "depot", "pin"), ("", "shed", "key"), ("a", "depot", "pin")]


def test_a_version_is_not_used_again_when_the_name_is_declared_again(before, app):
    assert before.scope("depot").status.entry("note").version == 2
    app.remove_leftover("depot", "note")
    again = before.scope("depot").status
    assert again.get("note") == ""
    with before.scope("depot").status.watch("note") as watch:
        entry = again.compare_and_set("note", "new", version=0)
        assert entry.version == 4  # the removal moved it, too
        change = watch.take(10)
        assert (change.version, change.value) == (4, "new")
    assert [each.version for each in again.history("note")] == [4]


def test_who_watched_what_was_removed_is_told_so(before, app):
    status = before.scope("depot").status
    with status.watch("note", since=2) as watch:
        app.remove_leftover("depot", "note")
        status.set("note", "new")
        with pytest.raises(HistoryTruncated, match=r"Changes of depot\.note after version 2 are gone") as raised:
            watch.take(10)
        assert raised.value.oldest == 4
        assert watch.take(10).version == 4


def test_what_was_unset_is_left_over_as_long_as_its_history_is(before, app):
    before.scope("depot").status.unset("note")
    (left,) = [each for each in app.leftovers() if (each.tenant, each.module, each.name) == ("", "depot", "note")]
    assert left.stored is False
    assert [each.version for each in before.scope("depot").status.history("note")] == [3, 2, 1]
    assert app.remove_leftover("depot", "note") is True
    assert before.scope("depot").status.history("note") == []
    assert ("", "depot", "note") not in places(app.leftovers())
    assert app.remove_leftover("depot", "note") is False
    assert before.scope("depot").status.set("note", "new").version > 3


def test_what_is_declared_is_not_removed(before, app):
    written = rows(app)
    for whole in (before, app):
        with pytest.raises(StillDeclared, match=r"depot\.count is declared by a loaded plugin.*status\.unset\('count'\)"):
            whole.remove_leftover("depot", "count")
    with pytest.raises(StillDeclared):
        app.remove_leftover("depot", "count", tenant="a")
    with pytest.raises(InvalidName):
        app.remove_leftover("", "note")
    assert rows(app) == written


def test_what_is_stored_under_a_first_name_is_declared_by_the_renamed(before, open_with):
    @attrs.frozen
    class Renamed:
        pieces: int = field(stored_as="count", default=0)

    app = open_with(plugin(StatusSpec("warehouse", Renamed, formerly="depot")), plugin(SHED))
    assert places(app.leftovers()) == [(tenant, "depot", name) for tenant in ("", "a") for name in ("note", "pin")]
    with pytest.raises(StillDeclared):
        app.remove_leftover("depot", "count")
    assert app.remove_leftover("depot", "note") is True
    assert app.scope("warehouse").status.get("pieces") == 1


def test_a_value_of_a_newer_version_is_left_over_and_removed_like_any_other(before, app, open_with):
    newer = open_with(plugin(attrs.evolve(DEPOT, record_version=7)))
    newer.scope("depot").status.set("note", "seventh")
    assert [each.record_version for each in app.leftovers() if each.name == "note"] == [7, 1]
    assert app.remove_leftover("depot", "note") is True
    assert before.scope("depot").status.set("note", "first again").version > 3


def failing_plugin():
    made = ModuleType("shed_plugin")

    @hookimpl
    def perdure_status_specs():
        raise LookupError("no shed today")

    made.perdure_status_specs = perdure_status_specs
    return made


def failing_when_opened():
    made = plugin(SHED, name="shed_plugin")

    @hookimpl
    def perdure_opened(app):
        raise LookupError("no shed today")

    made.perdure_opened = perdure_opened
    return made


@pytest.mark.parametrize(
    ("of_shed", "options"),
    [
        (failing_plugin, {"on_plugin_failure": "skip"}),
        (failing_when_opened, {"on_plugin_failure": "skip"}),
        (lambda: plugin(SHED, name="shed_plugin"), {"blocked": ["shed_plugin"]}),
    ],
    ids=["failed", "failed when opened", "blocked"],
)
def test_what_failed_to_load_or_is_blocked_is_not_gone(before, open_with, of_shed, options):
    written = rows(before)
    app = open_with(plugin(SHRUNK, name="depot_plugin"), of_shed(), **options)
    with pytest.raises(PluginsMissing, match=r"\(.*shed_plugin.*\).*nothing was removed.*app\.report") as raised:
        app.leftovers()
    assert len(raised.value.plugins) == 1
    for module, name in GONE:
        with pytest.raises(PluginsMissing):
            app.remove_leftover(module, name)
    assert rows(before) == written
