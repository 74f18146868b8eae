"""Run by Alembic for every command: migrates on the connection, and in the transaction, that `upgrade` hands in."""

from __future__ import annotations

from alembic import context

from perdure.store.schema.versions import VERSION_TABLE
from perdure.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
