"""What is to be reached, and what was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from tests.bench.measure import Measurement, Spread

OURS = "perdure"
"""What the tables call perdure."""

TIMES = "×"  # noqa: RUF001 - the sign for it
MILLISECONDS = "ms"
MEBIBYTES = "MiB"
NUMBER = ""


@attrs.frozen
class Target:
    """A figure that is to be reached. Every one of them has its row on the page, reached or not.

    Attributes:
        work: What is done, as the page says it.
        database: Where.
        limit: What the figure may be at most.
        over: What it is compared with, as the page says it; for something counted, what is counted.
        unit: What the figure is in: `TIMES` and `MILLISECONDS` compare with another candidate.
        of: The candidate that is to reach it.
        base: The candidate that it is compared with; the one called as `over`, unless given.
    """

    work: str
    database: str
    limit: float
    over: str
    unit: str = TIMES
    of: str = OURS
    base: str = attrs.field(default=attrs.Factory(lambda self: self.over, takes_self=True))

    def figure(self, measurement: Measurement) -> Spread:
        """Return the figure from what was measured."""
        if self.unit == TIMES:
            return measurement.ratio(self.of, self.base)
        found = measurement.difference(self.of, self.base)
        return attrs.evolve(found, middle=found.middle * 1000, low=found.low * 1000, high=found.high * 1000)

    @property
    def wanted(self) -> str:
        """What is asked for, as the page says it."""
        return f"{shown(self.limit, self.unit)} {'over ' if self.unit == MILLISECONDS else ''}{self.over}"


@attrs.frozen
class Finding:
    """What became of a target.

    Attributes:
        target: The target.
        figure: What was measured, or None.
        why: Why it was not measured.
    """

    target: Target
    figure: Spread | None
    why: str = ""

    @property
    def met(self) -> bool | None:
        """Whether it is reached, by the figure as it is shown; None where nothing was measured."""
        return None if self.figure is None else round(self.figure.middle, 2) <= self.target.limit

    @property
    def measured(self) -> str:
        """What was measured, as the page says it."""
        return f"not measured: {self.why}" if self.figure is None else shown(round(self.figure.middle, 2), self.target.unit)

    @property
    def spread(self) -> str:
        """How far it varied, as the page says it."""
        if self.figure is None or self.figure.low == self.figure.high:
            return ""
        return f"{self.figure.low:.2f} to {self.figure.high:.2f}"

    @property
    def verdict(self) -> str:
        """Whether it is reached, as the page says it."""
        return {True: "yes", False: "**no**", None: "?"}[self.met]


def shown(figure: float, unit: str) -> str:
    """Return a figure with its unit."""
    number = f"{figure:.2f}" if unit == TIMES else f"{figure:.2f}".rstrip("0").rstrip(".")
    return f"{number} {unit}".rstrip()
