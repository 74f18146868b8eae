"""The vocabulary of database migrations: what became of each."""

from __future__ import annotations

from perdure import Statuses, StatusFamily, hookimpl

__all__ = ["MigrationStatuses"]


class MigrationStatuses(StatusFamily, name="migration"):
    """What became of a migration; plugins add to it with `extends=MigrationStatuses`."""

    UNKNOWN = Statuses.UNKNOWN
    SUCCESS = Statuses.SUCCESS
    FAIL = Statuses.FAIL


@hookimpl
def perdure_status_families() -> list[type[StatusFamily]]:
    """Hand in the family `migration`."""
    return [MigrationStatuses]
