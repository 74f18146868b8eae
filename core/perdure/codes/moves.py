"""The moves of a lifecycle, worked out from its transitions: edges, what can be reached, and the table that checks look into."""

from __future__ import annotations

from collections import defaultdict
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import attrs

from perdure.codes.category import BY_PREFIX, Category
from perdure.codes.ordered import OrderedSet
from perdure.codes.transition import covers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perdure.codes.code import StatusCode
    from perdure.codes.graph import Graph
    from perdure.codes.transition import Transition

    Row: TypeAlias = dict[str | Transition, Transition]
    """What may be asked for from one status, a target or a transition, and the transition that allows it."""


@attrs.frozen
class Edge:
    """One move: from one code to another, by the one transition that allows it.

    Attributes:
        source: The code it leaves.
        target: The code it leads to.
        transition: What allows it.
    """

    source: StatusCode
    target: StatusCode
    transition: Transition


def codes_of(graph: Graph) -> OrderedSet[StatusCode]:
    """Return the codes of a lifecycle's family, and those that the lifecycle names, by number."""
    ends = (end for each in graph.transitions.values() for end in (*each.sources, *each.targets))
    return OrderedSet(sorted({*graph.family.SCHEME_SET, *(end for end in ends if not isinstance(end, Category))}))


def ends_of(graph: Graph) -> Mapping[str, OrderedSet[StatusCode]]:
    """Return, for each transition of a lifecycle, the codes that it leads to."""
    return MappingProxyType(
        {name: OrderedSet(code for code in graph.codes if covers(each.targets, code)) for name, each in graph.transitions.items()}
    )


def edges_of(graph: Graph) -> tuple[Edge, ...]:
    """Return every move that a lifecycle's transitions make between its codes, by source and target."""
    found: list[Edge] = []
    for name, each in graph.transitions.items():
        targets = graph.ends[name]
        for source in (code for code in graph.codes if covers(each.sources, code)):
            found.extend(Edge(source, target, each) for target in targets if source != target or each.leaves(source, target))
    return tuple(sorted(found, key=lambda edge: (edge.source, edge.target)))


def reachable(graph: Graph) -> frozenset[StatusCode]:
    """Return the codes that a status can come to have, starting from the initial ones."""
    following: defaultdict[StatusCode, list[StatusCode]] = defaultdict(list)
    for edge in graph.edges:
        following[edge.source].append(edge.target)
    reached = set(graph.initial)
    waiting = list(reached)
    while waiting:
        new = set(following[waiting.pop()]) - reached
        reached |= new
        waiting.extend(new)
    return frozenset(reached)


def rows_of(graph: Graph) -> dict[str, Row]:
    """Return, for each source, what may be asked for from there; the keys are exact `str`, which is faster."""
    rows: dict[str, Row] = {str(code): {} for code in graph.codes}
    asked = askable(graph)
    for edge in graph.edges:
        rows[str(edge.source)] |= dict.fromkeys([str(edge.target), *asked[edge.transition]], edge.transition)
    return rows


def foreign_rows_of(graph: Graph) -> dict[str, Row]:
    """Return the same for codes that the family does not know, by their first digit: what their category may do."""
    rows: dict[str, Row] = {prefix: {} for prefix in BY_PREFIX}
    asked = askable(graph)
    for name, transition in graph.transitions.items():
        targets = [str(code) for code in graph.ends[name]]
        for category in (source for source in transition.sources if isinstance(source, Category)):
            rows[category.prefix] |= dict.fromkeys([*targets, *asked[transition]], transition)
    return rows


def askable(graph: Graph) -> dict[Transition, list[Transition]]:
    """Return, for each transition, the objects that stand for it, itself among them."""
    return {each: [each, *graph.aliases.get(name, ())] for name, each in graph.transitions.items()}
