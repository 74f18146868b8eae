"""Lifecycles as Mermaid state diagrams (https://mermaid.js.org/syntax/stateDiagram.html)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure.codes.category import Category
from perdure.codes.transition import named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perdure.codes.graph import Graph
    from perdure.codes.transition import Transition


def state_diagram(graph: Graph) -> str:
    """Return a lifecycle as a diagram: the codes that can be reached, by number, and how.

    A category none of whose codes can be reached is drawn as one state, so that every transition is in the diagram. A code
    that nothing leaves is an end.
    """
    return "\n".join(["stateDiagram-v2", *(f"    {line}" for line in lines(graph))]) + "\n"


def lines(graph: Graph) -> Iterator[str]:
    """Yield the lines of a diagram, in a fixed order."""
    reached = graph.reached
    present = {code.category for code in reached}
    drawn = [edge for edge in graph.edges if edge.source in reached]
    unreached = [
        (category, transition)
        for category in Category
        for transition in graph.transitions.values()
        if category in transition.sources and category not in present
    ]
    for category in dict.fromkeys(category for category, _ in unreached):
        yield f'state "any {category.name} status" as {state_of(category)}'
    yield from (f"[*] --> {code}" for code in graph.initial)
    yield from (f"{edge.source} --> {edge.target}: {label(edge.transition)}" for edge in drawn)
    for category, transition in unreached:
        yield from (f"{state_of(category)} --> {target}: {label(transition)}" for target in graph.ends[transition.name])
    left = {edge.source for edge in drawn}
    yield from (f"{code} --> [*]" for code in sorted(reached - left))


def label(transition: Transition) -> str:
    """Return what is written at an arrow: the transition, and its condition as UML writes one."""
    return f"{transition.name} [{named(transition.when)}]" if transition.when else transition.name


def state_of(category: Category) -> str:
    """Return the identifier of the state that stands for a category; a leading digit keeps it clear of Mermaid's keywords."""
    return f"{category.prefix}xx_{category.name}"
