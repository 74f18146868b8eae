"""Text that is none: what SQLite holds in a text column may be any bytes, and one damaged row must not hide the others."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence


def legible(raw: bytes) -> str:
    """Return bytes as text; those that are not UTF-8 as escapes that JSON does not know, so that no value is read into them."""
    return raw.decode("utf-8", "backslashreplace")


@contextmanager
def damage_shown(connection: sqlite3.Connection) -> Iterator[None]:
    """Read texts with `legible` in the block. It takes longer than Python's own way, which raises for the whole query."""
    usual = connection.text_factory
    connection.text_factory = legible
    try:
        yield
    finally:
        connection.text_factory = usual


def rows_of(connection: sqlite3.Connection, text: str, parameters: Sequence[Any]) -> list[Any]:
    """Return what a query finds; where a text cannot be decoded, with its damage shown."""
    try:
        return connection.execute(text, parameters).fetchall()
    except connection.OperationalError as error:
        if "UTF-8" not in str(error):
            raise
    with damage_shown(connection):
        return connection.execute(text, parameters).fetchall()
