"""What SQLite's refusals mean, as errors of perdure."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING

from perdure.errors import StoreCorrupt, StoreError, StoreFull, StoreReadOnly, StoreUnavailable
from perdure.store.faults import VERSION_TAKEN

if TYPE_CHECKING:
    from perdure.names import Key
    from perdure.store.sqlite.location import Location

BUSY_TIMEOUT = 5.0
"""Seconds for which SQLite itself waits at a locked file, in every statement."""

MEANINGS: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_BUSY: (StoreUnavailable, "locked for {waited:.0f} s by another connection. Look for an open transaction"),
    sqlite3.SQLITE_LOCKED: (StoreUnavailable, "locked for {waited:.0f} s by another connection. Look for an open transaction"),
    sqlite3.SQLITE_READONLY: (
        StoreReadOnly,
        "make its file, its directory, its -wal and its -shm writable, or open it without mode=ro and immutable=1",
    ),
    sqlite3.SQLITE_READONLY_DBMOVED: (StoreUnavailable, "its file was deleted or moved away while it was open. Put it back"),
    sqlite3.SQLITE_READONLY_DIRECTORY: (StoreReadOnly, "{needs}"),
    sqlite3.SQLITE_READONLY_CANTINIT: (StoreReadOnly, "{needs}"),
    sqlite3.SQLITE_READONLY_CANTLOCK: (StoreReadOnly, "{needs}"),
    sqlite3.SQLITE_FULL: (StoreFull, "make room on its disk, or raise its max_page_count"),
    sqlite3.SQLITE_CORRUPT: (StoreCorrupt, "restore it from a backup"),
    sqlite3.SQLITE_NOTADB: (StoreCorrupt, "restore it from a backup, or give the path of another file"),
    sqlite3.SQLITE_CANTOPEN: (StoreUnavailable, "{obstacle}"),
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: (StoreCorrupt, VERSION_TAKEN),
    sqlite3.SQLITE_IOERR: (StoreUnavailable, "look after its disk or file system"),
    sqlite3.SQLITE_PERM: (StoreUnavailable, "look after its permissions"),
    sqlite3.SQLITE_PROTOCOL: (StoreUnavailable, "its locks do not work. Is it on a network file system?"),
}
"""What a result code means, primary or extended, and what to do about it."""


def code_of(error: sqlite3.Error) -> int:
    """Return SQLite's extended result code, or 0 where Python itself refused."""
    return getattr(error, "sqlite_errorcode", 0)


def is_busy(error: sqlite3.Error) -> bool:
    """Tell whether the same may succeed a little later: another connection holds a lock."""
    return code_of(error) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def fault(error: sqlite3.Error, location: Location, key: Key | None = None, waited: float = BUSY_TIMEOUT) -> StoreError:
    """Return the error to raise for one of SQLite's.

    Args:
        error: What SQLite said.
        location: The database that said it.
        key: What was to be read or written, where it was one key.
        waited: For how many seconds a locked file was waited for.
    """
    code = code_of(error)
    said = f"SQLite says {str(error)!r}"
    kind, advice = MEANINGS.get(code) or MEANINGS.get(code & 0xFF, (StoreError, ""))
    if not advice:
        return kind(location.shown, said, key)
    advice = advice.format(waited=waited, needs=needs_beside(location), obstacle=obstacle(location))
    return kind(location.shown, f"{advice} ({said})", key)


def needs_beside(location: Location) -> str:
    """Return what to do about a database that cannot even be read, because nothing can be created beside it."""
    return (
        "a database in WAL mode needs its -shm and -wal files. Make its directory writable, keep another process running that "
        f"has it open, or, if nobody ever writes it, open 'sqlite:///file:{location.path}?immutable=1&uri=true'"
    )


def obstacle(location: Location) -> str:
    """Return what stands in the way of opening the file, as far as it can be seen from here."""
    path = location.path
    if path is None:
        return "SQLite knows no such database in memory"
    for folder in reversed(path.parents):
        if not os.access(folder, os.F_OK):
            return f"the directory {str(path.parent)!r} does not exist. Create it first"
        if not os.access(folder, os.X_OK):
            return f"this process may not enter {str(folder)!r}"
    if not path.exists():
        may_create = os.access(path.parent, os.W_OK) and not location.declared_read_only
        return "the file does not exist" + ("" if may_create else ", and cannot be created")
    if not path.is_file():
        return f"it is {'a directory' if path.is_dir() else 'a device, a pipe or a socket'}. Give the path of a file"
    return needs_beside(location) if os.access(path, os.R_OK) else "this process may not read the file"
