"""Where a SQLite database lies, and whether it still lies there."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

import attrs
from sqlalchemy.util import asbool

from perdure.errors import InvalidStoreUrl, StoreUnavailable

if TYPE_CHECKING:
    from sqlalchemy import URL

IN_MEMORY = ":memory:"
LOOK_EVERY = 0.1
"""Seconds for which readers trust that the file is still the one they opened."""


@attrs.frozen
class Location:
    """A SQLite database, by an address that no later `chdir` can bend.

    Attributes:
        url: The URL to connect with.
        path: The file, absolute, or None where the database is in memory.
        declared_read_only: Whether the URL itself says that nothing is to be written.
    """

    url: URL
    path: Path | None
    declared_read_only: bool = False

    @property
    def shown(self) -> str:
        """How messages name the database: by its file, however the URL said that."""
        return f"sqlite:///{self.path or self.url.database or IN_MEMORY}"

    @property
    def read_only(self) -> bool:
        """Whether SQLite will refuse every write, as far as can be told without one."""
        if self.path is None or not os.access(self.path, os.F_OK):
            return self.declared_read_only
        return self.declared_read_only or not os.access(self.path, os.W_OK)


def located(url: URL) -> Location:
    """Return where a SQLite URL points, seen from the directory that is current now.

    Raises:
        InvalidStoreUrl: It has a host, as a path with too few slashes does, or options that only a `file:` URI can have.
    """
    if url.host or url.username:
        raise InvalidStoreUrl(url.render_as_string(), "a path follows three slashes, an absolute one four")
    database = url.database or IN_MEMORY
    url = url.set(drivername="sqlite+pysqlite")
    if "uri" in url.query and asbool(url.query["uri"]):
        return located_by_uri(url, database)
    if url.query:
        options = ", ".join(sorted(url.query))
        raise InvalidStoreUrl(url.render_as_string(), f"{options}: options need a URI, 'sqlite:///file:app.db?mode=ro&uri=true'")
    if database == IN_MEMORY:
        return Location(url, None)
    path = Path(database).absolute()
    return Location(url.set(database=str(path)), path)


def located_by_uri(url: URL, uri: str) -> Location:
    """Return where a `file:` URI of SQLite points."""
    path = unquote(urlsplit(uri).path)
    if path in ("", IN_MEMORY) or url.query.get("mode") == "memory" or url.query.get("vfs") == "memdb":
        return Location(url, None)
    absolute = Path(path).absolute()
    declared = url.query.get("mode") == "ro" or url.query.get("immutable") == "1"
    return Location(url.set(database=f"file:{quote(str(absolute))}"), absolute, declared)


class Watch:
    """Notices that the file of an open store was deleted or replaced.

    SQLite goes on writing to a file that has no name any more, and everything written there is lost at the last close.

    Args:
        location: The database, which is there by now.
    """

    def __init__(self, location: Location) -> None:
        self.location = location
        self.opened = identity(location.path)
        self.due = 0.0 if location.path else float("inf")

    def check(self) -> None:
        """Compare the file with the one that was opened.

        Raises:
            StoreUnavailable: It is gone, or another.
        """
        if self.location.path is None:
            return
        found = identity(self.location.path)
        if found != self.opened:
            what = "replaced by another" if found else "deleted or moved away"
            advice = "Put it back, or close this App and open a new one on what is there now"
            raise StoreUnavailable(self.location.shown, f"its file was {what} while it was open. {advice}")
        self.due = time.monotonic() + LOOK_EVERY


def identity(path: Path | None) -> tuple[int, int] | None:
    """Return what tells a file from every other, or None where there is none."""
    if path is None:
        return None
    try:
        found = os.stat(path)  # noqa: PTH116 - before every write, and a third quicker
    except OSError:
        return None
    return found.st_dev, found.st_ino
