"""The vocabulary of database migrations."""

from __future__ import annotations

from perdure import Statuses, StatusFamily


class MigrationStatuses(StatusFamily, name="migration"):
    """What became of a migration; plugins add to it with `extends=MigrationStatuses`."""

    UNKNOWN = Statuses.UNKNOWN
    SUCCESS = Statuses.SUCCESS
    FAIL = Statuses.FAIL
