"""What the application decides, and how it is refused, on every store."""

from __future__ import annotations

from types import ModuleType

import attrs
import pytest

from perdure import (
    App,
    AppClosed,
    InvalidArgument,
    InvalidName,
    InvalidSpec,
    InvalidStoreUrl,
    NoStoreConfigured,
    PluginFailed,
    RecordInvalid,
    StatusPinned,
    StatusSpec,
    TablesMissing,
    UnknownModule,
    UnknownStatusName,
    ValueRefused,
    ValueTooLarge,
    hookimpl,
)

from .conftest import TRAINING, Training, User, plugin

MODULE = "training-student"


def test_the_applications_default_lies_between_stored_and_declared(open_app):
    status = open_app(defaults={MODULE: {"visits": 10, "enable": False}}).scope(MODULE).status
    assert (status.get("visits"), status.get("enable")) == (10, False)
    assert status.get("visits", 3) == 3
    assert status.current.enable is False
    assert status.update("visits", lambda n: n + 1).value == 11
    assert status.get("visits") == 11
    status.unset("visits")
    assert status.get("visits") == 10


def test_a_pinned_value_lies_above_everything_and_cannot_be_written(open_app):
    pinned = open_app(pinned={MODULE: {"visits": 5, "tags": ["pin"]}})
    status = pinned.scope(MODULE).status
    assert status.get("visits") == status.get("visits", 9) == status.current.visits == 5
    for write in (
        lambda: status.set("visits", 6),
        lambda: status.update("visits", lambda n: n + 1),
        lambda: status.unset("visits"),
    ):
        with pytest.raises(StatusPinned, match=r"training-student.visits is pinned by the application"):
            write()
    status.get("tags").append("mine")
    assert status.get("tags") == ["pin"]


def test_a_pinned_value_is_shown_as_such(open_app):
    app = open_app(pinned={MODULE: {"visits": 5}})
    entry = app.scope(MODULE).status.entry("visits")
    assert (entry.value, entry.pinned, entry.version, entry.actor) == (5, True, 0, None)
    assert entry.created_at == entry.updated_at == app.resources.policy.opened_at
    assert "visits" in app.scope(MODULE).status
    assert [each.pinned for each in app.entries()] == [True]
    assert "pinned=True" in repr(entry)


def test_a_pin_lies_over_a_stored_value_and_leaves_it_be(shared_url):
    with App.open(shared_url, plugins=[plugin(TRAINING)]) as app:
        app.scope(MODULE).status.set("visits", 1, actor="ada")
    with App.open(shared_url, plugins=[plugin(TRAINING)], pinned={MODULE: {"visits": 5}}) as app:
        entry = app.scope(MODULE).status.entry("visits")
        assert (entry.value, entry.version, entry.actor, entry.pinned) == (5, 1, "ada", True)
    with App.open(shared_url, plugins=[plugin(TRAINING)]) as app:
        assert app.scope(MODULE).status.get("visits") == 1


def test_a_pin_counts_in_load(open_app):
    app = open_app(pinned={MODULE: {"enable": True}}, defaults={MODULE: {"user": User("ada", 36)}})
    assert app.scope(TRAINING).status.load().enable is True
    assert app.scope(TRAINING).status.load().user.age == 36


@pytest.mark.parametrize("argument", ["defaults", "pinned"])
@pytest.mark.parametrize(
    ("values", "error", "says"),
    [
        ({"trainin-student": {}}, UnknownModule, "Did you mean 'training-student'"),
        ({MODULE: {"visit": 1}}, UnknownStatusName, "Did you mean 'visits'"),
        ({MODULE: {"visits": "1"}}, ValueRefused, r"visits: expected int, got '1' \(str\), in App.open"),
    ],
)
def test_a_wrong_decision_of_the_application_fails_on_opening(open_app, argument, values, error, says):
    with pytest.raises(error, match=says):
        open_app(**{argument: values})


def test_a_module_that_failed_to_load_is_not_gone(url):
    given = [ModuleType("broken"), plugin(TRAINING)]
    with App.open(url, plugins=given, on_plugin_failure="skip", defaults={"its-module": {"x": 1}}) as app:
        assert [each.origin.plugin for each in app.report.failed] == ["broken"]
        assert app.report.undeclared == ("its-module",)
        with pytest.raises(UnknownModule):
            app.scope("its-module")
    with pytest.raises(UnknownModule, match="Did you mean 'training-student'"):
        App.open(url, plugins=given, on_plugin_failure="skip", pinned={"trainin-student": {"visits": 1}})


def test_what_is_blocked_and_not_there_is_told_of(url):
    with App.open(url, plugins=[plugin(TRAINING)], blocked="contract_plugin") as app:
        assert ([each.plugin for each in app.report.blocked], app.report.unmatched) == (["contract_plugin"], ())
    with App.open(url, plugins=[plugin(TRAINING)], blocked=["contract_plugn"]) as app:
        assert ([each.plugin for each in app.report.blocked], app.report.unmatched) == ([], ("contract_plugn",))


@pytest.mark.parametrize("name", [123, None, ["a"], "a\0b", ""])
def test_what_can_be_no_name_is_refused_as_such(app, name):
    with pytest.raises(InvalidName):
        app.scope(MODULE).status.get(name)
    with pytest.raises(InvalidName):
        app.scope(name)


def test_secrets_stay_where_they_are(open_app):
    app = open_app(pinned={MODULE: {"password": "hunter2"}}, defaults={MODULE: {"enable": True, "user": User("ada", 36)}})
    shown = [app.resources.policy, app.scope(TRAINING).status.load(), app.entries(), app]
    assert "hunter2" not in repr(shown)
    assert app.scope(TRAINING).status.load().password == "hunter2"


def test_a_value_may_be_as_long_as_the_app_allows_and_no_longer(open_app):
    status = open_app(max_value_bytes=20).scope(MODULE).status
    status.set("password", "ä" * 9)
    with pytest.raises(ValueTooLarge, match="takes 22 bytes of JSON, and 20 are allowed") as raised:
        status.set("password", "ä" * 10)
    assert (raised.value.size, raised.value.limit) == (22, 20)
    assert status.get("password") == "ä" * 9


def test_no_store_is_an_error_that_says_what_to_give(monkeypatch):
    monkeypatch.delenv("PERDURE_URL", raising=False)
    with pytest.raises(NoStoreConfigured, match="'sqlite:///app.db', or set the environment variable PERDURE_URL"):
        App.open()


@pytest.mark.parametrize("url", ["", "app.db", "sqlite", "oracle://host/db", "sqlite+aiosqlite:///app.db"])
def test_a_url_that_cannot_be_used_is_refused(url):
    with pytest.raises(InvalidStoreUrl):
        App.open(url, plugins=[])


def test_a_refused_url_keeps_its_password():
    for url in ("oracle://scott:tiger@host/db", "oracle://host/db?password=tiger", "oracle:/scott:tiger@host/db"):
        with pytest.raises(InvalidStoreUrl) as raised:
            App.open(url, plugins=[])
        assert "tiger" not in str(raised.value)


@pytest.mark.parametrize(
    "option",
    [
        {"durability": "ful"},
        {"on_plugin_failure": "ignore"},
        {"max_value_bytes": 0},
        {"max_value_bytes": "1"},
        {"max_value_bytes": True},
        {"migrate": "no"},
        {"defaults": ["m"]},
        {"pinned": {"m": None}},
        {"blocked": [1]},
    ],
)
def test_an_argument_that_is_none_of_its_choices_is_refused(open_app, option):
    with pytest.raises(InvalidArgument, match=f"^{next(iter(option))}="):
        open_app(**option)


def test_arguments_win_over_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("PERDURE_URL", f"sqlite:///{tmp_path / 'env.db'}")
    monkeypatch.setenv("PERDURE_TENANT", "acme")
    monkeypatch.setenv("PERDURE_BLOCKED", "training-student, demo-course")
    with App.open() as app:
        assert app.tenant_name == "acme"
        assert {origin.plugin for origin in app.report.blocked} == {"training-student", "demo-course"}
        assert (tmp_path / "env.db").exists()
    with App.open("sqlite://", tenant="", blocked=["training-student"]) as app:
        assert app.tenant_name == ""
        assert [origin.plugin for origin in app.report.blocked] == ["training-student"]


def test_the_environment_may_forbid_to_create_tables(monkeypatch, tmp_path):
    monkeypatch.setenv("PERDURE_MIGRATE", "maybe")
    with pytest.raises(InvalidArgument, match="PERDURE_MIGRATE='maybe'"):
        App.open("sqlite://", plugins=[])
    monkeypatch.setenv("PERDURE_MIGRATE", "no")
    with pytest.raises(TablesMissing, match="no such file"):
        App.open(f"sqlite:///{tmp_path / 'app.db'}", plugins=[])
    monkeypatch.setenv("PERDURE_MIGRATE", "yes")
    App.open(f"sqlite:///{tmp_path / 'app.db'}", plugins=[]).close()


@pytest.mark.parametrize("tenant", ["t" * 65, "a\0b"])
def test_a_tenant_that_no_table_can_hold_is_refused(open_app, tenant):
    with pytest.raises(InvalidName):
        open_app(tenant=tenant)


def test_tenants_do_not_see_each_other(shared_url):
    with App.open(shared_url, plugins=[plugin(TRAINING)], tenant="a") as app:
        assert app.scope(MODULE).status.set("visits", 1).tenant == "a"
        assert "tenant='a'" in repr(app.scope(MODULE).status)
    with App.open(shared_url, plugins=[plugin(TRAINING)], tenant="b") as app:
        assert app.entries() == []
        with pytest.raises(ValueRefused, match="tenant 'b'"):
            app.scope(MODULE).status.set("visits", "x")


def test_a_view_of_a_tenant_shares_the_app_and_nothing_of_its_values(app):
    status = app.scope(MODULE).status
    views = {name: app.tenant(name) for name in ("a", "b", "A", "a ")}
    for number, view in enumerate(views.values()):
        assert view.entries() == []
        view.scope(MODULE).status.set("visits", number)
    assert [view.scope(MODULE).status.get("visits") for view in views.values()] == [0, 1, 2, 3]
    assert status.entry("visits") is None
    assert [entry.tenant for entry in views["b"].entries()] == ["b"]
    assert not hasattr(views["a"], "close")
    assert "tenant='a'" in repr(views["a"])
    assert app.tenant("").entries() == app.entries()
    assert views["a"].scope(TRAINING).spec is TRAINING
    with pytest.raises(InvalidName):
        app.tenant("t" * 65)
    app.close()
    with pytest.raises(AppClosed):
        views["a"].scope(MODULE)


def test_tenants_are_listed_and_erased_by_name(app):
    for name in ("a", "b"):
        app.tenant(name).scope(MODULE).status.set("visits", 1)
        app.tenant(name).scope("demo-course").status.set("enable", True)
    app.scope(MODULE).status.set("visits", 2)
    assert app.tenants() == ["", "a", "b"]
    assert app.erase_tenant("a") == 2
    assert app.tenants() == ["", "b"]
    assert app.tenant("a").entries() == []
    assert len(app.tenant("b").entries()) == 2
    assert app.erase_tenant("nobody") == 0
    assert app.tenant("a").scope(MODULE).status.set("visits", 3).value == 3


def test_a_transaction_of_the_application_takes_status_with_it(open_app):
    app = open_app()
    status = app.scope(MODULE).status
    with app.begin() as connection:
        inside = status.within(connection)
        inside.set("visits", 1)
        inside.update("visits", lambda n: n + 1)
        assert inside.get("visits") == 2
    assert status.entry("visits").version == 2
    with pytest.raises(ZeroDivisionError), app.begin() as connection:
        status.within(connection).set("visits", 9)
        raise ZeroDivisionError
    assert status.get("visits") == 2


def test_the_database_answers_and_things_are_counted(app):
    assert 0 < app.ping() < 5
    assert app.metrics().lock_waits == 0


def test_after_closing_every_use_says_so(open_app):
    app = open_app()
    status = app.scope(MODULE).status
    app.close()
    app.close()
    uses = [
        lambda: app.scope(MODULE),
        app.scopes,
        app.entries,
        lambda: status.get("visits"),
        lambda: status.set("visits", 1),
        lambda: status.update("visits", lambda n: n + 1),
        lambda: status.unset("visits"),
        lambda: status.entry("visits"),
        status.entries,
        status.load,
        lambda: status.current.visits,
    ]
    for use in uses:
        with pytest.raises(AppClosed, match="is closed. Open a new one"):
            use()
    assert "closed" in repr(app)


def test_a_plugin_that_fails_when_opened_closes_the_store(url):
    seen = []
    made = plugin(TRAINING)

    @hookimpl
    def perdure_opened(app):
        seen.append(app)
        app.scope(MODULE).status.set("visits", 1)
        raise RuntimeError("not today")

    made.perdure_opened = perdure_opened
    with pytest.raises(PluginFailed, match="its hook perdure_opened raised RuntimeError: not today"):
        App.open(url, plugins=[made])
    assert seen[0].resources.closed


def test_a_spec_that_is_not_the_plugins_own_is_refused(app):
    with pytest.raises(InvalidSpec, match="not the one that the loaded plugin declares"):
        app.scope(StatusSpec(MODULE, Training, history=3))
    with pytest.raises(UnknownModule):
        app.scope(StatusSpec("elsewhere", Training))


def test_a_default_that_a_factory_makes_is_checked_when_it_is_made(url):
    made = attrs.make_class("Made", {"count": attrs.field(type=int, factory=str)})
    with (
        App.open(url, plugins=[plugin(StatusSpec("m", made))]) as app,
        pytest.raises(InvalidSpec, match="the default does not fit"),
    ):
        app.scope("m").status.get("count")


def test_values_that_make_no_record_together_say_so(url):
    @attrs.frozen
    class Range:
        low: int = 0
        high: int = attrs.field(default=9)

        @high.validator
        def above_low(self, attribute, value):
            if value < self.low:
                raise ValueError(f"{attribute.name} lies below low")

    with App.open(url, plugins=[plugin(StatusSpec("m", Range))]) as app:
        status = app.scope("m").status
        status.set("low", 10)
        assert status.get("high") == 9
        with pytest.raises(
            RecordInvalid, match="m: the stored values do not make a valid record together: .*high lies below low"
        ):
            status.load()
        status.set("high", 11)
        assert status.load() == Range(10, 11)


def test_an_app_says_what_it_is(app):
    assert "2 modules" in repr(app)
