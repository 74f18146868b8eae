"""The record of migrations, kept as the status of this module."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import attrs

from perdure import PerdureError, StatusCode, StatusSpec, field
from perdure_migration.statuses import MigrationStatuses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perdure import App, Field

KEPT = 50
"""How many migrations are kept: a status is for small values."""

NAME_LENGTH = 100
"""How many characters of a version or name are kept."""

PROBLEM_LENGTH = 200
"""How many characters of what went wrong are kept."""


@attrs.frozen
class Migration:
    """One migration that ran.

    Attributes:
        version: Its version, such as `20240103_001`.
        name: What it does, such as `add_users_table`.
        status: A code of `MigrationStatuses`.
        applied_at: When it ended; aware, UTC.
        problem: What went wrong, where it failed.
    """

    version: str
    name: str
    status: StatusCode
    applied_at: datetime
    problem: str | None = None


@attrs.frozen
class MigrationStatus:
    """What this module remembers."""

    applied: tuple[Migration, ...] = field(default=(), description="The migrations that ran, oldest first; the latest 50")


STATUS = StatusSpec("perdure-migration", MigrationStatus)


def note(app: App, version: str, name: str, status: StatusCode, problem: str | None = None) -> None:
    """Add a migration that has just ended to the record."""
    told = problem and problem[:PROBLEM_LENGTH].encode("utf-8", "backslashreplace").decode()
    one = Migration(version[:NAME_LENGTH], name[:NAME_LENGTH], status, datetime.now(UTC), told)
    field_of(app).update(lambda applied: (*applied, one)[-KEPT:])


def note_missing(app: App, versions: tuple[str, ...], name: str) -> None:
    """Add those versions that the record does not have: they have succeeded, or there would be no App."""
    record = field_of(app)

    def missing(applied: tuple[Migration, ...]) -> list[str]:
        known = {each.version for each in applied}
        return [version for version in versions if version not in known]

    def completed(applied: tuple[Migration, ...]) -> tuple[Migration, ...]:
        now = datetime.now(UTC)
        new = (Migration(version, name, MigrationStatuses.SUCCESS, now) for version in missing(applied))
        return (*applied, *new)[-KEPT:]

    if missing(record.required()):
        record.update(completed)


def field_of(app: App) -> Field[tuple[Migration, ...]]:
    """Return the record: one for the whole database, which is why it lies with the tenant of nobody."""
    return app.tenant("").scope(STATUS).status.field(lambda record: record.applied)


@contextmanager
def recorded(app: App, version: str, name: str) -> Iterator[None]:
    """Run a migration of the host's own, and keep what became of it.

    ```python
    with recorded(app, "20240103_001", "add_users_table"):
        command.upgrade(config, "head")
    ```

    Args:
        app: The application.
        version: The migration's version.
        name: What it does.

    Raises:
        Exception: What the block raises, after it was noted as `MigrationStatuses.FAIL`.
    """
    try:
        yield
    except BaseException as error:
        try:
            note(app, version, name, MigrationStatuses.FAIL, f"{type(error).__name__}: {error}")
        except PerdureError as unnoted:  # what went wrong with the migration matters more
            error.add_note(f"It could not be noted either: {unnoted}")
        raise
    note(app, version, name, MigrationStatuses.SUCCESS)
