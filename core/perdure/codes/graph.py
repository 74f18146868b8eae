"""The questions one asks of a lifecycle: what may move where.

A lifecycle's own attributes are its transitions and nothing else, so that a transition may be called `check` or `initial`. The
questions are asked of `graph(L)`, which is worked out once per class; a check is one look-up in a table.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs

from perdure.codes.category import SHAPE
from perdure.codes.mermaid import state_diagram
from perdure.codes.moves import Edge, codes_of, edges_of, ends_of, foreign_rows_of, reachable, rows_of
from perdure.codes.ordered import OrderedSet
from perdure.codes.transition import Transition
from perdure.errors import InvalidTarget, TransitionNotAllowed, UnknownStatusCode, UnknownTransition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perdure.codes.code import StatusCode
    from perdure.codes.family import StatusFamily
    from perdure.codes.lifecycle import Lifecycle
    from perdure.codes.moves import Row


def graph(lifecycle: type[Lifecycle]) -> Graph:
    """Return what a lifecycle allows, to be asked; the same graph for the same class, always.

    Of a lifecycle as written, it knows what is written there. What plugins add is in `graph(app.lifecycles[L])`.
    """
    return lifecycle.__graph__


def frozen(table: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a copy that nobody can change."""
    return MappingProxyType(dict(table))


@attrs.frozen(eq=False, repr=False)
class Graph:
    """What one lifecycle allows.

    A source that the family does not know, such as an old row of an uninstalled plugin, may leave by the transitions that name
    its category, which the first digit tells; a transition that named the code itself went with the plugin.

    Attributes:
        name: The lifecycle's class, as its author calls it.
        family: The family whose codes the statuses are.
        initial: The codes that a new row may have.
        transitions: Its transitions by name.
        aliases: For each transition of a merged lifecycle, those as written that stand for it.
        codes: The codes of the family, and those that the lifecycle names, by number.
        ends: For each transition, by name, the codes that it leads to, by number.
        edges: Every move between these, by source and target.
        reached: The codes that a status can come to have, the initial ones among them.
        table: For each source, what may be asked for from there.
        foreign: The same for codes that the family does not know, by their first digit.
    """

    name: str
    family: type[StatusFamily]
    initial: OrderedSet[StatusCode]
    transitions: Mapping[str, Transition] = attrs.field(converter=frozen)
    aliases: Mapping[str, tuple[Transition, ...]] = attrs.field(default=MappingProxyType({}), converter=frozen)

    codes: OrderedSet[StatusCode] = attrs.field(init=False, default=attrs.Factory(codes_of, takes_self=True))
    ends: Mapping[str, OrderedSet[StatusCode]] = attrs.field(init=False, default=attrs.Factory(ends_of, takes_self=True))
    edges: tuple[Edge, ...] = attrs.field(init=False, default=attrs.Factory(edges_of, takes_self=True))
    reached: frozenset[StatusCode] = attrs.field(init=False, default=attrs.Factory(reachable, takes_self=True))
    table: Mapping[str, Row] = attrs.field(init=False, default=attrs.Factory(rows_of, takes_self=True))
    foreign: Mapping[str, Row] = attrs.field(init=False, default=attrs.Factory(foreign_rows_of, takes_self=True))

    def can(self, source: str, to: str | Transition, *, row: Any = None) -> bool:
        """Tell whether a status may move.

        Args:
            source: The status as it is.
            to: The target, or a transition of this lifecycle.
            row: The object whose status it is. Only where it is given is the transition's `when` asked.
        """
        try:
            found = self.table[source].get(to)
        except KeyError:  # a code that the family does not know
            found = self.row(source).get(to)
        return found is not None and (row is None or found.when is None or bool(found.when(row)))

    def check(self, source: str, to: str | Transition, *, row: Any = None) -> None:
        """Return if a status may move, and raise otherwise; the arguments are those of `can`.

        Raises:
            TransitionNotAllowed: It may not; the error says what is allowed from here, or that `when` said no.
            UnknownStatusCode: The target is no code of the family.
            UnknownTransition: The transition is not one of this lifecycle.
        """
        if row is None:
            try:
                if to in self.table[source]:
                    return
            except KeyError:
                pass  # a code that the family does not know
        if not self.can(source, to, row=row):
            raise self.refusal(source, to)

    def refusal(self, source: str, to: str | Transition) -> TransitionNotAllowed:
        """Return the error that says why a status may not move; callers that compare and set in a database raise it too.

        Raises:
            UnknownStatusCode: The target is no code of the family.
            UnknownTransition: The transition is not one of this lifecycle.
        """
        wanted = self.transition(to).name if isinstance(to, Transition) else str(to)
        if not isinstance(to, Transition) and to not in self.codes:
            raise UnknownStatusCode(self.family.name, wanted, tuple(self.family.by_text))
        return TransitionNotAllowed(self.name, str(source), wanted, tuple(map(str, self.targets(source))), to in self.row(source))

    def row(self, source: str) -> Row:
        """Return what may be asked for from a status, also from one that the family does not know."""
        if source in self.table:
            return self.table[source]
        return self.foreign[source[0]] if SHAPE.fullmatch(str(source)) else {}

    def transition(self, transition: str | Transition) -> Transition:
        """Return this lifecycle's transition of a name, or the one that a transition as written stands for.

        Raises:
            UnknownTransition: It has none.
        """
        name = transition if isinstance(transition, str) else transition.name
        found = self.transitions.get(name)
        if found is not None and transition in (name, found, *self.aliases.get(name, ())):
            return found
        asked = name if isinstance(transition, str) else f"{transition.lifecycle.__qualname__}.{name}"
        raise UnknownTransition(self.name, asked, tuple(self.transitions))

    def between(self, source: str, target: str) -> Transition | None:
        """Return the one transition that moves a status from here to there, or None."""
        return self.row(source).get(target)

    def target(self, transition: str | Transition, to: str | None = None) -> StatusCode:
        """Return the code that a transition leads to.

        Args:
            transition: A transition of this lifecycle.
            to: Which one, where it has several.

        Raises:
            InvalidTarget: It has several and none was named, or the one named is not among them.
            UnknownTransition: The transition is not one of this lifecycle.
        """
        found = self.transition(transition)
        wanted = found.target if to is None else to
        for code in self.ends[found.name]:
            if code == wanted:
                return code
        raise InvalidTarget(self.name, found.name, None if to is None else str(to), tuple(map(str, self.ends[found.name])))

    def targets(self, source: str) -> OrderedSet[StatusCode]:
        """Return the codes that a status may move to, by number; none where there is no way out."""
        row = self.row(source)
        return OrderedSet(code for code in self.codes if code in row)

    def sources(self, to: str | Transition) -> OrderedSet[StatusCode]:
        """Return the codes that may move to a target, or by a transition, by number."""
        asked = to if isinstance(to, str) else self.transition(to)
        return OrderedSet(edge.source for edge in self.edges if asked in (edge.target, edge.transition))

    def mermaid(self) -> str:
        """Return the lifecycle as a Mermaid state diagram; the same text for the same lifecycle, always."""
        return state_diagram(self)

    def __repr__(self) -> str:
        """Return what lifecycle it is of, and how large it is."""
        return f"<graph of {self.name}: {len(self.transitions)} transitions, {len(self.edges)} edges>"
