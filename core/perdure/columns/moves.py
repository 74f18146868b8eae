"""What a call asks for, and what came of it, whichever database does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import String, case, cast, literal, null, select, type_coerce

from perdure.codes.code import StatusCode
from perdure.columns.conditions import accepted, condition
from perdure.errors import TransitionNotAllowed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Row, Select

    from perdure.codes.graph import Graph
    from perdure.codes.transition import Transition
    from perdure.columns.history import Note
    from perdure.columns.place import Place
    from perdure.columns.prepared import Part


@attrs.frozen
class Applied:
    """One row that moved.

    Attributes:
        before: The status that it had.
        after: The status that it has.
    """

    before: StatusCode
    after: StatusCode


@attrs.frozen(eq=False)
class Found:
    """One row that was found, and locked.

    Attributes:
        key: Its primary key.
        current: Its status as text; None where the column is NULL.
        way: The transition that it may move by, or None.
        moved: Whether it did.
    """

    key: tuple[Any, ...]
    current: str | None
    way: str | None
    moved: bool


@attrs.frozen(eq=False)
class Outcome:
    """What came of a call.

    Attributes:
        found: Every row that was found, in order.
        rows: What was to be returned of those that moved, in order.
    """

    found: list[Found]
    rows: list[Row[*tuple[Any, ...]]]

    @property
    def keys(self) -> list[tuple[Any, ...]]:
        """The primary keys of the rows that were found."""
        return [each.key for each in self.found]


@attrs.frozen(eq=False)
class Search:
    """Which rows a call takes.

    Attributes:
        where: The caller's condition.
        limit: How many at most; an expression, so that a statement serves for every number.
        alone: Whether nothing moves unless exactly one row is found, and rows are found that may not move.
        order_by: Which come first.
        skip_locked: Whether rows that others hold are passed over, and not waited for.
    """

    where: ColumnElement[bool]
    limit: ColumnElement[int]
    alone: bool = False
    order_by: Sequence[Any] = ()
    skip_locked: bool = False

    @property
    def parts(self) -> Part:
        """What a statement depends on."""
        return self.where, self.limit, self.alone, tuple(self.order_by), self.skip_locked


@attrs.frozen(eq=False)
class Move:
    """What is to become of the rows that are found.

    Attributes:
        place: The column.
        graph: What its lifecycle allows.
        ways: The transitions, any of which may be the one.
        target: The code that they lead to.
        values: What else the row is given, by column; expressions.
        note: What the history is told, or None.
        conditions: What `when` says of each way, now; None of those that have none.
    """

    place: Place
    graph: Graph
    ways: tuple[Transition, ...]
    target: StatusCode
    values: list[tuple[Any, Any]]
    note: Note | None
    conditions: list[ColumnElement[bool] | None] = attrs.field(
        init=False,
        default=attrs.Factory(lambda self: [condition(self.place, each) for each in self.ways], takes_self=True),
    )

    @property
    def parts(self) -> Part:
        """What a statement depends on."""
        return self.place.column, self.ways, self.target, self.values, self.conditions

    @property
    def assignments(self) -> list[tuple[Any, Any]]:
        """All that a row is given; the status last, since MariaDB lets an assignment see those before it."""
        return [*self.values, (self.place.column, self.target)]

    def found(self, search: Search) -> Select[*tuple[Any, ...]]:
        """Return the statement that finds rows and locks them: `key_0` …, `current` and `way`, all of the row as it is then."""
        allowed = [
            (accepted(self.place, way, [self.target], said), literal(way.name))
            for way, said in zip(self.ways, self.conditions, strict=True)
        ]
        keys = [column.label(f"key_{index}") for index, column in enumerate(self.place.keys)]
        current = type_coerce(self.place.column, String).label("current")
        way = (case(*allowed) if allowed else cast(null(), String)).label("way")
        statement = select(*keys, current, way).select_from(self.place.table).where(search.where)
        if not search.alone:
            statement = statement.where(*(condition for condition, _ in allowed))
        # key_share: rows of other tables may go on referring to the row meanwhile, as during any other update of it
        locked = statement.with_for_update(of=self.place.table, key_share=True, skip_locked=search.skip_locked)
        return locked.order_by(*search.order_by).limit(search.limit)

    def known(self, current: str) -> StatusCode:
        """Return a stored code, with the family's description where that has it."""
        return self.graph.family.by_text.get(current) or StatusCode(current)

    def refusal(self, current: str | None) -> TransitionNotAllowed:
        """Return the error that says why a row did not move, which was locked when it was asked."""
        source = str(current)
        condition = any(each.leaves(source, self.target) for each in self.ways)
        only = self.ways[0] if len(self.ways) == 1 else None
        wanted = only.name if only is not None and only.target is not None else str(self.target)
        return TransitionNotAllowed(self.graph.name, source, wanted, tuple(map(str, self.graph.targets(source))), condition)
