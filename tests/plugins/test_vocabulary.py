"""Status codes that plugins publish and extend, as an application finds them installed."""

from __future__ import annotations

from itertools import permutations

import pytest

from perdure import (
    App,
    Binding,
    BindingNamespaces,
    BindingNotBound,
    CodeClash,
    CommonStatuses,
    CoreBindings,
    DuplicateBinding,
    DuplicateFamily,
    Lifecycle,
    LifecycleClash,
    StatusCode,
    Statuses,
    StatusFamily,
    UnknownBinding,
    UnknownFamily,
    graph,
    hookimpl,
    transition,
)
from perdure_migration import MigrationStatuses
from perdure_role import RoleStatuses
from perdure_user import UserLifecycle, UserStatuses, UserTypes

COMMON = ["000_UNKNOWN", "201_ACTIVATED", "401_DEACTIVATED", "403_BLOCKED", "405_ARCHIVED"]


def plugin(name, *, families=(), lifecycles=(), bindings=()):
    """A plugin object that hands these in."""

    class Plugin:
        __name__ = name

        @hookimpl
        def perdure_status_families(self):
            return list(families)

        @hookimpl
        def perdure_lifecycles(self):
            return list(lifecycles)

        @hookimpl
        def perdure_bindings(self):
            return list(bindings)

    made = Plugin()
    made.__name__ = name
    return made


def open_with(*plugins, **options):
    return App.open("sqlite://", plugins=plugins, **options)


def test_the_plugins_families_are_those_of_the_seed():
    assert [str(code) for code in MigrationStatuses.SCHEME_SET] == ["000_UNKNOWN", "302_SUCCESS", "500_FAIL"]
    for family in (CommonStatuses, UserStatuses, RoleStatuses):
        assert [str(code) for code in family.SCHEME_SET] == COMMON
    assert list(UserTypes.SCHEME_SET) == ["SYSTEM", "LINKED"]
    assert UserTypes.is_valid("SYSTEM")
    assert not UserTypes.is_valid("system")
    assert MigrationStatuses.SUCCESS == Statuses.SUCCESS


def test_an_application_finds_what_is_installed():
    with App.open("sqlite://") as app:
        assert set(app.families) >= {"statuses", "common", "migration", "user", "role"}
        brought = {each.origin.distribution: each.families for each in app.report.loaded}
        assert brought["perdure-user"] == ("user",)
        assert app.families["user"] is app.families[UserStatuses]
        assert app.families[UserStatuses].is_valid("409_ON_LEAVE")  # staff-leave is installed
        assert not app.families[RoleStatuses].is_valid("409_ON_LEAVE")
        assert graph(app.lifecycles[UserLifecycle]).can("201_ACTIVATED", "409_ON_LEAVE")
    with App.open("sqlite://", blocked=["staff-leave"]) as app:
        assert not app.families[UserStatuses].is_valid("409_ON_LEAVE")


class Away(UserStatuses, extends=UserStatuses):
    AWAY = StatusCode("409_AWAY")


class Leave(UserStatuses, extends=UserStatuses):
    ON_LEAVE = StatusCode("409_ON_LEAVE")


class Elsewhere(UserStatuses, extends=UserStatuses):
    AWAY = StatusCode("410_AWAY")


class SameAway(UserStatuses, extends=UserStatuses):
    AWAY = StatusCode("409_AWAY", "Said by two")


class Paused(RoleStatuses, extends=RoleStatuses):
    PAUSED = StatusCode("406_PAUSED")


class AwayLifecycle(UserLifecycle, extends=UserLifecycle, family=Away):
    leave = transition(UserStatuses.ACTIVATED, to=Away.AWAY)


def test_a_strangers_plugin_extends_two_families_and_a_lifecycle_in_any_order():
    given = [
        plugin("user", families=[UserStatuses], lifecycles=[UserLifecycle]),
        plugin("role", families=[RoleStatuses]),
        plugin("stranger", families=[Away, Paused], lifecycles=[AwayLifecycle]),
    ]
    for order in permutations(given):
        with open_with(*order) as app:
            assert [str(code) for code in app.families[UserStatuses].SCHEME_SET] == [*COMMON, "409_AWAY"]
            assert app.families["role"].parse("406_PAUSED") == Paused.PAUSED
            assert graph(app.lifecycles[UserLifecycle]).can("201_ACTIVATED", "409_AWAY")


def test_two_plugins_that_say_the_same_agree():
    with open_with(plugin("a", families=[Away]), plugin("b", families=[SameAway])) as app:
        assert app.families[UserStatuses].parse("409_AWAY").description == "Said by two"


@pytest.mark.parametrize("other", [Leave, Elsewhere])
@pytest.mark.parametrize("order", [1, -1])
def test_a_clash_of_codes_is_refused_naming_both(other, order):
    given = [plugin("one", families=[Away]), plugin("two", families=[other])][::order]
    with pytest.raises(CodeClash) as raised:
        open_with(*given)
    assert "'one'" in str(raised.value)
    assert "'two'" in str(raised.value)


def test_the_application_may_allow_shared_numbers_but_not_one_name_with_two_numbers():
    with open_with(plugin("one", families=[Away]), plugin("two", families=[Leave]), allow_shared_numbers=True) as app:
        assert {"409_AWAY", "409_ON_LEAVE"} <= set(app.families[UserStatuses].SCHEME_SET)
    with pytest.raises(CodeClash):
        open_with(plugin("one", families=[Away]), plugin("two", families=[Elsewhere]), allow_shared_numbers=True)


def test_two_families_of_one_name_and_two_meanings_of_one_transition_are_refused():
    class Other(StatusFamily, name="user"):
        NEW = Statuses.NEW

    with pytest.raises(DuplicateFamily):
        open_with(plugin("one", families=[UserStatuses]), plugin("two", families=[Other]))

    class Different(UserLifecycle, extends=UserLifecycle):
        leave = transition(UserStatuses.ACTIVATED, to=UserStatuses.ARCHIVED)

    with pytest.raises(LifecycleClash) as raised:
        open_with(plugin("one", families=[Away], lifecycles=[AwayLifecycle]), plugin("two", lifecycles=[Different]))
    assert "'one'" in str(raised.value)
    assert "'two'" in str(raised.value)


def test_an_unknown_family_suggests_the_nearest():
    with open_with() as app, pytest.raises(UnknownFamily, match="common"):
        app.families["comon"]


def test_bindings_come_from_core_and_from_plugins():
    made = []
    given = plugin(
        "mailer",
        bindings=[
            Binding(f"{BindingNamespaces.SERVICE}.Mailer", factory=lambda table: made.append(table) or object(), singleton=True)
        ],
    )
    with open_with(given) as app:
        assert app.bindings.get(CoreBindings.APPLICATION_INSTANCE) is app
        assert app.bindings.get(CoreBindings.APPLICATION_CONFIG).max_value_bytes == 65536
        assert app.bindings.get("services.Mailer") is app.bindings.get("services.Mailer")
        assert list(app.bindings.namespace(BindingNamespaces.SERVICE)) == ["services.Mailer"]
        with pytest.raises(BindingNotBound):
            app.bindings.get(CoreBindings.APPLICATION_SERVER)
        with pytest.raises(UnknownBinding, match="services.Mailer"):
            app.bindings.get("services.Mailr")
    assert len(made) == 1


def test_two_plugins_that_bind_one_key_are_refused_naming_both():
    one, two = (plugin(name, bindings=[Binding("services.X", value=name)]) for name in ("one", "two"))
    with pytest.raises(DuplicateBinding) as raised:
        open_with(one, two)
    assert "'one'" in str(raised.value)
    assert "'two'" in str(raised.value)


def test_a_lifecycle_is_typed_and_its_class_stands_for_the_merged_one():
    with open_with() as app:
        merged: type[Lifecycle] = app.lifecycles[UserLifecycle]
        assert graph(merged).initial == graph(UserLifecycle).initial
