from __future__ import annotations

from types import ModuleType, SimpleNamespace

import attrs
import pytest

from perdure import DuplicateModule, PluginFailed, StatusSpec, UnknownHook, UnknownModule, hookimpl
from perdure.plugins.discovery import Candidate, Selection, handed_in
from perdure.plugins.registry import Registry
from perdure.plugins.report import Origin


@attrs.frozen
class Record:
    enable: bool


def plugin(name, *specs, opened=None):
    """A plugin object of that name which declares these specs."""
    made = ModuleType(name)

    @hookimpl
    def perdure_status_specs():
        return list(specs)

    made.perdure_status_specs = perdure_status_specs
    if opened is not None:
        made.perdure_opened = opened
    return made


def load(*plugins, policy="raise"):
    return loaded(handed_in(plugins), policy=policy)


def loaded(candidates, *, blocked=(), policy="raise"):
    return Registry.load(Selection(tuple(candidates), tuple(blocked), ()), policy)


def failing(error):
    def load():
        raise error

    return Candidate(Origin("broken", "broken-dist", "1.0"), load)


def test_specs_are_looked_up_by_module_in_the_order_of_their_names():
    b, a = StatusSpec("b", Record), StatusSpec("a", Record)
    registry = load(plugin("one", b), plugin("two", a))
    assert list(registry.specs.items()) == [("a", a), ("b", b)]
    assert registry.spec("a") is a
    assert [(each.origin.plugin, each.modules) for each in registry.report.loaded] == [("one", ("b",)), ("two", ("a",))]
    assert registry.report.complete


def test_the_order_of_installation_never_matters():
    b, a = plugin("b", StatusSpec("b", Record)), plugin("a", StatusSpec("a", Record))
    assert load(a, b).report == load(b, a).report


def test_an_unknown_module_suggests_the_nearest():
    with pytest.raises(UnknownModule, match=r"Did you mean 'training-student'\?"):
        load(plugin("p", StatusSpec("training-student", Record))).spec("training-studnet")


@pytest.mark.parametrize("policy", ["raise", "skip"])
def test_a_module_declared_twice_is_refused_naming_both_whatever_the_policy(policy):
    with pytest.raises(DuplicateModule) as raised:
        load(plugin("one", StatusSpec("same", Record)), plugin("two", StatusSpec("same", Record)), policy=policy)
    assert "'one'" in str(raised.value)
    assert "'two'" in str(raised.value)


def test_one_object_under_two_entry_points_is_no_clash():
    only = plugin("p", StatusSpec("m", Record))
    registry = loaded([Candidate(Origin("x", "d"), lambda: only), Candidate(Origin("y", "d"), lambda: only)])
    assert [each.origin.plugin for each in registry.report.loaded] == ["x"]


class PanicError(BaseException):
    """As libraries written in Rust raise."""


class Speechless(Exception):
    def __str__(self):
        raise LookupError

    __repr__ = __str__


@pytest.mark.parametrize("error", [ImportError("no such thing"), SystemExit(3), ZeroDivisionError(), PanicError(), Speechless()])
def test_a_plugin_that_cannot_be_imported_is_named_with_its_distribution(error):
    with pytest.raises(PluginFailed) as raised:
        loaded([failing(error)])
    assert "'broken' of distribution 'broken-dist' failed: importing it raised " + type(error).__name__ in str(raised.value)
    assert raised.value.__cause__ is error


def test_a_failing_plugin_can_be_skipped_and_is_told_of(caplog):
    candidates = [failing(ImportError("gone")), *handed_in([plugin("good", StatusSpec("m", Record))])]
    registry = loaded(candidates, blocked=[Origin("not-wanted")], policy="skip")
    assert list(registry.specs) == ["m"]
    assert [each.origin.plugin for each in registry.report.failed] == ["broken"]
    assert isinstance(registry.report.failed[0].error.__cause__, ImportError)
    assert registry.report.blocked == (Origin("not-wanted"),)
    assert not registry.report.complete
    assert "A plugin is left out: Plugin 'broken' of distribution 'broken-dist' failed" in caplog.text


def test_a_misspelt_hook_is_refused_with_the_right_spelling():
    made = ModuleType("typo")

    @hookimpl
    def perdure_status_spec():
        return []

    made.perdure_status_spec = perdure_status_spec
    with pytest.raises(UnknownHook, match=r"Did you mean 'perdure_status_specs'\?"):
        load(made)


def test_a_plugin_with_one_good_and_one_misspelt_hook_is_left_out_whole():
    made = plugin("half", StatusSpec("half", Record))

    @hookimpl
    def perdure_open(app):
        """Misspelt."""

    made.perdure_open = perdure_open
    registry = load(made, plugin("good", StatusSpec("m", Record)), policy="skip")
    assert list(registry.specs) == ["m"]
    assert isinstance(registry.report.failed[0].error, UnknownHook)


def test_a_forgotten_decorator_is_told_of():
    made = ModuleType("bare")

    def perdure_status_specs():
        return []

    perdure_status_specs.__module__ = "bare"
    made.perdure_status_specs = perdure_status_specs
    with pytest.raises(PluginFailed, match="lacks the decorator @hookimpl"):
        load(made)


def test_a_forgotten_decorator_on_a_misspelt_hook_beside_a_good_one_is_told_of():
    made = plugin("half", StatusSpec("half", Record))

    def perdure_openned(app):
        """Neither decorated nor spelt right."""

    perdure_openned.__module__ = "half"
    made.perdure_openned = perdure_openned
    with pytest.raises(PluginFailed, match="perdure_openned lacks the decorator"):
        load(made)


def test_a_plugin_without_hooks_is_told_which_there_are():
    with pytest.raises(PluginFailed, match="implements no hook; there are perdure_"):
        load(ModuleType("empty"))


def test_a_wrong_argument_of_a_hook_is_refused():
    made = ModuleType("wrong")

    @hookimpl
    def perdure_opened(application):
        """The argument is called app."""

    made.perdure_opened = perdure_opened
    with pytest.raises(PluginFailed, match="application"):
        load(made)


def test_hooks_are_not_wrapped():
    made = ModuleType("wrapping")

    @hookimpl(wrapper=True)
    def perdure_status_specs():
        return (yield)

    made.perdure_status_specs = perdure_status_specs
    with pytest.raises(PluginFailed, match="hooks of perdure are not wrapped"):
        load(made)


@pytest.mark.parametrize("returned", [None, "spec", [Record], StatusSpec("m", Record)])
def test_a_hook_that_returns_something_else_is_refused(returned):
    made = ModuleType("odd")

    @hookimpl
    def perdure_status_specs():
        return returned

    made.perdure_status_specs = perdure_status_specs
    with pytest.raises(PluginFailed, match="expected a list of StatusSpec"):
        load(made)


def test_a_hook_that_raises_is_the_plugins_failure():
    made = ModuleType("raising")

    @hookimpl
    def perdure_status_specs():
        return 1 / 0

    made.perdure_status_specs = perdure_status_specs
    with pytest.raises(PluginFailed, match="its hook perdure_status_specs raised ZeroDivisionError"):
        load(made)


def test_what_cannot_even_be_shown_is_told_of_all_the_same():
    made = ModuleType("speechless")

    @hookimpl
    def perdure_status_specs():
        return Speechless()

    made.perdure_status_specs = perdure_status_specs
    with pytest.raises(PluginFailed, match=r"returned \(Speechless, of which repr raised LookupError\); expected a list"):
        load(made)


def test_who_interrupts_the_loading_of_a_plugin_has_his_way():
    with pytest.raises(KeyboardInterrupt):
        loaded([failing(KeyboardInterrupt())])


def test_a_spec_that_cannot_be_resolved_is_the_plugins_failure():
    broken = attrs.make_class("Broken", {"x": attrs.field(type="NoSuchType")})
    with pytest.raises(PluginFailed, match="'p' .*cannot be resolved"):
        load(plugin("p", StatusSpec("m", broken)))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"x": attrs.field(type=complex)}, "m: x is declared as complex"),
        ({"x": attrs.field(type=int, default="many")}, r"the default does not fit: x: expected int, got 'many' \(str\)"),
    ],
)
def test_a_spec_that_cannot_be_kept_is_the_plugins_failure(fields, says):
    broken = plugin("broken", StatusSpec("m", attrs.make_class("Broken", fields)))
    with pytest.raises(PluginFailed, match=says):
        load(broken)
    registry = load(broken, plugin("good", StatusSpec("good", Record)), policy="skip")
    assert list(registry.specs) == ["good"]


def test_objects_of_any_kind_are_plugins():
    class Plugin:
        @hookimpl
        def perdure_status_specs(self):
            return (StatusSpec("m", Record),)

    assert list(load(Plugin()).specs) == ["m"]


def test_opened_is_announced_in_the_order_of_names_with_or_without_the_app():
    told = []

    @hookimpl
    def with_app(app):
        told.append(("with", app))

    @hookimpl
    def without():
        told.append("without")

    app = SimpleNamespace()
    load(plugin("b", opened=with_app), plugin("a", opened=without), plugin("c", StatusSpec("m", Record))).announce_opened(app)
    assert told == ["without", ("with", app)]


def test_a_plugin_that_fails_when_opened_raises_or_is_told_of():
    @hookimpl
    def opened(app):
        raise LookupError(app)

    with pytest.raises(PluginFailed, match="its hook perdure_opened raised LookupError"):
        load(plugin("p", opened=opened)).announce_opened(SimpleNamespace())
    skipping = load(plugin("p", opened=opened), policy="skip")
    skipping.announce_opened(SimpleNamespace())
    assert [each.origin.plugin for each in skipping.report.failed] == ["p"]


def test_a_registry_can_be_made_of_specs_alone():
    spec = StatusSpec("m", Record)
    assert Registry.of(spec).spec("m") is spec
    with pytest.raises(DuplicateModule):
        Registry.of(spec, StatusSpec("m", Record))


def test_a_renamed_module_is_found_by_every_name_that_it_had():
    renamed, other = StatusSpec("new", Record, formerly=["oldest", "old"]), StatusSpec("other", Record)
    registry = load(plugin("p", renamed), plugin("q", other))
    assert all(registry.spec(name) is renamed for name in ("new", "old", "oldest"))
    assert [registry.current_name(name) for name in ("new", "old", "oldest", "other", "nobody")] == [
        *("new", "new", "new", "other", "nobody")
    ]
    assert list(registry.specs.items()) == [("new", renamed), ("other", other)]
    assert registry.by_stored_module == {"oldest": "new", "other": "other"}
    assert [each.modules for each in registry.report.loaded] == [("new",), ("other",)]


def test_an_unknown_module_is_told_of_current_names_only():
    registry = load(plugin("p", StatusSpec("training-student", Record, formerly="pupils")))
    with pytest.raises(UnknownModule, match=r"'pupil'.* Known: 'training-student'\.") as raised:
        registry.spec("pupil")
    assert raised.value.known == ("training-student",)


@pytest.mark.parametrize("policy", ["raise", "skip"])
@pytest.mark.parametrize(
    ("specs", "first", "second"),
    [
        ((StatusSpec("old", Record), StatusSpec("new", Record, formerly="old")), "", " (as a former name of 'new')"),
        ((StatusSpec("new", Record, formerly="old"), StatusSpec("old", Record)), " (as a former name of 'new')", ""),
        (
            (StatusSpec("a", Record, formerly="old"), StatusSpec("b", Record, formerly=["older", "old"])),
            " (as a former name of 'a')",
            " (as a former name of 'b')",
        ),
    ],
)
def test_two_claims_to_one_name_are_refused_naming_both_whatever_the_policy(specs, first, second, policy):
    with pytest.raises(DuplicateModule) as raised:
        load(plugin("one", specs[0]), plugin("two", specs[1]), policy=policy)
    assert raised.value.module == "old"
    assert raised.value.first.endswith(first)
    assert raised.value.second.endswith(second)
    assert "'one'" in raised.value.first
    assert "'two'" in raised.value.second
    with pytest.raises(DuplicateModule, match="'old' is declared twice"):
        Registry.of(*specs)


def test_a_renamed_spec_that_is_handed_in_twice_is_no_clash():
    spec = StatusSpec("new", Record, formerly="old")
    assert load(plugin("one", spec), plugin("two", spec)).spec("old") is spec


def test_steps_for_a_name_that_there_is_not_are_the_plugins_failure():
    stray = StatusSpec("m", Record, record_version=2, upgrades={"enabled": {1: bool}})
    with pytest.raises(PluginFailed, match=r"'p' .*steps for 'enabled'.* Did you mean 'enable'\?"):
        load(plugin("p", stray))
