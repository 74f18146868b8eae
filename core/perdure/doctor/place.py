"""Whether there is a database where one is said to be."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from perdure.doctor.database import Denied
from perdure.doctor.finding import Finding, error, one_line, warning
from perdure.errors import (
    DriverMissing,
    InvalidStoreUrl,
    SchemaMismatch,
    StoreCorrupt,
    StoreError,
    StoreReadOnly,
    StoreUnavailable,
)
from perdure.store.sqlite.faults import obstacle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from perdure.doctor.database import Database

GRANT = (
    "Grant this user what is missing: SELECT on perdure_schema; SELECT, INSERT and UPDATE on perdure_status; SELECT, INSERT and "
    "DELETE on perdure_change"
)
"""What an application needs whose tables are there."""

REFUSALS: dict[type[StoreError], tuple[str, str]] = {
    StoreCorrupt: ("database-corrupt", "Restore it from a backup, or correct PERDURE_URL (or --url)"),
    StoreReadOnly: (
        "database-read-only",
        "Make it, its directory, its -wal and its -shm writable for the application's user",
    ),
    Denied: ("database-denied", GRANT),
    StoreUnavailable: (
        "database-unreachable",
        "See that it runs, and that PERDURE_URL (or --url) names host, user, password and database as they are",
    ),
    SchemaMismatch: ("schema-damaged", "Find out which version is right: a restore may have brought the other"),
    StoreError: ("database-failed", "Look at the log of the database"),
}
"""What an error of a database is called here, and what to do about it; the first that fits."""


def place_findings(database: Database) -> Iterator[Finding]:
    """Tell what keeps a database from being looked at; what it raises says so too."""
    location = database.location
    if location is not None and location.path is None:
        problem = "it is kept in memory, and nothing outlives the process: there is nothing to look at from here"
        yield warning(
            "database-in-memory", database.shown, problem, "Name a file or a server: export PERDURE_URL=sqlite:///app.db"
        )
        return
    if location is not None and location.path is not None and not location.path.is_file():
        yield error("database-missing", database.shown, one_line(obstacle(location)), way_to(location.path))
        return
    with database.reading() as connection:
        connection.exec_driver_sql("SELECT 1" if location is None else "SELECT count(*) FROM sqlite_master").scalar()


def way_to(path: Path) -> str:
    """Return what to do about a file that is not there."""
    folder = path.parent
    if path.is_dir() or (folder.exists() and not folder.is_dir()):
        return "Correct PERDURE_URL (or --url)"
    create = "perdure migrate creates it" if folder.is_dir() else f"mkdir -p {shlex.quote(str(folder))} && perdure migrate"
    return f"{create}, or correct PERDURE_URL (or --url)"


def database_finding(failure: Exception, where: str) -> Finding:
    """Return what an error of a database, or of its URL, comes to."""
    if isinstance(failure, StoreError):
        code, advice = next(told for kind, told in REFUSALS.items() if isinstance(failure, kind))
        place = where or failure.store
        if code == "database-unreachable" and place.startswith("sqlite"):
            advice = "See that this user may read the file, and that no other process holds it (lsof)"
        return error(code, place, one_line(failure.problem), advice)
    if isinstance(failure, DriverMissing):
        problem = f"it needs {failure.driver}, which is not installed"
        return error("driver-missing", failure.url, problem, f"pip install 'perdure[{failure.extra}]'")
    if isinstance(failure, InvalidStoreUrl):
        return error("database-url", failure.url, one_line(failure.problem), "Correct PERDURE_URL (or --url): sqlite:///app.db")
    return error("database-url", where or "the database", one_line(failure), "Correct PERDURE_URL (or --url)")
