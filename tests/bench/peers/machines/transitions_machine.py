"""transitions."""

from __future__ import annotations

from tests.bench.measure import Candidate
from transitions import Machine

NAME = "transitions"
STATES = ["101_QUEUED", "202_RUNNING", "406_PAUSED", "303_COMPLETED", "500_FAIL"]
MOVES = [
    {"trigger": "run", "source": ["101_QUEUED", "406_PAUSED"], "dest": "202_RUNNING"},
    {"trigger": "hold", "source": "202_RUNNING", "dest": "406_PAUSED"},
    {"trigger": "finish", "source": "202_RUNNING", "dest": "303_COMPLETED"},
    {"trigger": "fail", "source": "202_RUNNING", "dest": "500_FAIL"},
]


class Job:
    """What the machine puts its methods on."""


class Transitions:
    """A machine around a model."""

    def __init__(self) -> None:
        self.job = Job()
        self.machine = Machine(self.job, states=STATES, transitions=MOVES, initial="202_RUNNING", auto_transitions=False)

    def may(self) -> list[Candidate]:
        """See `Machine`."""
        return [Candidate.of(NAME, "job.may_finish()", job=self.job)]

    def there_and_back(self) -> list[Candidate]:
        """See `Machine`."""
        return [Candidate.of(NAME, "job.hold(); job.run()", job=self.job)]
