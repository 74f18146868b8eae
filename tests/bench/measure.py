"""Times candidates side by side: in rounds, every candidate in turn within each."""

from __future__ import annotations

import gc
import statistics
from timeit import Timer
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


USUAL = 0.004
"""The seconds for which a candidate works in a round."""

TRIES = 2
"""How often more than once it is found out how much work that is."""


@attrs.frozen
class Candidate:
    """One way of doing a piece of work.

    Attributes:
        name: What the tables call it.
        seconds: Does the work so many times, and returns the seconds that it took.
        shown: The code that is timed, for the tables.
    """

    name: str
    seconds: Callable[[int], float]
    shown: str = ""

    @classmethod
    def of(cls, name: str, statement: str, /, *, shown: str | None = None, **names: Any) -> Candidate:
        """Return a candidate whose work is a statement, timed as it stands: no call of the harness is in it.

        Args:
            name: What the tables call it.
            statement: Python source.
            shown: What the tables show for it; the statement, unless given.
            names: What the statement knows.
        """
        return cls(name, Timer(statement, globals=names).timeit, statement if shown is None else shown)


@attrs.frozen
class Pace:
    """How much is done.

    Attributes:
        rounds: How often every candidate takes its turn.
        slice: The seconds for which it works each time.
    """

    rounds: int = 100
    slice: float = USUAL

    def within(self, rounds: int, least: float) -> Pace:
        """Return a pace of at most so many rounds, and of slices that are not shorter, except where all are to be short."""
        return Pace(min(self.rounds, rounds), max(self.slice, least if self.slice >= USUAL else 0.0))


@attrs.frozen
class Spread:
    """A figure and how far it varied.

    Attributes:
        middle: The median over the rounds.
        low: The first quartile.
        high: The third quartile.
    """

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Spread:
        """Return the quartiles of figures."""
        if len(figures) == 1:
            return cls(figures[0], figures[0], figures[0])
        low, middle, high = statistics.quantiles(figures, n=4, method="inclusive")
        return cls(middle, low, high)


@attrs.frozen
class Measurement:
    """What was measured.

    Attributes:
        seconds: For each candidate, the seconds of one piece of work in each round.
    """

    seconds: Mapping[str, Sequence[float]]

    def typical(self, name: str) -> float:
        """Return the median seconds of a candidate."""
        return statistics.median(self.seconds[name])

    def ratio(self, name: str, over: str) -> Spread:
        """Return how much longer one candidate took than another.

        It is the median of the ratios within each round: what slows a machine for a while slows both, and cancels out.
        """
        return Spread.of([one / other for one, other in self.pairs(name, over)])

    def difference(self, name: str, over: str) -> Spread:
        """Return how many seconds longer one candidate took than another."""
        return Spread.of([one - other for one, other in self.pairs(name, over)])

    def pairs(self, name: str, over: str) -> list[tuple[float, float]]:
        """Return the seconds of two candidates, round by round."""
        return list(zip(self.seconds[name], self.seconds[over], strict=True))


def measure(candidates: Sequence[Candidate], pace: Pace) -> Measurement:
    """Time candidates side by side.

    Args:
        candidates: Who takes part.
        pace: How much is done.
    """
    counts = {each.name: count_for(each, pace.slice) for each in candidates}
    seconds: dict[str, list[float]] = {each.name: [] for each in candidates}
    gc.collect()
    gc.freeze()  # what is there by now is not looked at again, so that a collection between turns takes no time
    try:
        for turn in range(pace.rounds):
            first = turn % len(candidates)  # nobody is always the one who comes after the slowest
            for each in (*candidates[first:], *candidates[:first]):
                gc.collect()
                seconds[each.name].append(each.seconds(counts[each.name]) / counts[each.name])
    finally:
        gc.unfreeze()
    return Measurement(seconds)


def count_for(candidate: Candidate, wanted: float) -> int:
    """Return how often a candidate can do its work in so many seconds. Finding out warms it up.

    What seems to be enough is tried again: if the machine was busy just then, turns would be too short to mean anything.
    """
    count = 1
    while (took := steady(candidate, count, wanted)) < wanted:
        count = max(count + 1, min(count * 10, int(count * wanted / took) if took else count * 10))
    return max(1, round(count * wanted / took))


def steady(candidate: Candidate, count: int, wanted: float) -> float:
    """Return the seconds that a candidate takes, the least of a few tries where one takes long."""
    took = candidate.seconds(count)
    for _ in range(TRIES):
        if took < wanted:
            break
        took = min(took, candidate.seconds(count))
    return took
