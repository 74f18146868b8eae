"""The record of migrations, kept as the status of this module."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import attrs

from perdure import StatusCode, StatusSpec, field
from perdure_migration.statuses import MigrationStatuses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perdure import App

KEPT = 200
"""How many migrations are kept: a status is for small values."""

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

    applied: tuple[Migration, ...] = field(default=(), description="The migrations that ran, oldest first; the latest 200")


STATUS = StatusSpec("perdure-migration", MigrationStatus)


def note(app: App, version: str, name: str, status: StatusCode, problem: str | None = None) -> None:
    """Add a migration that has just ended to the record."""
    one = Migration(version, name, status, datetime.now(UTC), problem and problem[:PROBLEM_LENGTH])
    app.scope(STATUS).status.field(lambda record: record.applied).update(lambda applied: (*applied, one)[-KEPT:])


@contextmanager
def recorded(app: App, version: str, name: str) -> Iterator[None]:
    """Run a migration of the host's own, and keep what became of it.

    ```python
    with recorded(app, "20240103_001", "add_users_table"):
        command.upgrade(config, "head")
    ```

    Args:
        app: The application; the record is that of its tenant.
        version: The migration's version.
        name: What it does.

    Raises:
        Exception: What the block raises, after it was noted as `MigrationStatuses.FAIL`.
    """
    try:
        yield
    except BaseException as error:
        note(app, version, name, MigrationStatuses.FAIL, f"{type(error).__name__}: {error}")
        raise
    note(app, version, name, MigrationStatuses.SUCCESS)
