"""Lifecycles: how a status may move, as a class whose attributes are the transitions.

```python
class JobLifecycle(Lifecycle, family=Statuses, initial=Statuses.NEW):
    run = transition(Statuses.NEW, to=Statuses.RUNNING)
    finish = transition(Category.ACTIVE, to=Statuses.COMPLETED)
```

`class StaffLifecycle(UserLifecycle, extends=UserLifecycle)` adds transitions once a plugin hands it in. As with families, what
is built at import refers to the class as it is written; `app.lifecycles[UserLifecycle]` is the lifecycle with what plugins
added, over the family with what plugins added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, cast

import attrs

from perdure.codes.checks import check_distinct, check_known, check_reached, check_written, checked_family, checked_initial
from perdure.codes.family import StatusFamily
from perdure.codes.graph import Graph
from perdure.codes.ordered import OrderedSet
from perdure.codes.transition import Transition
from perdure.errors import FrozenDefinition, InvalidLifecycle

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@attrs.frozen(eq=False)
class Written:
    """How a lifecycle came to be.

    Attributes:
        extends: The lifecycle that an extension adds to; None for a lifecycle.
        merged_from: The lifecycle as it is written, where an App merged this one; None otherwise.
        transitions: What an extension adds by itself; what a lifecycle has.
    """

    extends: type[Lifecycle] | None
    merged_from: type[Lifecycle] | None
    transitions: Mapping[str, Transition]


class Body(dict[str, Any]):
    """The namespace of a class body; it refuses a second transition of a name, which Python would let replace the first."""

    def __init__(self, owner: str) -> None:
        super().__init__()
        self.owner = owner

    def __setitem__(self, attribute: str, value: Any) -> None:
        """Take what the class body assigns."""
        if isinstance(self.get(attribute), Transition):
            raise InvalidLifecycle(self.owner, f"{attribute!r} is assigned twice; give the second another name")
        super().__setitem__(attribute, value)


class LifecycleMeta(type):
    """What a lifecycle is: checked and worked out once when defined, and frozen from then on."""

    __graph__: Graph
    __written__: Written

    @classmethod
    def __prepare__(cls, qualname: str, bases: tuple[type, ...], /, **_keywords: Any) -> Body:
        """Return the namespace that the class body is executed in."""
        return Body(qualname)

    def __new__(  # noqa: PLR0913 - the three that Python passes, and the keywords of the class statement
        cls,
        qualname: str,
        bases: tuple[type, ...],
        body: dict[str, Any],
        *,
        family: Any = None,
        initial: Any = None,
        extends: Any = None,
    ) -> Any:
        """Define a lifecycle, or an extension of one."""
        if not bases:  # Lifecycle itself
            graph = Graph(qualname, StatusFamily, OrderedSet(), {})
            return super().__new__(cls, qualname, bases, {**body, "__graph__": graph, "__written__": Written(None, None, {})})
        if any(base.__written__.merged_from for base in bases if isinstance(base, LifecycleMeta)):
            raise InvalidLifecycle(qualname, "it inherits from what an App merged; inherit from the class as it is written")
        own = {name: value for name, value in body.items() if isinstance(value, Transition)}
        check_written(qualname, own)
        if extends is not None and initial is not None:
            raise InvalidLifecycle(
                qualname, "an extension adds transitions; what a new row may be is for the lifecycle itself to say"
            )
        if extends is None:
            graph = new_graph(qualname, bases, own, family, initial)
            written = Written(None, None, graph.transitions)
            attributes = graph.transitions
        else:
            graph = extended_graph(qualname, bases, own, family, extends)
            written = Written(extends, None, own)
            attributes = {name: graph.transitions[name] for name in own}
        return super().__new__(cls, qualname, bases, {**body, **attributes, "__graph__": graph, "__written__": written})

    @classmethod
    def merged(cls, lifecycle: type[Lifecycle], extensions: Iterable[type[Lifecycle]], graph: Graph) -> type[Lifecycle]:
        """Return a subclass of a lifecycle, and of its extensions, that allows what the graph does."""
        attributes = {
            "__module__": lifecycle.__module__,
            "__qualname__": lifecycle.__qualname__,
            "__doc__": lifecycle.__doc__,
            "__graph__": graph,
            "__written__": Written(None, lifecycle, graph.transitions),
            **graph.transitions,
        }
        merged: Any = type.__new__(cls, lifecycle.__name__, (*extensions, lifecycle), attributes)
        return cast("type[Lifecycle]", merged)

    def __setattr__(cls, attribute: str, value: object) -> NoReturn:
        """Refuse: the class is frozen."""
        raise FrozenDefinition(cls.__qualname__, attribute)

    def __delattr__(cls, attribute: str) -> NoReturn:
        """Refuse: the class is frozen."""
        raise FrozenDefinition(cls.__qualname__, attribute)

    def __call__(cls, *_arguments: Any, **_keywords: Any) -> NoReturn:
        """Refuse: there are no instances."""
        message = f"{cls.__qualname__} is a table of transitions, and there are no instances of it: ask graph({cls.__qualname__})"
        raise TypeError(message)


def new_graph(qualname: str, bases: tuple[type, ...], own: Mapping[str, Transition], family: Any, initial: Any) -> Graph:
    """Return the graph of a new lifecycle, with what it inherits, or raise `InvalidLifecycle`."""
    if family is None or initial is None:
        problem = "say family=… and initial=… for a new lifecycle, or extends=… to add to the one that it inherits from"
        raise InvalidLifecycle(qualname, problem)
    transitions: dict[str, Transition] = {}
    for base in bases:
        if isinstance(base, LifecycleMeta):  # copies, since a transition belongs to one lifecycle
            transitions |= {name: attrs.evolve(each) for name, each in base.__graph__.transitions.items()}
    graph = Graph(qualname, checked_family(qualname, family), checked_initial(qualname, initial), transitions | {**own})
    check_known(graph)
    check_distinct(graph)
    check_reached(graph)
    return graph


def extended_graph(qualname: str, bases: tuple[type, ...], own: Mapping[str, Transition], family: Any, extends: Any) -> Graph:
    """Return what an extension and its lifecycle allow together, or raise `InvalidLifecycle`.

    Codes and ways that another plugin may add are left for `Lifecycles.merge` to check, which knows them all; a code that is
    unknown is refused here only where the extension says its family.
    """
    if not isinstance(extends, LifecycleMeta) or bases != (extends,):
        raise InvalidLifecycle(
            qualname, f"an extension inherits from the lifecycle that it extends, alone: class {qualname}(L, extends=L)"
        )
    if extends.__written__.extends:
        base = extends.__written__.extends.__qualname__
        raise InvalidLifecycle(
            qualname, f"{extends.__qualname__} is an extension itself; extend {base}, and every extension is merged"
        )
    told = extends.__graph__
    chosen = told.family if family is None else checked_family(qualname, family)
    if (chosen.extends or chosen) is not (told.family.extends or told.family):
        raise InvalidLifecycle(qualname, f"family={chosen.__qualname__} neither is {told.family.__qualname__} nor extends it")
    transitions = {name: united(qualname, told.transitions.get(name), each, name) for name, each in own.items()}
    graph = Graph(qualname, chosen, told.initial, {**told.transitions, **transitions})
    if family is not None:
        check_known(graph)
    check_distinct(graph)
    return graph


def united(qualname: str, first: Transition | None, second: Transition, name: str) -> Transition:
    """Return the transition that an extension adds, with the sources of its lifecycle's where that has the name too."""
    if first is None:
        return second
    if problem := difference(first, second):
        raise InvalidLifecycle(
            qualname, f"{name!r} is a transition of the lifecycle already, and {problem}; give this one another name"
        )
    return union((first, second))


def difference(first: Transition, second: Transition) -> str:
    """Return what keeps two transitions from being one, in words; the empty string where only their sources differ."""
    if set(first.targets) != set(second.targets):
        return "the targets differ"
    return "" if first.when is second.when else "the conditions (when=) differ"


def union(transitions: Iterable[Transition]) -> Transition:
    """Return one transition with the sources of several that differ in these only."""
    every = list(transitions)
    sources = dict.fromkeys(source for each in every for source in each.sources)
    return attrs.evolve(every[0], sources=tuple(sources), allow_terminal=any(each.allow_terminal for each in every))


class Lifecycle(metaclass=LifecycleMeta):
    """How a status may move: a subclass assigns `transition(…)` to the name of each move.

    It is checked when it is defined: unknown codes, codes that are named and cannot be reached from `initial`, ways out of a
    terminal category that were not allowed, and two transitions for one move are refused with `InvalidLifecycle`. It is frozen,
    has no instances, and no attributes but its transitions; ask `graph(L)`.

    Args of the class statement:
        family: The family whose codes the statuses are.
        initial: The code that a new row has, or several that it may have.
        extends: The lifecycle that this one adds to, when a plugin hands it in; then there is no `initial`, and `family` may name
            the extension of the family that it needs.
    """
