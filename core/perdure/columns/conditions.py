"""Conditions on a column that holds a status: which rows are in a category, and which a transition accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, false, literal, or_, true

from perdure.codes.category import Category
from perdure.codes.code import StatusCode
from perdure.codes.graph import graph
from perdure.columns.place import Place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

    from perdure.codes.transition import Transition
    from perdure.columns.place import StatusColumn


def in_category(column: StatusColumn, category: Category, *more: Category) -> ColumnElement[bool]:
    """Return the condition that a status is in a category, or in one of several.

    It is a range (`>= '2' AND < '3'`), which SQLite, PostgreSQL and MariaDB answer from an index on the column, and which
    covers the codes that plugins add, and those of plugins that are gone.

    Args:
        column: The column that holds the status, of any type of text, or the mapped attribute.
        category: The category.
        more: More of them, any of which will do.
    """
    ranges = [and_(column >= each.prefix, column < str(each.value + 1)) for each in dict.fromkeys((category, *more))]
    return or_(*ranges)


def accepts(column: StatusColumn, transition: Transition, *, to: str | None = None) -> ColumnElement[bool]:
    """Return the condition that a transition would move a row: its status is among the sources, and `when` says yes.

    A category among the sources does not cover the transition's own target. Of a lifecycle as written, it knows what is
    written there; of `app.lifecycles[L]`, what plugins add too.

    Args:
        column: The column that holds the status, or the mapped attribute. The columns that `when` names are of its table.
        transition: The transition.
        to: Which target, where it has several; None for any of them.

    Raises:
        InvalidTarget: The transition does not lead to `to`.
    """
    place = Place.of(column)
    known = graph(transition.lifecycle)
    targets = list(known.ends[transition.name]) if to is None else [known.target(transition, to)]
    return accepted(place, transition, targets, condition(place, transition))


def accepted(
    place: Place, transition: Transition, targets: Sequence[StatusCode], said: ColumnElement[bool] | None
) -> ColumnElement[bool]:
    """Return the condition that a transition, whose `when` says so, would move a row to one of some targets of its own."""
    covered = leaving(place, transition, targets)
    return covered if said is None else and_(covered, said)


def leaving(place: Place, transition: Transition, targets: Sequence[StatusCode]) -> ColumnElement[bool]:
    """Return the condition that a status is one that a transition leaves for one of some targets."""
    codes = [
        str(source)
        for source in transition.sources
        if isinstance(source, StatusCode) and any(transition.leaves(source, target) for target in targets)
    ]
    # of literals: a list of values is written into the statement anew each time that it runs
    ways: list[ColumnElement[bool]] = [place.column.in_(map(literal, codes))] if codes else []
    categories = [source for source in transition.sources if isinstance(source, Category)]
    if categories and targets:
        within = in_category(place.column, *categories)
        # from one of several targets there is still a way to another
        ways.append(within if len(targets) > 1 else and_(within, place.column != str(targets[0])))
    return or_(*ways) if ways else false()


def condition(place: Place, transition: Transition) -> ColumnElement[bool] | None:
    """Return what a transition's `when` says of a table's columns as SQL, now; None where it has none.

    One that looks at no column says True or False.

    Raises:
        TypeError: It looks at a column of another table, of which any row would do.
    """
    if transition.when is None:
        return None
    said: Any = transition.when(place.row)
    if isinstance(said, bool):
        return true() if said else false()
    for table in getattr(said, "_from_objects", ()):
        if table is not place.table:
            message = (
                f"when= of {transition!r} looks at {table}, and the status is a column of {place.table.fullname}: look at that"
            )
            raise TypeError(message)
    return said  # type: ignore[no-any-return]  # what a function of columns returns
