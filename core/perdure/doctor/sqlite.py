"""SQLite: its version, its file, the log beside it, and whether all of it can be read and written."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perdure.doctor.disk import disk_findings
from perdure.doctor.finding import error, info, one_line, warning
from perdure.store.sqlite.checkpoints import GROWN, has_wal_reset_fault
from perdure.store.sqlite.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perdure.doctor.database import Database
    from perdure.doctor.finding import Finding

TOO_LONG = 2 * GROWN
"""Bytes of a log from which on something keeps it from being copied back: perdure empties it at half of that."""

PATIENCE = 5.0
"""Seconds for which the file is looked through, unless all of it is to be."""

STEPS = 10_000
"""Steps of SQLite's machine between two looks at the time."""

BESIDE = ("-wal", "-shm")
"""What lies beside a file that is in use, or was left by a process that was killed: its log, and the memory that is shared."""

SHOWN = 5
"""How many of the faults of a damaged file are told."""


def sqlite_findings(database: Database, *, deep: bool) -> Iterator[Finding]:
    """Tell what is wrong with a file, besides what is stored in it."""
    location = database.location
    if location is None or location.path is None:
        return
    path, where = location.path, database.shown
    yield from version_findings(where, sqlite3.sqlite_version_info, hosts=database.hosts)
    yield from permission_findings(path, where, declared=location.declared_read_only)
    yield from log_findings(Path(f"{path}-wal"), where)
    yield from disk_findings(path, where)
    with database.reading() as connection:
        driver: Any = connection.connection.dbapi_connection
        (mode,) = driver.execute("PRAGMA journal_mode").fetchone()
        if mode != "wal" and not location.declared_read_only:
            problem = f"its journal mode is {mode!r}, expected 'wal': readers and the writer wait for each other"
            advice = (
                "Have your engine say PRAGMA journal_mode = WAL"
                if database.hosts
                else "perdure migrate (every App.open does it too)"
            )
            yield warning("sqlite-journal-mode", where, problem, advice)
        yield from damage_findings(driver, where, deep=deep)


def version_findings(where: str, version: tuple[int, int, int], *, hosts: bool) -> Iterator[Finding]:
    """Tell of a version of SQLite that can lose commits; https://sqlite.org/wal.html#walresetbug."""
    if not has_wal_reset_fault(version):
        return
    problem = f"SQLite {'.'.join(map(str, version))} can in rare cases lose commits when it checkpoints by itself"
    upgrade = "Use a Python with SQLite 3.51.3, 3.50.7 or 3.44.6"
    if hosts:
        advice = f"{upgrade}, or give App.open a URL in place of your engine"
        yield warning("sqlite-wal-reset", where, f"{problem}, as your engine does", advice)
    else:
        advice = f"Nothing, as long as perdure alone writes the file. Else: {upgrade[0].lower()}{upgrade[1:]}"
        yield info("sqlite-wal-reset", where, f"{problem}; perdure makes the checkpoints itself, in a way that cannot", advice)


def permission_findings(path: Path, where: str, *, declared: bool) -> Iterator[Finding]:
    """Tell of a file that cannot be written by us, or can be by everybody."""
    if declared:
        yield info("database-read-only", where, "the URL itself says so (mode=ro or immutable=1)", "To write, leave that out")
    else:
        for what, place in written_to(path):
            if not os.access(place, os.W_OK):
                problem = f"{what} may not be written by user {os.geteuid()}: every write will be refused"
                yield error(
                    "database-read-only", where, problem, f"chown or chmod {place}, or run this as the application's user"
                )
    if path.stat().st_mode & stat.S_IWOTH:
        yield warning("sqlite-writable-by-all", where, "every user of this machine may write the file", f"chmod o-w {path}")


def written_to(path: Path) -> Iterator[tuple[str, Path]]:
    """Yield what a write needs to be writable, as messages call it and where it is."""
    yield "the file", path
    yield "its directory, which gets the log,", path.parent
    if os.access(path, os.W_OK):  # else they are as it is: SQLite gives them its rights
        yield from ((f"its {ending} file", Path(f"{path}{ending}")) for ending in BESIDE if Path(f"{path}{ending}").exists())


def log_findings(log: Path, where: str, too_long: int = TOO_LONG) -> Iterator[Finding]:
    """Tell of a write-ahead log that is not copied back."""
    size = log.stat().st_size if log.exists() else 0
    if size >= too_long:
        problem = f"its log has {size // 2**20} MB: a reader that stays, or a killed process, keeps it from being copied back"
        advice = f"End transactions that stay open (lsof {log} lists who has it); the last to close the file empties it"
        yield warning("sqlite-log-grown", where, problem, advice)


def damage_findings(connection: Any, where: str, *, deep: bool, patience: float = PATIENCE) -> Iterator[Finding]:
    """Look through the file, for as long as there is patience, and tell of its faults."""
    end = time.monotonic() + patience
    check = "integrity_check" if deep else "quick_check"
    if not deep:
        connection.set_progress_handler(lambda: time.monotonic() > end, STEPS)
    try:
        faults = [str(fault) for (fault,) in connection.execute(f"PRAGMA {check}({SHOWN})").fetchall()]
    except sqlite3.Error as failure:
        code = code_of(failure)
        if code == sqlite3.SQLITE_INTERRUPT:
            problem = f"looking through the file was ended after {patience:.0f} s"
            yield info("sqlite-not-checked-whole", where, problem, "perdure doctor --deep looks through all of it")
            return
        if code & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
        faults = [str(failure)]
    finally:
        connection.set_progress_handler(None, 0)
    if faults != ["ok"]:
        yield error("sqlite-damaged", where, "; ".join(map(one_line, faults)), "Restore it from a backup")
