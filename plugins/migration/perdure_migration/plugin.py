"""What this module hands in to an application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure import StatusFamily, StatusSpec, hookimpl
from perdure_migration.record import STATUS, MigrationStatus, note
from perdure_migration.statuses import MigrationStatuses

if TYPE_CHECKING:
    from perdure import App


@hookimpl
def perdure_status_specs() -> list[StatusSpec[MigrationStatus]]:
    """Declare the record of migrations."""
    return [STATUS]


@hookimpl
def perdure_status_families() -> list[type[StatusFamily]]:
    """Hand in the family `migration`."""
    return [MigrationStatuses]


@hookimpl
def perdure_opened(app: App) -> None:
    """Keep which versions perdure's own tables have just gone through.

    An upgrade of theirs that fails leaves no App to note it in: `App.open` raises it.
    """
    for version in app.upgraded:
        note(app, version, "perdure's own tables", MigrationStatuses.SUCCESS)
