"""Creates and upgrades the tables. The only file that imports Alembic, and imported only where there is something to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config

from perdure.store.schema import HEAD

if TYPE_CHECKING:
    from sqlalchemy import Connection

SCRIPTS = "perdure.store:migrations"


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
    """Bring the tables to `HEAD` within the transaction that is open on the connection."""
    command.upgrade(config_for(connection), HEAD)
