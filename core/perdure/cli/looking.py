"""Where a command that makes no tables finds a SQLite database, so that it neither makes a file nor changes somebody else's."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from perdure.store.opening import parsed
from perdure.store.schema.versions import VERSION_TABLE
from perdure.store.sqlite.location import located

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import URL

READER_VERSION = 19
"""Which byte of a SQLite file says how it is read; https://sqlite.org/fileformat.html."""

WRITE_AHEAD = 2


def to_look_at(url: str, *, write: bool = False) -> str | URL:
    """Return the URL by which to look at a database.

    Args:
        url: The database as it was given.
        write: Whether something is to be written, if perdure's tables are there.

    Raises:
        InvalidStoreUrl: It is no URL of a database that perdure knows.
    """
    parts = parsed(url)
    if parts.get_backend_name() != "sqlite":
        return url
    location = located(parts)
    if location.path is None or not location.path.exists():
        return url
    if location.declared_read_only or is_write_ahead(location.path) or (write and has_tables(location.path)):
        return url
    # Opened as ever, it would be switched to a write-ahead log: a change, to a file that may be somebody else's.
    return parts.set(database=read_only(location.path), query={"mode": "ro", "uri": "true"})


def refuse_memory(url: str) -> None:
    """Refuse a database that lives no longer than the command.

    Raises:
        click.UsageError: It is in memory.
        InvalidStoreUrl: It is no URL of a database that perdure knows.
    """
    parts = parsed(url)
    if parts.get_backend_name() == "sqlite" and located(parts).path is None:
        raise click.UsageError("A database in memory is gone when the command ends. Name a file: --url sqlite:///app.db")


def read_only(path: Path) -> str:
    """Return the address of a file as SQLite's URIs have it."""
    return f"file:{quote(str(path))}"


def has_tables(path: Path) -> bool:
    """Whether a file has perdure's tables."""
    try:
        with closing(sqlite3.connect(f"{read_only(path)}?mode=ro", uri=True)) as connection:
            found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (VERSION_TABLE,)).fetchone()
    except sqlite3.Error:
        return False  # what is wrong with it is told when it is opened
    return found is not None


def is_write_ahead(path: Path) -> bool:
    """Whether a file has a write-ahead log, as every one has that perdure has opened."""
    if not path.is_file():
        return True  # as below; and to open a pipe would wait for who writes to it
    try:
        with path.open("rb") as file:
            return file.read(READER_VERSION + 1)[READER_VERSION:] == bytes([WRITE_AHEAD])
    except OSError:
        return True  # what is wrong with it is for SQLite to say
