"""PostgreSQL: the lock, the guard, the update and the history in one statement.

A CTE with FOR UPDATE reads the rows as they are once they are locked, whatever the statement's snapshot shows. The update
joins it, so that the old status is at hand, which RETURNING does not give before PostgreSQL 18.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, insert, literal, select, update

from perdure.columns.history import entity_expression
from perdure.columns.moves import Found, Outcome
from perdure.columns.prepared import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import CTE, ColumnElement, Connection, Insert, Select, Table, Update

    from perdure.columns.moves import Move, Search


def move_at_once(connection: Connection, move: Move, search: Search, returning: Sequence[Any]) -> Outcome:
    """Move rows, in one statement."""
    told = {} if move.note is None else move.note.literals()
    history = None if move.note is None else move.note.history
    parts = (move.parts, search.parts, list(returning), history, list(told.values()))
    result = run(connection, lambda: statement(move, search, returning, told), "move", *parts)
    size = len(move.place.keys)
    if not returning:
        return Outcome([Found(tuple(row[:size]), *row[size:]) for row in result], [])
    frozen = result.freeze()
    found = [Found(tuple(row[:size]), *row[size : size + 3]) for row in frozen()]
    wanted = frozen().columns(*range(size + 3, size + 3 + len(returning)))
    return Outcome(found, [row for row, each in zip(wanted, found, strict=True) if each.moved])


def statement(
    move: Move, search: Search, returning: Sequence[Any], told: dict[str, ColumnElement[Any]]
) -> Select[*tuple[Any, ...]]:
    """Return the statement: `found` → `counted` → `moved` → `noted`, and what came of them."""
    found = move.found(search).cte("perdure_found")
    # a window over a CTE is not locked, and numbers its rows as they come
    counted = select(found, func.count().over().label("total"), func.row_number().over().label("position")).cte("perdure_counted")
    changed = changes(move, search, counted).returning(
        *(key.label(f"key_{index}") for index, key in enumerate(move.place.keys)),
        *(column.label(f"given_{index}") for index, column in enumerate(returning)),
    )
    moved = changed.cte("perdure_moved")
    size = len(move.place.keys)
    joined = and_(*(moved.c[f"key_{index}"] == counted.c[f"key_{index}"] for index in range(size)))
    keys = [counted.c[f"key_{index}"] for index in range(size)]
    given = [moved.c[f"given_{index}"].label(column.key) for index, column in enumerate(returning)]
    came = select(*keys, counted.c.current, counted.c.way, moved.c.key_0.is_not(None), *given)
    came = came.select_from(counted.outerjoin(moved, joined)).order_by(counted.c.position)
    if move.note is None:
        return came
    noted = notes(move, move.note.history, told, select(counted).join(moved, joined).cte("perdure_told"))
    return came.add_cte(noted.cte("perdure_noted"))


def changes(move: Move, search: Search, counted: CTE) -> Update:
    """Return the update of the rows that were found and may move."""
    same = [key == counted.c[f"key_{index}"] for index, key in enumerate(move.place.keys)]
    changed = update(move.place.table).where(*same, counted.c.way.is_not(None)).values(dict(move.assignments))
    return changed.where(counted.c.total == 1) if search.alone else changed


def notes(move: Move, history: Table, told: dict[str, ColumnElement[Any]], rows: CTE) -> Insert:
    """Return what writes the history of the rows that moved."""
    keys = [rows.c[f"key_{index}"] for index in range(len(move.place.keys))]
    facts = {
        "entity": entity_expression(keys),
        "from_code": rows.c.current,
        "to_code": literal(str(move.target)),
        "transition": rows.c.way,
        **{name: value.label(name) for name, value in told.items()},
    }
    return insert(history).from_select(list(facts), select(*facts.values()))
