"""One piece of work, done by several candidates side by side, or something that is counted."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

import attrs
from tests.bench.measure import Measurement, Pace, Spread, measure
from tests.bench.places import NotMeasured
from tests.bench.processors import shared
from tests.bench.target import Finding, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.measure import Candidate
    from tests.bench.places import Places


@attrs.frozen
class Outcome:
    """What came of a piece of work.

    Attributes:
        findings: What became of its targets.
        table: All candidates side by side, where there are several.
        why: Why it was not measured.
    """

    findings: tuple[Finding, ...]
    table: Table | None = None
    why: str = ""


@attrs.frozen
class Table:
    """All candidates of a comparison.

    Attributes:
        comparison: What was compared.
        measurement: What was measured.
        shown: For each candidate, the code that was timed.
        absent: Why others did not take part.
    """

    comparison: Comparison
    measurement: Measurement
    shown: dict[str, str]
    absent: tuple[str, ...] = ()


class Work(Protocol):
    """What can be asked for by name."""

    @property
    def name(self) -> str:
        """By which it is asked for."""
        ...

    @property
    def targets(self) -> tuple[Target, ...]:
        """What is to be reached."""
        ...

    def run(self, places: Places, pace: Pace) -> Outcome:
        """Do it."""
        ...


@attrs.frozen
class Comparison:
    """A piece of work, and who does it.

    Attributes:
        name: By which it is asked for.
        work: What is done, as the page says it.
        database: Where.
        floor: The candidate that the tables show ratios to.
        candidates: Makes the candidates at new places; what it puts on the stack is closed after the work.
        targets: What is to be reached.
        rounds: How many rounds there are at most.
        slice: For how many seconds a candidate works in each, at least; for work that takes a while to get going.
        crowded: Whether a candidate is several threads, which are to have all processors.
    """

    name: str
    work: str
    database: str
    floor: str
    candidates: Callable[[Places, ExitStack], Sequence[Candidate]]
    targets: tuple[Target, ...] = ()
    rounds: int = 1000
    slice: float = 0.0
    crowded: bool = False

    def run(self, places: Places, pace: Pace) -> Outcome:
        """Measure, or say why not."""
        with ExitStack() as stack:
            try:
                candidates = self.candidates(places, stack)
                if not self.crowded:
                    for each in candidates:
                        each.seconds(1)  # has its connection now
                    stack.enter_context(shared(places.tasks()))
                measurement = measure(candidates, pace.within(self.rounds, self.slice))
            except NotMeasured as reason:
                return Outcome(tuple(Finding(target, None, str(reason)) for target in self.targets), why=str(reason))
        findings = tuple(Finding(target, target.figure(measurement)) for target in self.targets)
        return Outcome(findings, Table(self, measurement, {each.name: each.shown for each in candidates}))


@attrs.frozen
class Count:
    """Something that is counted or weighed, and compared with nothing but its limit.

    Attributes:
        name: By which it is asked for.
        target: What is to be reached.
        counted: Returns the figure.
    """

    name: str
    target: Target
    counted: Callable[[Places], float]

    @property
    def targets(self) -> tuple[Target, ...]:
        """See `Work`."""
        return (self.target,)

    def run(self, places: Places, _pace: Pace) -> Outcome:
        """Count, or say why not."""
        try:
            figure = self.counted(places)
        except NotMeasured as reason:
            return Outcome((Finding(self.target, None, str(reason)),), why=str(reason))
        return Outcome((Finding(self.target, Spread(figure, figure, figure)),))
