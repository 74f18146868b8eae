"""python-statemachine."""

from __future__ import annotations

from statemachine import State, StateMachine
from tests.bench.measure import Candidate

NAME = "python-statemachine"


class JobMachine(StateMachine):
    """How a job moves."""

    queued = State(initial=True)
    running = State()
    paused = State()
    completed = State(final=True)
    failed = State(final=True)

    run = queued.to(running) | paused.to(running)
    hold = running.to(paused)
    finish = running.to(completed)
    fail = running.to(failed)


class PythonStateMachine:
    """A machine with a job in it."""

    def __init__(self) -> None:
        self.job = JobMachine()
        self.job.send("run")

    def may(self) -> list[Candidate]:
        """See `Machine`."""
        return [Candidate.of(NAME, "job.finish in job.allowed_events", job=self.job)]

    def there_and_back(self) -> list[Candidate]:
        """See `Machine`."""
        return [Candidate.of(NAME, "job.send('hold'); job.send('run')", job=self.job)]
