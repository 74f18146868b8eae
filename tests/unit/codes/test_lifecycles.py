import pickle
from itertools import permutations

import pytest

from perdure.codes.category import Category
from perdure.codes.code import StatusCode
from perdure.codes.families import Families
from perdure.codes.graph import graph
from perdure.codes.lifecycle import Lifecycle
from perdure.codes.lifecycles import Lifecycles
from perdure.codes.statuses import CommonStatuses, Statuses
from perdure.codes.transition import transition
from perdure.errors import InvalidLifecycle, LifecycleClash, UnknownLifecycle


def is_staff(row):
    """Tell whether a user works here."""
    return row.staff == True  # noqa: E712 - works on a column too


class UserStatuses(CommonStatuses, name="user"):
    pass


class StaffStatuses(UserStatuses, extends=UserStatuses):
    ON_LEAVE = StatusCode("409_ON_LEAVE", "Away, and coming back")


class ShopStatuses(UserStatuses, extends=UserStatuses):
    VERIFIED = StatusCode("207_VERIFIED")


class UserLifecycle(Lifecycle, family=UserStatuses, initial=UserStatuses.UNKNOWN):
    activate = transition(UserStatuses.UNKNOWN, to=UserStatuses.ACTIVATED)
    block = transition(Category.ACTIVE, to=UserStatuses.BLOCKED)


class StaffLifecycle(UserLifecycle, extends=UserLifecycle):
    leave = transition(Category.ACTIVE, to=StaffStatuses.ON_LEAVE, when=is_staff)
    activate = transition(StaffStatuses.ON_LEAVE, to=UserStatuses.ACTIVATED)


class ShopLifecycle(UserLifecycle, extends=UserLifecycle):
    verify = transition(UserStatuses.ACTIVATED, to=ShopStatuses.VERIFIED)
    activate = transition(UserStatuses.BLOCKED, to=UserStatuses.ACTIVATED)


class HolidayLifecycle(UserLifecycle, extends=UserLifecycle):
    """Builds on the code and the way that the staff plugin adds."""

    forget = transition(StaffStatuses.ON_LEAVE, to=UserStatuses.DEACTIVATED)


class OtherTarget(UserLifecycle, extends=UserLifecycle):
    leave = transition(UserStatuses.ACTIVATED, to=UserStatuses.ARCHIVED, when=is_staff)


class OtherCondition(UserLifecycle, extends=UserLifecycle):
    leave = transition(UserStatuses.ACTIVATED, to=StaffStatuses.ON_LEAVE)


class SameEdge(UserLifecycle, extends=UserLifecycle):
    depart = transition(UserStatuses.ACTIVATED, to=StaffStatuses.ON_LEAVE)


class JobLifecycle(Lifecycle, family=Statuses, initial=Statuses.NEW):
    queue = transition(Statuses.NEW, to=Statuses.QUEUED)


FAMILIES = Families.merge([("staff", StaffStatuses), ("shop", ShopStatuses)])
HANDED_IN = [("user", UserLifecycle), ("staff", StaffLifecycle), ("shop", ShopLifecycle), ("holiday", HolidayLifecycle)]


def told(lifecycles):
    """Return everything that a merge decided."""
    return {
        lifecycle: (
            [(name, each.sources, each.targets, each.when) for name, each in graph(merged).transitions.items()],
            [(edge.source, edge.target, edge.transition.name) for edge in graph(merged).edges],
            graph(merged).mermaid(),
            [base.__qualname__ for base in merged.__mro__],
        )
        for lifecycle, merged in lifecycles.items()
    }


def test_the_merged_lifecycle_has_every_transition_over_the_merged_family():
    merged = Lifecycles.merge(HANDED_IN, FAMILIES)[UserLifecycle]
    asked = graph(merged)
    assert asked.family is FAMILIES["user"]
    assert set(asked.transitions) == {"activate", "block", "leave", "verify", "forget"}
    assert asked.can("207_VERIFIED", UserStatuses.BLOCKED)  # a category covers what plugins add
    assert asked.can("207_VERIFIED", StaffStatuses.ON_LEAVE)
    assert asked.can("409_ON_LEAVE", UserStatuses.DEACTIVATED)


def test_sources_of_one_transition_unite():
    asked = graph(Lifecycles.merge(HANDED_IN, FAMILIES)[UserLifecycle])
    assert list(asked.sources("201_ACTIVATED")) == ["000_UNKNOWN", "403_BLOCKED", "409_ON_LEAVE"]


def test_the_merged_lifecycle_is_found_by_every_class_of_it():
    lifecycles = Lifecycles.merge(HANDED_IN, FAMILIES)
    merged = lifecycles[UserLifecycle]
    assert lifecycles[StaffLifecycle] is lifecycles[ShopLifecycle] is lifecycles[merged] is merged
    assert issubclass(merged, StaffLifecycle)
    assert list(lifecycles) == [UserLifecycle]
    assert len(lifecycles) == 1
    assert repr(lifecycles) == "Lifecycles(UserLifecycle)"


def test_transitions_as_written_stand_for_the_merged_ones():
    merged = Lifecycles.merge(HANDED_IN, FAMILIES)[UserLifecycle]
    asked = graph(merged)
    for activate in (UserLifecycle.activate, StaffLifecycle.activate, ShopLifecycle.activate, merged.activate):
        assert asked.can("409_ON_LEAVE", activate)
        assert asked.can("403_BLOCKED", activate)
        assert asked.transition(activate) is merged.activate
    asked.check("201_ACTIVATED", StaffLifecycle.leave)
    assert merged.activate.lifecycle is merged


def test_a_merged_transition_pickles_as_the_one_that_was_written():
    merged = Lifecycles.merge(HANDED_IN, FAMILIES)[UserLifecycle]
    assert pickle.loads(pickle.dumps(merged.activate)) is UserLifecycle.activate
    assert pickle.loads(pickle.dumps(graph(merged).transitions["leave"])) is StaffLifecycle.leave


def test_merging_changes_no_class():
    Lifecycles.merge(HANDED_IN, FAMILIES)
    assert set(graph(UserLifecycle).transitions) == {"activate", "block"}
    assert not graph(UserLifecycle).can("403_BLOCKED", UserLifecycle.activate)


def test_the_order_of_contributions_never_matters():
    results = [told(Lifecycles.merge(order, FAMILIES)) for order in permutations(HANDED_IN)]
    assert all(result == results[0] for result in results)


def test_an_extension_brings_the_lifecycle_it_extends():
    lifecycles = Lifecycles.merge([("staff", StaffLifecycle)], FAMILIES)
    assert graph(lifecycles[UserLifecycle]).can("201_ACTIVATED", StaffLifecycle.leave)


def test_a_lifecycle_to_which_nothing_is_added_is_itself():
    assert Lifecycles.merge([("jobs", JobLifecycle)], FAMILIES)[JobLifecycle] is JobLifecycle


def test_a_lifecycle_that_nobody_handed_in_is_put_over_the_merged_family():
    lifecycles = Lifecycles.merge([], FAMILIES)
    assert lifecycles[JobLifecycle] is JobLifecycle
    user = lifecycles[UserLifecycle]
    assert user is lifecycles[UserLifecycle]
    assert graph(user).can("207_VERIFIED", UserLifecycle.block)
    assert "leave" not in graph(user).transitions


def test_an_extension_that_nobody_handed_in_is_unknown():
    with pytest.raises(UnknownLifecycle, match="StaffLifecycle adds nothing to UserLifecycle here"):
        Lifecycles.merge([], FAMILIES)[StaffLifecycle]


@pytest.mark.parametrize(
    ("other", "first", "problem"),
    [
        (OtherTarget, "leave", "the targets differ"),
        (OtherCondition, "leave", r"the conditions \(when=\) differ"),
        (SameEdge, "depart", "both lead from 201_ACTIVATED to 409_ON_LEAVE"),
    ],
)
def test_two_plugins_that_clash_are_refused_naming_both(other, first, problem):
    errors = set()
    for order in permutations([("other", other), ("staff", StaffLifecycle), ("user", UserLifecycle)]):
        with pytest.raises(LifecycleClash, match=problem) as caught:
            Lifecycles.merge(order, FAMILIES)
        errors.add(str(caught.value))
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert len(errors) == 1
    error = caught.value
    assert (error.lifecycle, error.first_owner, error.first) == ("UserLifecycle", "other", first)
    assert (error.second_owner, error.second) == ("staff", "leave")


def test_a_code_that_no_family_has_is_refused_when_merging_naming_its_owner():
    with pytest.raises(
        InvalidLifecycle, match=r"'activate' of staff names '409_ON_LEAVE', which the family 'user' does not have"
    ):
        Lifecycles.merge([("staff", StaffLifecycle)], Families.merge())


def test_a_code_that_cannot_be_reached_is_refused_when_merging_naming_its_owner():
    with pytest.raises(InvalidLifecycle, match=r"'forget' of holiday names '409_ON_LEAVE', which cannot be reached"):
        Lifecycles.merge([("holiday", HolidayLifecycle)], FAMILIES)


@pytest.mark.parametrize("given", [Statuses, Lifecycle, "user", None])
def test_what_is_no_lifecycle_is_refused_naming_its_owner(given):
    with pytest.raises(InvalidLifecycle, match="odd hands it in"):
        Lifecycles.merge([("odd", given)], FAMILIES)


def test_without_the_plugin_an_old_row_still_moves_by_its_category():
    class Simple(Lifecycle, family=UserStatuses, initial=UserStatuses.UNKNOWN):
        close = transition(UserStatuses.UNKNOWN, Category.INACTIVE, to=UserStatuses.ARCHIVED)

    asked = graph(Lifecycles.merge([("simple", Simple)], Families.merge())[Simple])
    assert asked.can("409_ON_LEAVE", Simple.close)
    assert not asked.family.is_valid("409_ON_LEAVE")
