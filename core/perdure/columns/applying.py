"""Moving one row: by a transition, or to a target that is known only at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import literal

from perdure.codes.graph import graph
from perdure.columns.history import Note
from perdure.columns.moves import Applied, Move, Search
from perdure.columns.place import Place
from perdure.columns.transaction import take
from perdure.errors import EntityNotFound, SeveralEntities

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Table

    from perdure.codes.lifecycle import Lifecycle
    from perdure.codes.transition import Transition
    from perdure.columns.place import StatusColumn, Values
    from perdure.columns.transaction import Transaction


TWO = literal(2)
"""How many rows are asked for, where there is to be one."""


def apply(  # noqa: PLR0913 - what, where, and what to write with it
    connection: Transaction,
    transition: Transition,
    column: StatusColumn,
    where: ColumnElement[bool],
    *,
    to: str | None = None,
    values: Values | None = None,
    history: Table | None = None,
    actor: str | None = None,
    reason: str | None = None,
) -> Applied:
    """Move one row by a transition: guard, update and history in one, in the transaction of the caller.

    However many try at once, one wins; the others are told what the winner left. The row stays locked until the caller's
    transaction ends. Nothing is committed here.

    Args:
        connection: The caller's Connection or Session. Of an asynchronous one, `await session.run_sync(apply, …)`.
        transition: The transition, of a lifecycle as written or of `app.lifecycles[L]`.
        column: The column that holds the status, or the mapped attribute. Its table has a primary key.
        where: Which row; it must match one, and should do so by an index.
        to: The target, where the transition has several.
        values: What else to write to the row: by column, mapped attribute or name; a value or an expression.
        history: A table as `history_table` makes it, which gets a row too.
        actor: Who, for the history.
        reason: Why, for the history.

    Returns:
        The status before and after.

    Raises:
        TransitionNotAllowed: The row may not move so; the error says what is allowed from here, or that `when` said no.
        EntityNotFound: No row matches.
        SeveralEntities: More than one does.
        TransitionConflict: Another transaction was in the way, and the database refused; the caller is to roll back.
        TransactionRequired: The connection is in AUTOCOMMIT, and the database needs several statements.
        InvalidTarget: The transition has several targets and none was named, or does not lead to `to`.
    """
    known = graph(transition.lifecycle)
    place = Place.of(column)
    note = Note.of(history, actor, reason, place.shown)
    target = known.target(transition, to)
    return one(connection, Move(place, known, (transition,), target, place.assignments(values or {}), note), where)


def move(  # noqa: PLR0913 - what, where, and what to write with it
    connection: Transaction,
    lifecycle: type[Lifecycle],
    column: StatusColumn,
    where: ColumnElement[bool],
    *,
    to: str,
    values: Values | None = None,
    history: Table | None = None,
    actor: str | None = None,
    reason: str | None = None,
) -> Applied:
    """Move one row to a target that is known only at run time, by the one transition that leads there from where it is.

    Args:
        connection: The caller's Connection or Session.
        lifecycle: The lifecycle, as written or `app.lifecycles[L]`.
        column: The column that holds the status, or the mapped attribute.
        where: Which row.
        to: The target; any text.
        values: What else to write to the row.
        history: A table as `history_table` makes it, which gets a row too.
        actor: Who, for the history.
        reason: Why, for the history.

    Returns:
        The status before and after.

    Raises:
        UnknownStatusCode: The target is no code of the family.
        TransitionNotAllowed: No transition leads there from here, or its `when` said no.
        EntityNotFound: No row matches.
        SeveralEntities: More than one does.
        TransitionConflict: Another transaction was in the way, and the database refused; the caller is to roll back.
        TransactionRequired: The connection is in AUTOCOMMIT, and the database needs several statements.
    """
    known = graph(lifecycle)
    place = Place.of(column)
    note = Note.of(history, actor, reason, place.shown)
    target = known.family.parse(to)
    ways = tuple(each for name, each in known.transitions.items() if target in known.ends[name])
    return one(connection, Move(place, known, ways, target, place.assignments(values or {}), note), where)


def one(connection: Transaction, wanted: Move, where: ColumnElement[bool]) -> Applied:
    """Move the one row that matches, or raise what kept it from moving."""
    found = take(connection, wanted, Search(where, TWO, alone=True)).found
    if len(found) != 1:
        raise (SeveralEntities if found else EntityNotFound)(wanted.place.table.fullname, described(where))
    row = found[0]
    if not row.moved:
        raise wanted.refusal(row.current)
    return Applied(wanted.known(str(row.current)), wanted.target)


def described(where: ColumnElement[bool]) -> str:
    """Return how messages show a condition: as SQL, with what was bound."""
    compiled = where.compile()
    bound = ", ".join(f"{name}={value!r}" for name, value in compiled.params.items())
    return f"{compiled} ({bound})" if bound else str(compiled)
