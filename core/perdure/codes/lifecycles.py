"""The lifecycles that an App knows: what plugins hand in, merged over the merged families, checked and frozen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from perdure.codes.checks import check_known, check_reached, shared_edge
from perdure.codes.graph import Graph
from perdure.codes.lifecycle import Lifecycle, LifecycleMeta, difference, union
from perdure.errors import InvalidLifecycle, LifecycleClash, UnknownLifecycle

if TYPE_CHECKING:
    from perdure.codes.families import Families
    from perdure.codes.family import StatusFamily
    from perdure.codes.transition import Transition

L = TypeVar("L", bound=Lifecycle)


@attrs.frozen(eq=False, repr=False)
class Lifecycles(Mapping[type[Lifecycle], type[Lifecycle]]):
    """The merged lifecycles of an App, by class.

    `lifecycles[UserLifecycle]`, and `lifecycles[StaffLifecycle]` for an extension that was handed in, are the same class: a
    subclass of all of them that has every transition, over the merged family. A lifecycle that nobody handed in is put over
    the merged family when it is asked for; one to which nothing was added is itself.

    Attributes:
        families: The merged families.
        merged: The result for each lifecycle.
    """

    families: Families
    merged: dict[type[Lifecycle], type[Lifecycle]]

    @classmethod
    def merge(cls, contributions: Iterable[tuple[str, type[Lifecycle]]], families: Families) -> Lifecycles:
        """Merge what plugins hand in; the order makes no difference to the result, nor to the errors.

        A lifecycle that an extension adds to counts as handed in. Where several say something of one transition, their sources
        unite if target and condition are the same. What cannot be known before all plugins are is checked here.

        Args:
            contributions: Lifecycles and extensions, each with the name of its owner.
            families: The merged families of the same plugins.

        Raises:
            LifecycleClash: Two differ in a transition's target or condition, or have two transitions for one move.
            InvalidLifecycle: A contribution is no lifecycle, names a code that no family has, or one that cannot be reached.
        """
        handed_in = sorted({(owner, checked(owner, lifecycle)) for owner, lifecycle in contributions}, key=in_order)
        owners: dict[type[Lifecycle], str] = {}
        for owner, lifecycle in handed_in:
            owners.setdefault(lifecycle, owner)
        for _, lifecycle in handed_in:
            if base := lifecycle.__written__.extends:
                owners.setdefault(base, base.__module__)
        roots = [lifecycle for lifecycle in owners if lifecycle.__written__.extends is None]
        return cls(
            families, {root: merge_one(root, owners, families) for root in sorted(roots, key=lambda each: each.__qualname__)}
        )

    def __getitem__(self, lifecycle: type[L]) -> type[L]:
        """Return the merged lifecycle of this class.

        Raises:
            UnknownLifecycle: The class is an extension, and was not handed in.
        """
        written = lifecycle.__written__
        base: type[Lifecycle] = written.merged_from or written.extends or lifecycle
        if base not in self.merged:
            self.merged.setdefault(base, merge_one(base, {base: base.__module__}, self.families))
        result = self.merged[base]
        if lifecycle is not base and lifecycle is not result and not issubclass(result, lifecycle):
            raise UnknownLifecycle(lifecycle.__qualname__, base.__qualname__)
        return result  # type: ignore[return-value]  # the subclass that merging made of it

    def __iter__(self) -> Iterator[type[Lifecycle]]:
        """Yield the lifecycles as they are written, by name."""
        return iter(list(self.merged))

    def __len__(self) -> int:
        """Return how many lifecycles there are."""
        return len(self.merged)

    def __repr__(self) -> str:
        """Return the names of the classes."""
        return f"Lifecycles({', '.join(each.__qualname__ for each in self.merged)})"


def in_order(contribution: tuple[str, type[Lifecycle]]) -> tuple[str, str, str]:
    """Return what contributions are sorted by, so that the order they came in says nothing."""
    owner, lifecycle = contribution
    return owner, lifecycle.__module__, lifecycle.__qualname__


def checked(owner: str, lifecycle: Any) -> type[Lifecycle]:
    """Return a contribution as it is, or raise `InvalidLifecycle` naming who handed it in."""
    if not isinstance(lifecycle, LifecycleMeta) or not lifecycle.__graph__.family.name or lifecycle.__written__.merged_from:
        raise InvalidLifecycle(
            getattr(lifecycle, "__qualname__", repr(lifecycle)), f"{owner} hands it in, and it is no lifecycle"
        )
    return lifecycle  # type: ignore[return-value]  # every class of LifecycleMeta with a family is one


def merge_one(root: type[Lifecycle], owners: Mapping[type[Lifecycle], str], families: Families) -> type[Lifecycle]:
    """Return a lifecycle with all its extensions over its merged family; itself where neither adds anything."""
    extensions = [each for each in owners if each.__written__.extends is root]
    family: type[StatusFamily] = families[root.__graph__.family]
    if not extensions and family is root.__graph__.family:
        return root
    said: dict[str, list[tuple[str, Transition]]] = {}
    for each in (root, *extensions):
        for name, transition in each.__written__.transitions.items():
            said.setdefault(name, []).append((owners[each], transition))
    transitions: dict[str, Transition] = {}
    for name, versions in said.items():
        refuse_differences(root.__qualname__, name, versions)
        transitions[name] = attrs.evolve(union(each for _, each in versions), written=written_as(name, (root, *extensions)))
    aliases = {
        name: tuple(each.__graph__.transitions[name] for each in (root, *extensions) if name in each.__graph__.transitions)
        for name in transitions
    }
    graph = Graph(root.__qualname__, family, root.__graph__.initial, transitions, aliases)
    brought_by = {name: versions[-1][0] for name, versions in said.items()}
    refuse_shared_edges(graph, brought_by)
    check_known(graph, brought_by)
    check_reached(graph, brought_by)
    return LifecycleMeta.merged(root, extensions, graph)


def written_as(name: str, lifecycles: Iterable[type[Lifecycle]]) -> Transition:
    """Return the transition of a name in the first lifecycle that has it."""
    return next(each.__graph__.transitions[name] for each in lifecycles if name in each.__graph__.transitions)


def refuse_differences(lifecycle: str, name: str, versions: list[tuple[str, Transition]]) -> None:
    """Raise `LifecycleClash` where two owners say different things of one transition."""
    first_owner, first = versions[0]
    for owner, other in versions[1:]:
        if problem := difference(first, other):
            raise LifecycleClash(lifecycle, first_owner, name, owner, name, problem)


def refuse_shared_edges(graph: Graph, owners: Mapping[str, str]) -> None:
    """Raise `LifecycleClash` where two transitions, of whatever owners, make one move."""
    if shared := shared_edge(graph.transitions.values(), graph.codes):
        first, second, edge = shared
        one, other = (name for name, each in graph.transitions.items() if each in (first, second))
        raise LifecycleClash(graph.name, owners[one], one, owners[other], other, f"both lead {edge}")
