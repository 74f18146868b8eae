"""What the doctor makes of plugins that fail, clash, are blocked, or are not there."""

from __future__ import annotations

from types import ModuleType

import attrs
import pytest

from perdure import StatusCode, StatusFamily, StatusSpec, hookimpl
from perdure.doctor.case import Case
from perdure.doctor.diagnosis import diagnose
from perdure.doctor.plugins import load_what_can_be
from perdure.plugins.discovery import handed_in, without_blocked
from perdure.plugins.registry import Registry


@attrs.frozen
class Desk:
    open: bool = False


DESK, SHED = StatusSpec("desk", Desk), StatusSpec("shed", Desk)


class Orders(StatusFamily, name="order"):
    NEW = StatusCode("001_NEW", "New")


class Packed(Orders, extends=Orders):
    PACKED = StatusCode("201_PACKED", "Packed")


class Picked(Orders, extends=Orders):
    PICKED = StatusCode("201_PICKED", "Picked")


def plugin(name, *specs, families=()):
    made = ModuleType(name)

    @hookimpl
    def perdure_status_specs():
        return list(specs)

    @hookimpl
    def perdure_status_families():
        return list(families)

    made.perdure_status_specs, made.perdure_status_families = perdure_status_specs, perdure_status_families
    return made


def broken(name):
    made = plugin(name)

    @hookimpl
    def perdure_status_specs():
        raise RuntimeError("no light")

    made.perdure_status_specs = perdure_status_specs
    return made


def selection(*plugins, blocked=()):
    return without_blocked(handed_in(plugins), blocked)


def found(*plugins, blocked=(), **more):
    case = Case(where=None, plugins=selection(*plugins, blocked=blocked), **more)
    return [(each.severity, each.code, each.where) for each in diagnose(case).findings if each.code != "no-database"]


def test_plugins_that_are_sound_have_no_finding():
    assert found(plugin("a", DESK), plugin("b", SHED, families=[Orders, Packed])) == []


def test_a_plugin_that_failed_is_named_with_what_it_said():
    case = Case(where=None, plugins=selection(plugin("a", DESK), broken("b")))
    (finding,) = [each for each in diagnose(case).findings if each.code == "plugin-failed"]
    assert finding.where == "'b' (handed to App.open)"
    assert "no light" in finding.problem
    assert "PERDURE_BLOCKED=b" in finding.advice


def test_two_plugins_for_one_module_are_named_and_the_others_go_on():
    mine, yours = plugin("a", DESK), plugin("b", StatusSpec("desk", Desk, record_version=2))
    assert found(mine, yours, plugin("c", SHED)) == [("error", "plugin-clash", "desk")]
    installed = load_what_can_be(selection(mine, yours, plugin("c", SHED)))
    assert set(installed.registry.specs) == {"desk", "shed"}
    assert installed.doubtful == {"desk"}
    assert installed.missing == ("'b' (handed to App.open)",)


def test_every_clash_is_named_at_once():
    plugins = [plugin("a", DESK), plugin("b", StatusSpec("desk", Desk, history=3)), plugin("c", families=[Orders, Packed])]
    places = found(*plugins, plugin("d", families=[Picked]), plugin("e", SHED))
    assert sorted(places) == [("error", "plugin-clash", "desk"), ("error", "plugin-clash", "order")]


def test_a_name_that_blocks_nothing_is_named():
    assert found(plugin("a", DESK), blocked=["b"]) == [("warning", "blocked-unmatched", "b")]


def test_what_the_application_decides_about_nobody_is_named_and_its_pins_are_told_of():
    policy = attrs.evolve(Case(where=None, plugins=selection()).policy, defaults={"gone": {}}, pinned={"desk": {"open": True}})
    assert found(plugin("a", DESK), policy=policy) == [("warning", "policy-undeclared", "gone"), ("info", "pinned", "desk.open")]


@pytest.mark.parametrize("pinned", [{"open": "yes"}, {"opne": True}])
def test_a_decision_that_does_not_fit_is_named(pinned):
    policy = attrs.evolve(Case(where=None, plugins=selection()).policy, pinned={"desk": pinned})
    assert found(plugin("a", DESK), policy=policy)[0] == ("error", "module-unfit", "desk")


def test_a_registry_that_an_app_has_loaded_is_taken_as_it_is():
    registry = Registry.of(DESK)
    assert load_what_can_be(registry).registry is registry


def test_plugins_that_cannot_even_be_loaded_end_nothing(monkeypatch):
    monkeypatch.setattr("perdure.doctor.diagnosis.load_what_can_be", lambda _plugins: 1 / 0)
    diagnosis = diagnose(Case(where="sqlite:////nowhere/app.db", plugins=selection()))
    assert [each.code for each in diagnosis.findings] == ["check-failed", "database-missing"]
    assert "plugins" in diagnosis.checked


def test_a_check_that_crashes_is_a_finding_and_the_next_goes_on(monkeypatch):
    monkeypatch.setattr("perdure.doctor.diagnosis.plugin_findings", crashing)
    diagnosis = diagnose(Case(where="sqlite:////nowhere/app.db", plugins=selection()))
    assert [each.code for each in diagnosis.findings] == ["check-failed", "database-missing"]
    assert "ZeroDivisionError" in diagnosis.findings[0].problem
    assert diagnosis.checked == ("environment", "policy", "database")


def crashing(_installed):
    yield from ()
    raise ZeroDivisionError
