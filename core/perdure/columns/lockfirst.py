"""MariaDB and SQLite: lock, look, update, and write the history, in the transaction of the caller.

MariaDB has no UPDATE … RETURNING, and SQLite's gives no old value. On MariaDB, SELECT … FOR UPDATE reads what is committed
now, at every isolation level. SQLite locks the whole file, for the first statement that could write. What to do is decided
by the rows that were read under the lock, never by a count of rows: MariaDB's counts lie.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import false, insert, select, update

from perdure.columns.history import entity_text
from perdure.columns.moves import Found, Outcome
from perdure.columns.prepared import run
from perdure.errors import TransactionRequired

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import ColumnElement, Connection, Row, Select, Update

    from perdure.columns.history import Note
    from perdure.columns.moves import Move, Search
    from perdure.columns.place import Place

CHUNK = 500
"""How many keys go into one statement: SQLite takes 32 766 parameters, and a key may have several columns."""


def lock_then_move(connection: Connection, move: Move, search: Search, returning: Sequence[Any]) -> Outcome:
    """Move rows, in several statements under one lock."""
    begin_writing(connection, move.place)
    size = len(move.place.keys)
    rows = run(connection, lambda: move.found(search), "find", move.parts, search.parts).all()
    may_move = len(rows) == 1 or not search.alone
    found = [Found(tuple(row[:size]), row.current, row.way, moved=may_move and row.way is not None) for row in rows]
    moving = [each for each in found if each.moved]
    for keys in chunks([each.key for each in moving]):
        change(connection, move, move.place.bound(keys))
    if move.note is not None and moving:
        connection.execute(insert(move.note.history), [told(move, move.note, each) for each in moving])
    return Outcome(found, read(connection, move.place, [each.key for each in moving], returning) if returning else [])


def change(connection: Connection, move: Move, keys: list[ColumnElement[Any]]) -> None:
    """Give rows what the move says."""

    def statement() -> Update:
        return update(move.place.table).where(move.place.among(keys)).ordered_values(*move.assignments)

    run(connection, statement, "change", move.place.column, move.target, move.values, keys)


def begin_writing(connection: Connection, place: Place) -> None:
    """Make sure that there is a transaction, on SQLite one that may write, so that what is read next stays true.

    Raises:
        TransactionRequired: The connection commits every statement by itself.
    """
    if connection.dialect.name == "sqlite":
        run(connection, lambda: update(place.table).values({place.column: place.column}).where(false()), "lock", place.column)
        alone = not connection.connection.driver_connection.in_transaction  # type: ignore[union-attr]  # an open connection has one
    else:
        alone = connection.dialect.detect_autocommit_setting(connection.connection.dbapi_connection)  # type: ignore[arg-type]  # as above
    if alone:
        raise TransactionRequired(place.table.fullname)


def chunks(keys: list[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    """Yield keys in portions that fit a statement."""
    for start in range(0, len(keys), CHUNK):
        yield keys[start : start + CHUNK]


def told(move: Move, note: Note, found: Found) -> dict[str, Any]:
    """Return the row of the history for a row that moved."""
    codes = {"from_code": found.current, "to_code": str(move.target)}
    return {"entity": entity_text(found.key), "transition": found.way, **codes, **note.facts}


def read(
    connection: Connection, place: Place, keys: list[tuple[Any, ...]], returning: Sequence[Any]
) -> list[Row[*tuple[Any, ...]]]:
    """Return columns of rows that this transaction has changed, in the order of their keys."""
    columns = [column.label(column.key) for column in returning]  # a mapped attribute keeps its own name
    wanted: dict[tuple[Any, ...], Row[*tuple[Any, ...]]] = {}
    for portion in chunks(keys):
        bound = place.bound(portion)

        def statement(bound: list[ColumnElement[Any]] = bound) -> Select[*tuple[Any, ...]]:
            return select(*columns, *place.keys).where(place.among(bound))

        result = run(connection, statement, "read", columns, place.column, bound).freeze()
        rows = result().columns(*range(len(returning))).all()
        wanted |= {tuple(row[len(returning) :]): given for row, given in zip(result().all(), rows, strict=True)}
    return [wanted[key] for key in keys]
