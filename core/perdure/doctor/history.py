"""Versions that went back or are none, and changes in the history that cannot be read."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from perdure.doctor.database import rows
from perdure.doctor.finding import error, one_line, warning
from perdure.doctor.keys import key_finding
from perdure.doctor.values import Values
from perdure.errors import ValueCorrupt, ValueFromNewerVersion, place
from perdure.records.entry import OPERATIONS, moment
from perdure.store.rows import ChangeRow, is_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perdure.doctor.case import Case
    from perdure.doctor.database import Database
    from perdure.doctor.finding import Finding
    from perdure.doctor.plugins import Installed
    from perdure.scope.declared import DeclaredName

DAMAGED = (
    "SELECT tenant, module, name, version FROM perdure_status "
    "WHERE version IS NULL OR version < 0 OR (version = 0 AND value IS NOT NULL) OR version = 9223372036854775807{more} "
    "ORDER BY tenant, module, name"
)
"""Rows whose version is none, or the last that there can be."""

NO_NUMBER = {"sqlite": " OR typeof(version) <> 'integer'"}
"""SQLite keeps anything in any column."""

BEHIND = (
    "SELECT tenant, module, name, version FROM perdure_status s WHERE EXISTS (SELECT 1 FROM perdure_change c WHERE "
    "c.tenant = s.tenant AND c.module = s.module AND c.name = s.name AND c.version > s.version) ORDER BY tenant, module, name"
)
"""Rows whose history goes on where they have not been yet."""

GONE = (
    "SELECT DISTINCT tenant, module, name FROM perdure_change c WHERE NOT EXISTS (SELECT 1 FROM perdure_status s WHERE "
    "c.tenant = s.tenant AND c.module = s.module AND c.name = s.name) ORDER BY tenant, module, name"
)
"""Keys of which only a history is left."""

CHANGED = "SELECT DISTINCT tenant, module, name FROM perdure_change"

EVERY_CHANGE = (
    "SELECT tenant, module, name, version, operation, value, encoding, record_version, change_set, actor, reason, at "
    "FROM perdure_change ORDER BY tenant, module, name, version"
)

TOLD_EVERY = 1000

TAKEN = "the next write would take a version that was taken"

RESTORE = "Restore the tables from a backup; perdure export keeps what can still be read"


def history_findings(database: Database, installed: Installed, case: Case) -> Iterator[Finding]:
    """Tell of versions that cannot be right and, where all is to be looked through, of changes that cannot be read.

    Args:
        database: Where they are.
        installed: What declares the names.
        case: Whether all is to be looked through, and who is told how many changes were seen.
    """
    with database.reading() as connection:
        for tenant, module, name, version in rows(connection, DAMAGED.format(more=NO_NUMBER.get(database.backend, ""))):
            problem = f"its version is {version!r:.40}, expected a whole number above 0"
            yield error("version-damaged", place(tenant, module, name), problem, RESTORE)
        for tenant, module, name, version in rows(connection, BEHIND):
            problem = (
                f"it is at version {version!r:.40}, and its history goes on: the next write would take a version that was taken"
            )
            yield error("version-behind", place(tenant, module, name), problem, RESTORE)
        if case.deep:
            for key in rows(connection, CHANGED):
                if not is_key(key):
                    yield key_finding("perdure_change", key)
            for key in rows(connection, GONE):
                problem = f"it has a history and no row: {TAKEN}"
                yield error("version-behind", place(*key), problem, RESTORE)
            yield from change_findings((ChangeRow._make(each) for each in rows(connection, EVERY_CHANGE)), installed, case)


def change_findings(changes: Iterator[ChangeRow], installed: Installed, case: Case) -> Iterator[Finding]:
    """Tell of changes that `revert` cannot bring back, or of which `history` cannot tell how they were made."""
    values = Values(installed, case.policy)
    for count, change in enumerate(changes, 1):
        if count % TOLD_EVERY == 0:
            case.progress("changes", count)
        declared = values.declaration(change.module, change.name)
        if declared is not None and is_key(change[:3]) and (found := change_finding(declared, change)):
            yield found


def change_finding(declared: DeclaredName, change: ChangeRow) -> Finding | None:
    """Return what is wrong with a change, or None."""
    unread, unknown = unreadable(declared, change), untold(change)
    if unread is None and unknown is None:
        return None
    where = place(change.tenant, declared.module, declared.name)
    name = shlex.join((declared.module, declared.name))
    whose = f" --tenant {shlex.quote(change.tenant)}" if change.tenant else ""
    if unread is not None:
        advice = f"perdure history {name}{whose} shows the others; perdure forget {name}{whose} erases all of them"
        return warning("history-unreadable", where, f"version {change.version} cannot be gone back to: {unread}", advice)
    advice = f"Mend its row in perdure_change by hand, or leave it: perdure revert {name} {change.version}{whose} goes back to it"
    return warning("history-damaged", where, f"when or how version {change.version} was written is damaged: {unknown}", advice)


def untold(change: ChangeRow) -> str | None:
    """Return what cannot be told of a change besides what it stored, or None."""
    try:
        moment(change.at)
    except (TypeError, OverflowError):
        return f"expected a time in microseconds, got {change.at!r:.40}"
    if change.operation not in OPERATIONS:
        return f"expected an operation such as 'set', got {change.operation!r:.40}"
    return None


def unreadable(declared: DeclaredName, change: ChangeRow) -> str | None:
    """Return why what a change stored cannot be read, or None."""
    if change.text is None:
        return None
    try:
        declared.decoded(change.tenant, change.stored)
    except ValueCorrupt as corrupt:
        return one_line(f"{corrupt.path}: {corrupt.problem}")
    except ValueFromNewerVersion as newer:
        return f"newer code wrote it, in record version {newer.found}; what is installed reads up to {newer.newest}"
    return None
