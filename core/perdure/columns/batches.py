"""Moving many rows: in bounded batches, or as a worker that takes some for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import literal

from perdure.codes.graph import graph
from perdure.columns.history import Note
from perdure.columns.moves import Move, Search
from perdure.columns.place import Place
from perdure.columns.transaction import take

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Row, Table

    from perdure.codes.transition import Transition
    from perdure.columns.place import StatusColumn, Values
    from perdure.columns.transaction import Transaction


def apply_all(  # noqa: PLR0913 - what, where, and what to write with it
    connection: Transaction,
    transition: Transition,
    column: StatusColumn,
    where: ColumnElement[bool],
    *,
    limit: int = 1000,
    to: str | None = None,
    values: Values | None = None,
    history: Table | None = None,
    actor: str | None = None,
    reason: str | None = None,
) -> int:
    """Move one batch of the rows that a transition accepts, and return how many; 0 says that none is left.

    A batch per transaction keeps the locks short, however many rows there are:

    ```python
    while apply_all(connection, OrderLifecycle.archive, orders.c.status, orders.c.completed_at < cutoff):
        connection.commit()
    ```

    Args:
        connection: The caller's Connection or Session.
        transition: The transition.
        column: The column that holds the status, or the mapped attribute.
        where: Which rows; those that the transition does not accept are left alone. `sqlalchemy.true()` for all.
        limit: How many at most.
        to: The target, where the transition has several.
        values: What else to write to each row.
        history: A table as `history_table` makes it, which gets a row for each.
        actor: Who, for the history.
        reason: Why, for the history.

    Returns:
        How many rows moved.

    Raises:
        TransitionConflict: Another transaction was in the way, and the database refused; the caller is to roll back.
        TransactionRequired: The connection is in AUTOCOMMIT, and the database needs several statements.
        InvalidTarget: The transition has several targets and none was named, or does not lead to `to`.
        ValueError: The limit is less than 1.
    """
    place = Place.of(column)
    known = graph(transition.lifecycle)
    note = Note.of(history, actor, reason, place.shown)
    target = known.target(transition, to)
    wanted = Move(place, known, (transition,), target, place.assignments(values or {}), note)
    outcome = take(connection, wanted, Search(where, limit=checked_limit(limit)))
    return sum(each.moved for each in outcome.found)


def claim(  # noqa: PLR0913 - what, where, and what to write with it
    connection: Transaction,
    transition: Transition,
    column: StatusColumn,
    where: ColumnElement[bool],
    *,
    limit: int,
    returning: Sequence[Any] | None = None,
    order_by: Sequence[Any] = (),
    to: str | None = None,
    values: Values | None = None,
    history: Table | None = None,
    actor: str | None = None,
    reason: str | None = None,
) -> list[Row[*tuple[Any, ...]]]:
    """Take rows for a worker: move those that a transition accepts and that nobody else is about to take, and return them.

    Workers do not wait for one another: a row that another transaction holds is passed over (SKIP LOCKED, which MariaDB has
    from 10.6 on). On SQLite there is one writer at a time. Commit soon, then work: until then the rows are locked. On MariaDB,
    READ COMMITTED lets workers pass one another best; its default level locks the gaps between rows too.

    ```python
    with engine.begin() as connection:
        taken = claim(connection, JobLifecycle.run, jobs.c.status, jobs.c.queue == "mail", limit=10, order_by=[jobs.c.id])
    ```

    Args:
        connection: The caller's Connection or Session.
        transition: The transition.
        column: The column that holds the status, or the mapped attribute.
        where: Which rows; those that the transition does not accept are left alone. `sqlalchemy.true()` for all.
        limit: How many at most.
        returning: The columns, mapped attributes or labelled expressions to return, as they are after the move; all columns
            of the table unless given.
        order_by: Which rows come first, in what is taken and in what is returned.
        to: The target, where the transition has several.
        values: What else to write to each row, such as who took it.
        history: A table as `history_table` makes it, which gets a row for each.
        actor: Who, for the history.
        reason: Why, for the history.

    Returns:
        The rows that were taken; none where there is nothing to do.

    Raises:
        TransitionConflict: Another transaction was in the way, and the database refused; the caller is to roll back.
        TransactionRequired: The connection is in AUTOCOMMIT, and the database needs several statements.
        InvalidTarget: The transition has several targets and none was named, or does not lead to `to`.
        ValueError: The limit is less than 1.
    """
    place = Place.of(column)
    known = graph(transition.lifecycle)
    note = Note.of(history, actor, reason, place.shown)
    target = known.target(transition, to)
    wanted = Move(place, known, (transition,), target, place.assignments(values or {}), note)
    search = Search(where, limit=checked_limit(limit), order_by=order_by, skip_locked=True)
    return take(connection, wanted, search, list(place.table.c) if returning is None else returning).rows


def checked_limit(limit: int) -> ColumnElement[int]:
    """Return how many rows a call may take, or raise `ValueError`."""
    if limit < 1:
        message = f"limit={limit} takes no row: give at least 1"
        raise ValueError(message)
    return literal(limit)
