import pickle

import pytest

from perdure.codes.category import Category
from perdure.codes.code import StatusCode
from perdure.codes.families import Families
from perdure.codes.family import StatusFamily
from perdure.codes.graph import graph
from perdure.codes.lifecycle import Lifecycle
from perdure.codes.lifecycles import Lifecycles
from perdure.codes.statuses import CommonStatuses, Statuses
from perdure.codes.transition import transition
from perdure.errors import FrozenDefinition, InvalidLifecycle


def few_attempts(row):
    """Tell whether a job may be tried again."""
    return row.attempts < 3


class JobLifecycle(Lifecycle, family=Statuses, initial=Statuses.NEW):
    """As the ground plan has it."""

    queue = transition(Statuses.NEW, to=Statuses.QUEUED)
    run = transition(Statuses.QUEUED, to=Statuses.RUNNING)
    finish = transition(Category.ACTIVE, to=Statuses.COMPLETED)
    retry = transition(Category.FAILED, to=Statuses.QUEUED, allow_terminal=True, when=few_attempts)


class UserStatuses(CommonStatuses, name="user"):
    pass


class StaffStatuses(UserStatuses, extends=UserStatuses):
    ON_LEAVE = StatusCode("409_ON_LEAVE")


class UserLifecycle(Lifecycle, family=UserStatuses, initial=(UserStatuses.UNKNOWN, UserStatuses.ACTIVATED)):
    activate = transition(UserStatuses.UNKNOWN, to=UserStatuses.ACTIVATED)
    block = transition(Category.ACTIVE, to=UserStatuses.BLOCKED)


class StaffLifecycle(UserLifecycle, extends=UserLifecycle, family=StaffStatuses):
    leave = transition(UserStatuses.ACTIVATED, to=StaffStatuses.ON_LEAVE)
    activate = transition(StaffStatuses.ON_LEAVE, to=UserStatuses.ACTIVATED)


def test_a_transition_knows_its_name_and_its_lifecycle():
    run = JobLifecycle.run
    assert (run.name, run.lifecycle, run.sources, run.targets) == ("run", JobLifecycle, (Statuses.QUEUED,), (Statuses.RUNNING,))
    assert run.target is Statuses.RUNNING
    assert repr(run) == "<JobLifecycle.run: 101_QUEUED -> 202_RUNNING>"
    assert repr(JobLifecycle.retry) == "<JobLifecycle.retry: Category.FAILED -> 101_QUEUED when few_attempts>"
    assert repr(transition(Statuses.NEW, to=Category.ACTIVE)) == "<transition: 100_NEW -> Category.ACTIVE>"


def test_a_transition_pickles_by_reference():
    assert pickle.loads(pickle.dumps(JobLifecycle.retry)) is JobLifecycle.retry


def test_a_transition_with_several_targets_has_no_one_target():
    assert transition(Statuses.NEW, to=[Statuses.QUEUED, Statuses.FAIL]).target is None
    assert transition(Statuses.NEW, to=Category.FAILED).target is None
    assert transition(Statuses.NEW, to=[Statuses.QUEUED]).target is Statuses.QUEUED


def test_transitions_and_lifecycles_are_frozen():
    with pytest.raises(AttributeError):
        JobLifecycle.run.sources = ()
    with pytest.raises(FrozenDefinition, match=r"JobLifecycle\.pause"):
        JobLifecycle.pause = transition(Statuses.RUNNING, to=Statuses.PAUSED)
    with pytest.raises(FrozenDefinition):
        del JobLifecycle.run
    with pytest.raises(TypeError, match="no instances"):
        JobLifecycle()


def test_a_transition_may_have_any_name():
    class Odd(Lifecycle, family=Statuses, initial=Statuses.NEW):
        check = transition(Statuses.NEW, to=Statuses.QUEUED)
        initial = transition(Statuses.QUEUED, to=Statuses.RUNNING)
        family = transition(Statuses.RUNNING, to=Statuses.PAUSED)
        can = transition(Statuses.PAUSED, to=Statuses.RUNNING)
        name = transition(Statuses.PAUSED, to=Statuses.CLOSED)

    assert [edge.transition.name for edge in graph(Odd).edges] == ["check", "initial", "family", "can", "name"]


def test_initial_may_be_one_code_or_several():
    assert list(graph(JobLifecycle).initial) == ["100_NEW"]
    assert list(graph(UserLifecycle).initial) == ["000_UNKNOWN", "201_ACTIVATED"]


def test_a_lifecycle_may_hold_more_than_transitions():
    class Told(Lifecycle, family=Statuses, initial=Statuses.NEW):
        limit = 3
        queue = transition(Statuses.NEW, to=Statuses.QUEUED)

    assert list(graph(Told).transitions) == ["queue"]
    assert Told.limit == 3


def test_a_new_lifecycle_takes_over_what_it_inherits_as_its_own():
    class SlowLifecycle(JobLifecycle, family=Statuses, initial=Statuses.DRAFT):
        submit = transition(Statuses.DRAFT, to=Statuses.NEW)

    assert SlowLifecycle.run.lifecycle is SlowLifecycle
    assert JobLifecycle.run.lifecycle is JobLifecycle
    assert graph(SlowLifecycle).can(Statuses.QUEUED, SlowLifecycle.run)
    assert not graph(JobLifecycle).can(Statuses.QUEUED, SlowLifecycle.run)


def test_an_extension_unites_the_sources_of_a_transition_of_the_same_name():
    assert StaffLifecycle.activate.sources == (UserStatuses.UNKNOWN, StaffStatuses.ON_LEAVE)
    assert UserLifecycle.activate.sources == (UserStatuses.UNKNOWN,)
    assert graph(StaffLifecycle).can(StaffStatuses.ON_LEAVE, "201_ACTIVATED")
    assert not hasattr(UserLifecycle, "leave")


def test_an_extension_may_build_on_what_another_plugin_adds():
    class LaterLifecycle(UserLifecycle, extends=UserLifecycle):
        archive = transition(StaffStatuses.ON_LEAVE, to=UserStatuses.ARCHIVED)

    assert graph(LaterLifecycle).can("409_ON_LEAVE", "405_ARCHIVED")


def define(bases=(Lifecycle,), body=None, **keywords):
    """Define a lifecycle as a class statement does, over all statuses and starting at NEW unless told otherwise."""
    if "extends" not in keywords:
        keywords = {"family": Statuses, "initial": Statuses.NEW} | keywords
    keywords = {key: value for key, value in keywords.items() if value is not ...}
    return type(Lifecycle)("Wrong", bases, body or {}, **keywords)


S, to = Statuses, Statuses.QUEUED
MERGED_FAMILIES = Families.merge([("staff", StaffStatuses)])
MERGED = Lifecycles.merge([("staff", StaffLifecycle)], MERGED_FAMILIES)[UserLifecycle]
REFUSED = {
    "no family": (lambda: define(family=...), "say family=… and initial=…"),
    "no initial": (lambda: define(initial=...), "say family=… and initial=…"),
    "a family that is none": (lambda: define(family=StatusFamily), "is no family of status codes"),
    "a family that is no class": (lambda: define(family="user"), "family='user' is no family"),
    "a merged family": (lambda: define(family=MERGED_FAMILIES["user"]), "is what an App merged"),
    "an initial text": (lambda: define(initial="100_NEW"), "initial='100_NEW' is no status"),
    "an empty initial": (lambda: define(initial=()), "is no status"),
    "an initial that the family does not have": (
        lambda: define(family=CommonStatuses, initial=S.NEW),
        "initial= names '100_NEW', which the family 'common' does not have",
    ),
    "no source": (lambda: define(body={"go": transition(to=to)}), "'go' has no source"),
    "no target": (lambda: define(body={"go": transition(S.NEW, to=())}), "'go' has no target"),
    "a text as source": (
        lambda: define(body={"go": transition("100_NEW", to=to)}),
        "'go' names '100_NEW'; name a code of the family",
    ),
    "a text as target": (lambda: define(body={"go": transition(S.NEW, to="101_QUEUED")}), "'go' names '101_QUEUED'"),
    "an unknown source": (
        lambda: define(body={"go": transition(StatusCode("100_NWE"), to=to)}),
        "'go' names '100_NWE', which the family 'statuses' does not have. Did you mean '100_NEW'?",
    ),
    "an unknown target": (
        lambda: define(body={"go": transition(S.NEW, to=StatusCode("101_QUEUD"))}),
        "Did you mean '101_QUEUED'?",
    ),
    "a source that cannot be reached": (
        lambda: define(body={"go": transition(S.NEW, to=to), "end": transition(S.RUNNING, to=S.COMPLETED)}),
        "'end' names '202_RUNNING', which cannot be reached from 100_NEW",
    ),
    "a target that only an unreachable category leads to": (
        lambda: define(body={"go": transition(Category.ACTIVE, to=to)}),
        "'go' names '101_QUEUED', which cannot be reached",
    ),
    "a way out of a terminal code": (
        lambda: define(body={"end": transition(S.NEW, to=S.COMPLETED), "reopen": transition(S.COMPLETED, to=to)}),
        "'reopen' leaves 303_COMPLETED, which is terminal (positive terminal state); if that is meant, say allow_terminal=True",
    ),
    "a way out of a terminal category": (
        lambda: define(body={"go": transition(S.NEW, to=to), "retry": transition(Category.FAILED, to=to)}),
        "'retry' leaves Category.FAILED, which is terminal",
    ),
    "a permission without use": (
        lambda: define(body={"go": transition(S.NEW, Category.ACTIVE, to=to, allow_terminal=True)}),
        "no source of it is terminal",
    ),
    "one edge twice": (
        lambda: define(body={"go": transition(S.NEW, to=to), "queue": transition(Category.PENDING, to=to)}),
        "'go' and 'queue' both lead from 100_NEW to 101_QUEUED",
    ),
    "one category to one target twice": (
        lambda: define(
            family=CommonStatuses,
            initial=S.UNKNOWN,
            body={
                "go": transition(S.UNKNOWN, Category.PENDING, to=S.ACTIVATED),
                "queue": transition(Category.PENDING, to=S.ACTIVATED),
            },
        ),
        "both lead from Category.PENDING to 201_ACTIVATED",
    ),
    "another lifecycle's transition": (
        lambda: define(body={"queue": JobLifecycle.queue}),
        "'queue' is <JobLifecycle.queue: 100_NEW -> 101_QUEUED>; write a transition(…) of its own",
    ),
    "one transition under two names": (
        lambda: define(body=dict.fromkeys(("a", "b"), transition(S.NEW, to=to))),
        "'a' and 'b' are one transition",
    ),
    "extending what is no lifecycle": (lambda: define(extends=Statuses), "inherits from the lifecycle that it extends"),
    "extending without inheriting": (lambda: define(extends=UserLifecycle), "inherits from the lifecycle that it extends"),
    "extending an extension": (
        lambda: define((StaffLifecycle,), extends=StaffLifecycle),
        "StaffLifecycle is an extension itself; extend UserLifecycle",
    ),
    "an extension with an initial": (
        lambda: define((UserLifecycle,), extends=UserLifecycle, initial=S.UNKNOWN),
        "what a new row may be is for the lifecycle itself",
    ),
    "an extension over another family": (
        lambda: define((UserLifecycle,), extends=UserLifecycle, family=Statuses),
        "family=Statuses neither is UserStatuses nor extends it",
    ),
    "an extension with a code that its family does not have": (
        lambda: define(
            (UserLifecycle,), {"go": transition(S.ACTIVATED, to=S.CLOSED)}, extends=UserLifecycle, family=StaffStatuses
        ),
        "'404_CLOSED', which the family 'user' does not have",
    ),
    "an extension with another target": (
        lambda: define((UserLifecycle,), {"block": transition(S.ACTIVATED, to=S.ARCHIVED)}, extends=UserLifecycle),
        "'block' is a transition of the lifecycle already, and the targets differ",
    ),
    "an extension with another condition": (
        lambda: define(
            (UserLifecycle,), {"block": transition(S.UNKNOWN, to=S.BLOCKED, when=few_attempts)}, extends=UserLifecycle
        ),
        "the conditions (when=) differ",
    ),
    "an extension that draws an edge again": (
        lambda: define((UserLifecycle,), {"ban": transition(S.ACTIVATED, to=S.BLOCKED)}, extends=UserLifecycle),
        "'block' and 'ban' both lead from 201_ACTIVATED to 403_BLOCKED",
    ),
    "inheriting from a merged lifecycle": (lambda: define((MERGED,)), "inherits from what an App merged"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_lifecycle_is_refused_when_defined_and_says_what_to_do(case):
    attempt, message = REFUSED[case]
    with pytest.raises(InvalidLifecycle) as caught:
        attempt()
    assert message in str(caught.value)
    assert caught.value.lifecycle == "Wrong"


def test_a_name_that_is_assigned_twice_is_refused():
    with pytest.raises(InvalidLifecycle, match="'go' is assigned twice"):

        class Twice(Lifecycle, family=Statuses, initial=Statuses.NEW):
            go = transition(Statuses.NEW, to=Statuses.QUEUED)
            go = transition(Statuses.NEW, to=Statuses.RUNNING)  # noqa: PIE794 - the mistake


@pytest.mark.parametrize(
    ("initial", "options", "says"),
    [
        (Category.INITIAL, {}, "is no status"),
        (Statuses.NEW, {"when": True}, "is no function of a row"),
        (Statuses.NEW, {"to": None}, "None"),
    ],
)
def test_a_slip_in_a_definition_is_told_as_one(initial, options, says):
    with pytest.raises(InvalidLifecycle, match=says):

        class Slip(Lifecycle, family=Statuses, initial=initial):
            run = transition(Statuses.NEW, **{"to": Statuses.RUNNING, **options})
