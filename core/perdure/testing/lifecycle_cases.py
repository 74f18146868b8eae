"""The moves of a lifecycle that are to be tried: those that it allows, and those that it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from perdure.codes.graph import graph

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from perdure.codes.code import StatusCode
    from perdure.codes.lifecycle import Lifecycle
    from perdure.codes.transition import Transition


@attrs.frozen
class Case:
    """One move to be tried.

    Attributes:
        lifecycle: The lifecycle, with what plugins add.
        source: The code that the row has.
        target: The code that it is to have.
        transition: What allows it; None where nothing does.
    """

    lifecycle: type[Lifecycle]
    source: StatusCode
    target: StatusCode
    transition: Transition | None = None

    def __str__(self) -> str:
        by = f" by {self.transition.name}" if self.transition else ""
        return f"{self.source.name} -> {self.target.name}{by}"


def allowed(lifecycle: type[Lifecycle]) -> list[Case]:
    """Return every move between codes that a status can come to have."""
    moves = graph(lifecycle)
    edges = [edge for edge in moves.edges if edge.source in moves.reached]
    return [Case(lifecycle, edge.source, edge.target, edge.transition) for edge in edges]


def refused(lifecycle: type[Lifecycle]) -> list[Case]:
    """Return every pair of such codes that no transition leads between, a code and itself among them."""
    codes = reached(lifecycle)
    pairs = [Case(lifecycle, source, target) for source in codes for target in codes]
    return [each for each in pairs if not graph(lifecycle).can(each.source, each.target)]


def reached(lifecycle: type[Lifecycle]) -> list[StatusCode]:
    """Return the codes that a status can come to have."""
    return sorted(graph(lifecycle).reached)


def unreached(lifecycle: type[Lifecycle]) -> list[StatusCode]:
    """Return the codes of the family that no status ever comes to have."""
    moves = graph(lifecycle)
    return [code for code in moves.codes if code not in moves.reached]


def conditional(lifecycle: type[Lifecycle]) -> list[Case]:
    """Return the allowed moves that a condition may forbid."""
    return [each for each in allowed(lifecycle) if each.transition is not None and each.transition.when is not None]


def contested(lifecycle: type[Lifecycle]) -> list[Case]:
    """Return the allowed moves of which one wins. What may be made again from its own target, any number may make."""
    return [each for each in allowed(lifecycle) if not graph(lifecycle).can(each.target, each.target)]


CASES: Mapping[str, Callable[[type[Lifecycle]], Sequence[Case | StatusCode]]] = {
    "allowed": allowed,
    "refused": refused,
    "reached": reached,
    "conditional": conditional,
    "contested": contested,
}
"""What the tests of a suite are made for, by the name of their argument."""


def called(case: Case | StatusCode) -> str:
    """Return how the id of a test calls what it is made for."""
    return str(case) if isinstance(case, Case) else case.name
