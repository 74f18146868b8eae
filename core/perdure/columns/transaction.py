"""The caller's transaction: a Connection or a Session that has one, or begins one with the first statement."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError

from perdure.columns.lockfirst import lock_then_move
from perdure.columns.onestatement import move_at_once
from perdure.errors import TransitionConflict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy.orm import Session, scoped_session

    from perdure.columns.moves import Move, Outcome, Search
    from perdure.columns.place import Place

    Transaction: TypeAlias = Connection | Session | scoped_session[Any]
    """Whose transaction it is."""

SQLSTATES = frozenset({"40001", "40P01", "55P03"})
"""PostgreSQL: could not serialize, deadlock, lock not available."""

NUMBERS = frozenset({1020, 1205, 1213})
"""MariaDB: the row has changed since it was read, lock wait timeout, deadlock."""

BUSY = frozenset({5, 6})
"""SQLite: the primary result codes BUSY, which another connection causes, and LOCKED."""


def take(given: Transaction, move: Move, search: Search, returning: Sequence[Any] = ()) -> Outcome:
    """Find rows, move those that may, and expire the loaded objects that stand for them.

    Raises:
        TransitionConflict: Another transaction was in the way, and the database refused.
        TransactionRequired: The connection is in AUTOCOMMIT, and the database needs several statements.
        TypeError: `given` is neither a Connection nor a Session.
    """
    connection = connection_of(given, move.place)
    work = move_at_once if connection.dialect.name == "postgresql" else lock_then_move
    with conflicts(move):
        outcome = work(connection, move, search, returning)
    if not isinstance(given, Connection) and outcome.found:
        expire(given, move.place, outcome.keys)
    return outcome


def connection_of(given: Transaction, place: Place) -> Connection:
    """Return the connection to work on; what a Session holds back is flushed first, since it may be about these rows."""
    if isinstance(given, Connection):
        return given
    if hasattr(given, "run_sync"):
        message = f"{type(given).__name__} is asynchronous: await it.run_sync(apply, …), which hands in what is wanted here"
        raise TypeError(message)
    if not hasattr(given, "flush"):
        message = f"{given!r} has no transaction: give a Connection or a Session, as in engine.begin()"
        raise TypeError(message)
    given.flush()
    return given.connection(bind_arguments={"clause": place.table})


def expire(session: Session | scoped_session[Any], place: Place, keys: Iterable[tuple[Any, ...]]) -> None:
    """Let a Session read the rows again that it has loaded, when they are next looked at."""
    changed = set(keys)
    for loaded in list(session.identity_map.values()):
        state = inspect(loaded)
        if state.identity in changed and place.table in state.mapper.tables:
            session.expire(loaded)


@contextmanager
def conflicts(move: Move) -> Iterator[None]:
    """Raise `TransitionConflict` for what a database says when another transaction is in the way."""
    try:
        yield
    except DBAPIError as error:
        if not is_conflict(error.orig):
            raise
        raise TransitionConflict(move.graph.name, move.place.table.fullname, str(error.orig).strip()) from error


def is_conflict(error: BaseException | None) -> bool:
    """Tell whether a driver's error means that another transaction was in the way."""
    number = error.args[0] if error is not None and error.args else None
    return (
        getattr(error, "sqlstate", None) in SQLSTATES
        or getattr(error, "sqlite_errorcode", 0) & 0xFF in BUSY
        or (type(number) is int and number in NUMBERS)
    )
