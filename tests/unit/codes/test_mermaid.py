from perdure.codes.category import Category
from perdure.codes.graph import graph
from perdure.codes.lifecycle import Lifecycle
from perdure.codes.statuses import Statuses
from perdure.codes.transition import transition


def few_attempts(row):
    """Tell whether a job may be tried again."""
    return row.attempts < 3


class JobLifecycle(Lifecycle, family=Statuses, initial=Statuses.NEW):
    queue = transition(Statuses.NEW, to=Statuses.QUEUED)
    run = transition(Statuses.QUEUED, to=Statuses.RUNNING, when=lambda row: row.ready)
    finish = transition(Category.ACTIVE, to=Statuses.COMPLETED)
    retry = transition(Category.FAILED, to=Statuses.QUEUED, allow_terminal=True, when=few_attempts)


def test_the_diagram_shows_what_can_be_reached_and_every_transition():
    assert graph(JobLifecycle).mermaid() == (
        "stateDiagram-v2\n"
        '    state "any FAILED status" as 5xx_FAILED\n'
        "    [*] --> 100_NEW\n"
        "    100_NEW --> 101_QUEUED: queue\n"
        "    101_QUEUED --> 202_RUNNING: run [when]\n"
        "    202_RUNNING --> 303_COMPLETED: finish\n"
        "    5xx_FAILED --> 101_QUEUED: retry [few_attempts]\n"
        "    303_COMPLETED --> [*]\n"
    )


def test_the_diagram_is_the_same_whatever_the_order_of_writing():
    class Forth(Lifecycle, family=Statuses, initial=(Statuses.NEW, Statuses.DRAFT)):
        a = transition(Statuses.NEW, to=Statuses.QUEUED)
        b = transition(Statuses.DRAFT, to=Statuses.NEW)

    class Back(Lifecycle, family=Statuses, initial=(Statuses.DRAFT, Statuses.NEW)):
        b = transition(Statuses.DRAFT, to=Statuses.NEW)
        a = transition(Statuses.NEW, to=Statuses.QUEUED)

    assert graph(Forth).mermaid() == graph(Back).mermaid()
