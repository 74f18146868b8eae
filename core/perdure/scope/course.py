"""How the value of one name may move: the rules that a lifecycle puts on `set`, `update` and `unset`.

They are checked under the row's lock, so that of two writers who make the same move one wins, and the other is told what is
allowed from where the first has brought it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from perdure.errors import TransitionNotAllowed, UnknownStatusCode, place

if TYPE_CHECKING:
    from perdure.codes.code import StatusCode
    from perdure.codes.graph import Graph

NOTHING = "nothing stored"
"""What messages call the status of a name that was never set."""


@attrs.frozen
class Standing:
    """From where a value moves.

    Attributes:
        code: The stored code, else the default, else None.
        stored: Whether it is stored.
    """

    code: StatusCode | None
    stored: bool


@attrs.frozen
class Course:
    """The moves that one name's lifecycle allows.

    Attributes:
        graph: The lifecycle with everything that plugins added.
    """

    graph: Graph

    def known(self, code: StatusCode) -> StatusCode:
        """Return the family's own code, which has a description; one that no plugin brings any more is kept as it is."""
        return self.graph.family.by_text.get(code, code)

    def unfit_default(self, code: StatusCode) -> str | None:
        """Return what is wrong with a default, or None: a value that begins elsewhere would have skipped its beginning."""
        return None if code in self.graph.initial else f"{str(code)!r} is not where {self.graph.name} begins ({self.begins})"

    def unfit_pin(self, code: StatusCode) -> str | None:
        """Return what is wrong with a pin, or None."""
        return None if code in self.graph.codes else f"{str(code)!r} is no code of the family {self.graph.family.name!r}"

    @property
    def begins(self) -> str:
        """The initial codes, for messages."""
        return ", ".join(map(str, self.graph.initial))

    def check(self, where: tuple[str, str, str], standing: Standing, target: StatusCode, record: Any) -> None:
        """Return if a value may move to `target`, and raise otherwise.

        A name that is not stored may begin at an initial code, or move on from its default. A stored one moves as the lifecycle
        says; to stay where it is, is a move like any other.

        Raises:
            UnknownStatusCode: The target is no code of the family.
            TransitionNotAllowed: The lifecycle has no such move, or its condition says no to the record.
        """
        if target not in self.graph.codes:
            raise UnknownStatusCode(self.graph.family.name, str(target), tuple(self.graph.family.by_text))
        if not standing.stored and target in self.graph.initial:
            return
        if standing.code is None:
            raise self.refused(where, NOTHING, str(target), tuple(map(str, self.graph.initial)))
        if not self.graph.can(standing.code, target, row=record):
            raise self.graph.refusal(standing.code, target).with_facts(where=place(*where))

    def check_unset(self, where: tuple[str, str, str], code: StatusCode) -> None:
        """Return if a value may be unset: only from an initial code, or unset and set would be a way around the lifecycle.

        Raises:
            TransitionNotAllowed: The value has left its initial codes.
        """
        if code not in self.graph.initial:
            raise self.refused(where, str(code), "unset", tuple(map(str, self.graph.targets(code))))

    def refused(self, where: tuple[str, str, str], current: str, wanted: str, allowed: tuple[str, ...]) -> TransitionNotAllowed:
        """Return the error for a move that the lifecycle does not have."""
        return TransitionNotAllowed(self.graph.name, current, wanted, allowed, condition=False, where=place(*where))
