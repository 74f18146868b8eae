"""Creates and upgrades the tables. The only file that imports Alembic, and imported only where there is something to do."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import alembic.context
import alembic.op
from alembic import command
from alembic.config import Config

from perdure.store.schema import versions
from perdure.store.schema.alone import alone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

SCRIPTS = "perdure.store.schema:migrations"


def config_for(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration, which needs no file.

    Args:
        connection: What `migrations/env.py` is to run on.
    """
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """Create or upgrade perdure's tables as a step in a host's own chain of migrations.

    In a revision of the host's: `upgrade(op.get_bind())`, in its `upgrade()`. Where they are as they should be, nothing is done.

    Args:
        connection: The host's, in the host's transaction, which it commits itself.

    Raises:
        SchemaMismatch: The tables are newer than this perdure, or nobody knows which they are.
    """
    shown = connection.engine.url.set(query={}).render_as_string()
    with alone(connection):
        if not versions.is_current(versions.revision(connection, shown), shown):
            upgrade_tables(connection)


def upgrade_tables(connection: Connection) -> None:
    """Bring the tables to `HEAD` within the transaction that is open on the connection."""
    with proxies_restored():
        command.upgrade(config_for(connection), versions.HEAD)


@contextmanager
def proxies_restored() -> Iterator[None]:
    """Give `alembic.op` and `alembic.context` back to the migration that is running around ours, if there is one."""
    outer = [getattr(module, "_proxy", None) for module in (alembic.op, alembic.context)]
    try:
        yield
    finally:
        for proxy in outer:
            if proxy is not None:
                proxy._install_proxy()  # noqa: SLF001 - Alembic knows no nesting: it takes away what it found
