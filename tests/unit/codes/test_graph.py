import pickle
from types import SimpleNamespace

import pytest

from perdure.codes.category import Category
from perdure.codes.code import StatusCode
from perdure.codes.graph import graph
from perdure.codes.lifecycle import Lifecycle
from perdure.codes.statuses import CommonStatuses, Statuses
from perdure.codes.transition import transition
from perdure.errors import InvalidTarget, TransitionNotAllowed, UnknownStatusCode, UnknownTransition


class OrderLifecycle(Lifecycle, family=Statuses, initial=Statuses.NEW):
    """The seed's order: NEW, QUEUED, PROCESSING, COMPLETED; cancelled from pending or active only; completed likewise."""

    queue = transition(Statuses.NEW, to=Statuses.QUEUED)
    process = transition(Statuses.QUEUED, to=Statuses.PROCESSING)
    complete = transition(Category.ACTIVE, Category.PENDING, to=Statuses.COMPLETED)
    fail = transition(Statuses.PROCESSING, to=Statuses.FAIL)
    cancel = transition(Category.PENDING, Category.ACTIVE, to=Statuses.CANCELLED)
    retry = transition(Category.FAILED, to=Statuses.QUEUED, allow_terminal=True, when=lambda row: row.attempts < 3)
    archive = transition(Category.COMPLETED, to=Statuses.ARCHIVED, allow_terminal=True)
    hold = transition(Statuses.PROCESSING, to=(Statuses.PAUSED, Statuses.SUSPENDED))
    wake = transition(Category.INACTIVE, to=Category.ACTIVE)


class OtherLifecycle(Lifecycle, family=Statuses, initial=Statuses.NEW):
    queue = transition(Statuses.NEW, to=Statuses.QUEUED)
    touch = transition(Statuses.QUEUED, to=Statuses.QUEUED)


G = graph(OrderLifecycle)


def test_the_graph_of_a_class_is_always_the_same():
    assert graph(OrderLifecycle) is G
    assert repr(G).startswith("<graph of OrderLifecycle: 9 transitions, ")


@pytest.mark.parametrize("source", Statuses.SCHEME_SET)
def test_an_order_is_cancelled_from_pending_or_active_only(source):
    allowed = Statuses.is_pending(source) or Statuses.is_active(source)
    assert G.can(source, OrderLifecycle.cancel) is G.can(source, Statuses.CANCELLED) is allowed
    if not allowed:
        with pytest.raises(TransitionNotAllowed):
            G.check(source, OrderLifecycle.cancel)


@pytest.mark.parametrize("source", Statuses.SCHEME_SET)
def test_an_order_is_completed_from_active_or_pending_only(source):
    assert G.can(source, Statuses.COMPLETED) is (Statuses.is_active(source) or Statuses.is_pending(source))


@pytest.mark.parametrize("source", Statuses.SCHEME_SET)
def test_a_terminal_status_is_left_only_where_the_lifecycle_allows_it(source):
    if source.category.terminal:
        expected = ["405_ARCHIVED"] if Statuses.is_completed(source) else ["101_QUEUED"]
        assert list(G.targets(source)) == expected


def test_retryable_jobs_are_those_that_retry_accepts():
    assert list(G.sources(OrderLifecycle.retry)) == list(Statuses.FAILED_SCHEME_SET)
    assert list(G.sources(Statuses.PROCESSING)) == [Statuses.QUEUED, *Statuses.INACTIVE_SCHEME_SET]


def test_a_status_may_be_a_plain_text_or_a_code():
    for source in ("100_NEW", Statuses.NEW, StatusCode("100_NEW")):
        for target in ("101_QUEUED", Statuses.QUEUED, OrderLifecycle.queue):
            assert G.can(source, target)
            assert G.check(source, target) is None


def test_a_refusal_says_what_is_allowed_from_here():
    with pytest.raises(TransitionNotAllowed) as caught:
        G.check("100_NEW", Statuses.PROCESSING)
    error = caught.value
    assert (error.lifecycle, error.current, error.wanted) == ("OrderLifecycle", "100_NEW", "203_PROCESSING")
    assert error.allowed == ("101_QUEUED", "303_COMPLETED", "505_CANCELLED")
    assert {type(fact) for fact in (error.current, error.wanted, *error.allowed)} == {str}
    assert "Allowed from here: 101_QUEUED, 303_COMPLETED, 505_CANCELLED." in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_refused_transition_is_called_by_its_name():
    with pytest.raises(TransitionNotAllowed, match="does not allow 'process' from '100_NEW'"):
        G.check("100_NEW", OrderLifecycle.process)


def test_a_dead_end_says_so():
    with pytest.raises(TransitionNotAllowed, match="nothing: there is no way out"):
        G.check("001_DRAFT", Statuses.NEW)


def test_a_target_that_the_family_does_not_have_is_another_error():
    with pytest.raises(UnknownStatusCode, match="Did you mean '101_QUEUED'"):
        G.check("100_NEW", "101_QUEUD")
    assert not G.can("100_NEW", "101_QUEUD")


def test_when_is_asked_only_where_a_row_is_given():
    again, enough = SimpleNamespace(attempts=2), SimpleNamespace(attempts=3)
    for to in (OrderLifecycle.retry, Statuses.QUEUED):
        assert G.can("500_FAIL", to)
        assert G.can("500_FAIL", to, row=again)
        assert G.can("500_FAIL", to, row=enough) is False
        G.check("500_FAIL", to)
        G.check("500_FAIL", to, row=again)
        with pytest.raises(TransitionNotAllowed, match=r"condition \(when=\) said no") as caught:
            G.check("500_FAIL", to, row=enough)
        assert caught.value.condition
    assert G.can("100_NEW", OrderLifecycle.queue, row=enough)
    with pytest.raises(TransitionNotAllowed) as caught:
        G.check("303_COMPLETED", OrderLifecycle.retry, row=enough)
    assert not caught.value.condition


def test_a_category_never_covers_the_target_itself():
    # Otherwise a second worker would be let through by what the first one did.
    assert not G.can("101_QUEUED", "101_QUEUED")
    assert all(edge.source != edge.target for edge in G.edges)


def test_a_code_moves_to_itself_where_both_ends_name_it():
    assert graph(OtherLifecycle).can(Statuses.QUEUED, OtherLifecycle.touch)


def test_another_lifecycles_transition_is_unknown():
    assert not G.can("100_NEW", OtherLifecycle.queue)
    with pytest.raises(UnknownTransition, match=r"OrderLifecycle has no transition 'OtherLifecycle\.queue'"):
        G.check("100_NEW", OtherLifecycle.queue)
    with pytest.raises(UnknownTransition, match="Did you mean 'queue'"):
        G.transition("quue")
    assert G.transition("queue") is OrderLifecycle.queue


def test_the_target_is_the_transitions_own_or_named_by_the_call():
    assert G.target(OrderLifecycle.queue) is Statuses.QUEUED
    assert G.target(OrderLifecycle.queue, "101_QUEUED") is Statuses.QUEUED
    assert G.target(OrderLifecycle.hold, "406_PAUSED") is Statuses.PAUSED
    assert G.target(OrderLifecycle.wake, Statuses.RUNNING) is Statuses.RUNNING
    with pytest.raises(InvalidTarget, match=r"several targets: name one of them with to=\. Possible: 402_SUSPENDED, 406_PAUSED"):
        G.target(OrderLifecycle.hold)
    with pytest.raises(InvalidTarget, match="does not lead to '404_CLOSED'"):
        G.target(OrderLifecycle.hold, Statuses.CLOSED)


def test_the_one_transition_between_two_codes_is_found():
    assert G.between("203_PROCESSING", "406_PAUSED") is OrderLifecycle.hold
    assert G.between("100_NEW", "406_PAUSED") is None


def test_edges_are_ordered_and_belong_to_one_transition_each():
    pairs = [(edge.source, edge.target) for edge in G.edges]
    assert pairs == sorted(set(pairs))
    assert (Statuses.NEW, Statuses.QUEUED) in pairs
    assert {edge.transition.name for edge in G.edges} == set(G.transitions)


def test_an_old_row_of_an_uninstalled_plugin_may_leave_by_its_category():
    assert G.can("599_GONE", OrderLifecycle.retry)
    assert G.can("599_GONE", Statuses.QUEUED)
    assert not G.can("599_GONE", Statuses.CANCELLED)
    assert list(G.targets("399_GONE")) == ["405_ARCHIVED"]
    assert G.between("599_GONE", "101_QUEUED") is OrderLifecycle.retry
    G.check("599_GONE", OrderLifecycle.retry, row=SimpleNamespace(attempts=0))
    with pytest.raises(TransitionNotAllowed, match="Allowed from here: 101_QUEUED"):
        G.check("599_GONE", OrderLifecycle.archive)
    with pytest.raises(TransitionNotAllowed, match="nothing"):
        G.check("099_GONE", OrderLifecycle.queue)


@pytest.mark.parametrize("source", ["", "garbage", "5", None, "500_fail"])
def test_what_is_no_code_may_go_nowhere(source):
    assert not G.can(source, OrderLifecycle.retry)
    assert len(G.targets(source)) == 0
    with pytest.raises(TransitionNotAllowed, match="nothing"):
        G.check(source, OrderLifecycle.retry)


def test_a_category_covers_nothing_where_the_family_has_no_code_in_it():
    class Small(Lifecycle, family=CommonStatuses, initial=CommonStatuses.UNKNOWN):
        start = transition(CommonStatuses.UNKNOWN, Category.PENDING, to=CommonStatuses.ACTIVATED)

    assert list(graph(Small).sources(Small.start)) == ["000_UNKNOWN"]
    assert graph(Small).can("100_GONE", Small.start)


def test_the_graphs_tables_of_transitions_are_frozen():
    with pytest.raises(TypeError):
        G.transitions["new"] = OrderLifecycle.queue
    with pytest.raises(AttributeError):
        G.name = "x"
