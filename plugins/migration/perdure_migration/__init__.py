"""What became of database migrations: the vocabulary, and a record of perdure's own and of the host's."""

from __future__ import annotations

from perdure_migration.plugin import perdure_opened, perdure_status_families, perdure_status_specs
from perdure_migration.record import STATUS, Migration, MigrationStatus, recorded
from perdure_migration.statuses import MigrationStatuses

__all__ = [
    "STATUS",
    "Migration",
    "MigrationStatus",
    "MigrationStatuses",
    "perdure_opened",
    "perdure_status_families",
    "perdure_status_specs",
    "recorded",
]
