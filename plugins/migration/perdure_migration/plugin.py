"""What this module hands in to an application."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from perdure import StatusFamily, StatusSpec, StoreReadOnly, hookimpl
from perdure_migration.record import STATUS, MigrationStatus, note_missing
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
    """Keep which versions perdure's own tables have gone through, whoever upgraded them.

    An upgrade of theirs that fails leaves no App to note it in: `App.open` raises it.
    """
    with suppress(StoreReadOnly):
        note_missing(app, app.schema_versions, "perdure's own tables")
