"""perdure's codes and lifecycles."""

from __future__ import annotations

from types import SimpleNamespace

from tests.bench.measure import Candidate
from tests.bench.target import OURS

from perdure import Category, Lifecycle, Statuses, graph, transition


class JobLifecycle(Lifecycle, family=Statuses, initial=Statuses.QUEUED):
    """How a job moves."""

    run = transition(Statuses.QUEUED, Statuses.PAUSED, to=Statuses.RUNNING)
    hold = transition(Statuses.RUNNING, to=Statuses.PAUSED)
    finish = transition(Statuses.RUNNING, to=Statuses.COMPLETED)
    fail = transition(Category.ACTIVE, to=Statuses.FAIL)


def among() -> list[Candidate]:
    """Return what asks whether a text is one of the active codes."""
    known = {"code": "202_RUNNING", "Statuses": Statuses}
    return [
        Candidate.of(OURS, "Statuses.is_active(code)", **known),
        Candidate.of(f"{OURS}, the set", "code in Statuses.ACTIVE_SCHEME_SET", **known),
    ]


class Ours:
    """The graph of a lifecycle."""

    def __init__(self) -> None:
        self.known = {"moves": graph(JobLifecycle), "status": "202_RUNNING", "Statuses": Statuses}

    def may(self) -> list[Candidate]:
        """See `Machine`."""
        return [Candidate.of(OURS, "moves.can(status, Statuses.COMPLETED)", **self.known)]

    def there_and_back(self) -> list[Candidate]:
        """See `Machine`."""
        source = "\n".join(
            f"moves.check(job.status, Statuses.{name})\njob.status = Statuses.{name}" for name in ("PAUSED", "RUNNING")
        )
        shown = "moves.check(job.status, target); job.status = target"
        return [Candidate.of(OURS, source, shown=shown, job=SimpleNamespace(status=Statuses.RUNNING), **self.known)]
