"""What is refused of a lifecycle: when it is defined, and again when plugins' extensions are merged into it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from perdure.codes.category import Category
from perdure.codes.code import StatusCode
from perdure.codes.family import FamilyMeta
from perdure.codes.ordered import OrderedSet
from perdure.codes.transition import covers, shown
from perdure.errors import InvalidLifecycle, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from perdure.codes.family import StatusFamily
    from perdure.codes.graph import Graph
    from perdure.codes.transition import Transition


NOBODY: Mapping[str, str] = MappingProxyType({})
"""Whose the transitions are, where it is one author's lifecycle."""


def checked_family(lifecycle: str, family: Any) -> type[StatusFamily]:
    """Return the family that a lifecycle is written for, or raise `InvalidLifecycle`."""
    if not isinstance(family, FamilyMeta) or not vars(family)["name"]:
        raise InvalidLifecycle(
            lifecycle, f"family={family!r} is no family of status codes; give family=Statuses, or one of your own"
        )
    if vars(family)["merged_from"]:
        raise InvalidLifecycle(lifecycle, "its family is what an App merged; give the class as it is written")
    return family  # type: ignore[return-value]  # every class of FamilyMeta with a name is one


def checked_initial(lifecycle: str, initial: Any) -> OrderedSet[StatusCode]:
    """Return the codes that a new row may have, or raise `InvalidLifecycle`."""
    codes: tuple[Any, ...] = tuple(initial) if isinstance(initial, Iterable) and not isinstance(initial, str) else (initial,)
    if not codes or not all(isinstance(code, StatusCode) for code in codes):
        raise InvalidLifecycle(lifecycle, f"initial={initial!r} is no status; give one code of the family, or several")
    return OrderedSet(sorted(codes))


def check_written(lifecycle: str, transitions: Mapping[str, Transition]) -> None:
    """Raise `InvalidLifecycle` for a transition that is wrong by itself, whatever the family."""
    seen: dict[Transition, str] = {}
    for name, transition in transitions.items():
        if transition.name:
            raise InvalidLifecycle(lifecycle, f"{name!r} is {transition!r}; write a transition(…) of its own")
        if (other := seen.setdefault(transition, name)) != name:
            raise InvalidLifecycle(lifecycle, f"{other!r} and {name!r} are one transition; write a transition(…) for each")
        if transition.when is not None and not callable(transition.when):
            raise InvalidLifecycle(lifecycle, f"when={transition.when!r} of {name!r} is no function of a row")
        if not transition.sources:
            raise InvalidLifecycle(lifecycle, f"{name!r} has no source; name the codes or categories that it leaves")
        if not transition.targets:
            raise InvalidLifecycle(lifecycle, f"{name!r} has no target; give the code that it leads to (to=), or several")
        for end in (*transition.sources, *transition.targets):
            if not isinstance(end, StatusCode | Category):
                raise InvalidLifecycle(lifecycle, f"{name!r} names {end!r}; name a code of the family, or a Category")
        check_terminal(lifecycle, name, transition)


def check_terminal(lifecycle: str, name: str, transition: Transition) -> None:
    """Raise `InvalidLifecycle` for a way out of a terminal category that nobody allowed, and for a permission without use."""
    terminal = [source for source in transition.sources if category_of(source).terminal]
    if terminal and not transition.allow_terminal:
        first = terminal[0]
        raise InvalidLifecycle(
            lifecycle,
            f"{name!r} leaves {shown(first)}, which is terminal ({category_of(first).meaning.lower()}); "
            "if that is meant, say allow_terminal=True",
        )
    if transition.allow_terminal and not terminal:
        raise InvalidLifecycle(
            lifecycle,
            f"{name!r} says allow_terminal=True, and no source of it is terminal; it adds no source: "
            "name the terminal code or category, or leave allow_terminal out",
        )


def category_of(end: StatusCode | Category) -> Category:
    """Return the category that one end of a transition is, or is in."""
    return end if isinstance(end, Category) else end.category


def named_codes(graph: Graph, owners: Mapping[str, str]) -> Iterator[tuple[str, StatusCode]]:
    """Yield every code that a lifecycle names, with the place in words; `owners` says whose a transition is."""
    yield from (("initial=", code) for code in graph.initial)
    for name, each in graph.transitions.items():
        place = f"{name!r} of {owners[name]}" if name in owners else repr(name)
        yield from ((place, end) for end in (*each.sources, *each.targets) if isinstance(end, StatusCode))


def check_known(graph: Graph, owners: Mapping[str, str] = NOBODY) -> None:
    """Raise `InvalidLifecycle` for a code that the family does not have."""
    for place, code in named_codes(graph, owners):
        if code not in graph.family.SCHEME_SET:
            family = graph.family
            problem = (
                f"{place} names {str(code)!r}, which the family {family.name!r} does not have. {nearest(code, family.by_text)}"
            )
            raise InvalidLifecycle(graph.name, problem.rstrip("."))


def check_reached(graph: Graph, owners: Mapping[str, str] = NOBODY) -> None:
    """Raise `InvalidLifecycle` for a code that is named and that no status can ever come to have."""
    for place, code in named_codes(graph, owners):
        if code not in graph.reached:
            problem = f"{place} names {str(code)!r}, which cannot be reached from {', '.join(graph.initial)}"
            raise InvalidLifecycle(graph.name, f"{problem}; add a transition to it, or make it initial")


def check_distinct(graph: Graph) -> None:
    """Raise `InvalidLifecycle` for two transitions that share an edge."""
    if shared := shared_edge(graph.transitions.values(), graph.codes):
        first, second, edge = shared
        names = [name for name, each in graph.transitions.items() if each in (first, second)]
        raise InvalidLifecycle(graph.name, f"{names[0]!r} and {names[1]!r} both lead {edge}; one move has one transition")


def shared_edge(transitions: Iterable[Transition], codes: Iterable[StatusCode]) -> tuple[Transition, Transition, str] | None:
    """Return the first two transitions that share a source and a target, and that edge in words; None where none do.

    Two that name one category as a source share it even where the family has no code in it yet: a plugin may add one.
    """
    ordered = list(codes)
    for first, second in combinations(transitions, 2):
        for target in (code for code in ordered if covers(first.targets, code) and covers(second.targets, code)):
            for source in ordered:
                if first.leaves(source, target) and second.leaves(source, target):
                    return first, second, f"from {source} to {target}"
            for category in Category:
                if category in first.sources and category in second.sources:
                    return first, second, f"from {category!r} to {target}"
    return None
