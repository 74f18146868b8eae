"""Engines as an application makes them that cares for its data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from tests.bench.places import POSTGRESQL, SQLITE

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from tests.bench.places import Place


def engine_for(place: Place, *, autocommit: bool = False, as_writer: bool = False) -> Engine:
    """Return an engine whose commits are as durable as the place asks for.

    Args:
        place: The database.
        autocommit: Whether every statement is a transaction of its own, which is enough for reading.
        as_writer: Whether a transaction on SQLite is the only writer from its beginning, as one that reads first must be.
    """
    engine = create_engine(place.url, **({"isolation_level": "AUTOCOMMIT"} if autocommit else {}))
    if place.product == SQLITE:
        event.listen(engine, "connect", lambda connection, _record: on_sqlite(connection, place))
    if place.product == POSTGRESQL:
        event.listen(engine, "connect", lambda connection, _record: on_postgresql(connection, place))
    if place.product == SQLITE and as_writer:
        event.listen(engine, "connect", lambda connection, _record: setattr(connection, "isolation_level", None))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def on_sqlite(connection: Any, place: Place) -> None:
    """Say how durable a commit is."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {place.durability}")


def on_postgresql(connection: Any, place: Place) -> None:
    """Say how durable a commit is."""
    connection.execute(f"SET synchronous_commit = {'on' if place.durability == 'full' else 'off'}")
    connection.commit()
