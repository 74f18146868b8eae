"""Text that is none: what SQLite holds in a text column may be any bytes, and one damaged row must not hide the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from typing import Self


class Illegible(str):
    """Text in place of bytes that are none.

    Attributes:
        raw: The bytes.
    """

    __slots__ = ("raw",)

    raw: bytes

    def __new__(cls, raw: bytes) -> Self:
        """Show bytes that are not UTF-8 as escapes that JSON does not know, so that no value is read into them."""
        self = super().__new__(cls, raw.decode("utf-8", "backslashreplace"))
        self.raw = raw
        return self


def legible(raw: bytes) -> str:
    """Return bytes as text, be they UTF-8 or not."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return Illegible(raw)


class DamageShown:
    """A context manager: texts are read with `legible` in the block.

    It takes longer than Python's own way, which raises for the whole query.
    """

    __slots__ = ("connection", "usual")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __enter__(self) -> None:
        self.usual = self.connection.text_factory
        self.connection.text_factory = legible

    def __exit__(self, *_: object) -> None:
        self.connection.text_factory = self.usual


def rows_of(connection: sqlite3.Connection, text: str, parameters: Sequence[Any]) -> list[Any]:
    """Return what a query finds; where a text cannot be decoded, with its damage shown."""
    try:
        return connection.execute(text, parameters).fetchall()
    except connection.OperationalError as error:
        if "UTF-8" not in str(error):
            raise
    with DamageShown(connection):
        return connection.execute(text, parameters).fetchall()
