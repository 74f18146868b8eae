"""The tables of status values and their history."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import LONGTEXT, VARCHAR

revision = "0001"
down_revision = None

EXACT = "utf8mb4_nopad_bin"
OPTIONS: dict[str, Any] = {
    "sqlite_with_rowid": False,
    "mysql_engine": "InnoDB",
    "mariadb_engine": "InnoDB",
    # MariaDB commits each table by itself: what was killed between the two goes on where it stopped.
    "if_not_exists": True,
}


def exact_string(length: int) -> sa.String:
    """Return a short text, compared and ordered character by character."""
    by_code_point = sa.String(length, collation="C")
    mariadb = VARCHAR(length, collation=EXACT)
    return sa.String(length).with_variant(by_code_point, "postgresql").with_variant(mariadb, "mysql", "mariadb")


def exact_text() -> sa.Text:
    """Return a text without a limit."""
    return sa.Text().with_variant(LONGTEXT(collation=EXACT), "mysql", "mariadb")


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "perdure_status",
        sa.Column("tenant", exact_string(64), nullable=False),
        sa.Column("module", exact_string(255), nullable=False),
        sa.Column("name", exact_string(255), nullable=False),
        sa.Column("value", exact_text()),
        sa.Column("encoding", exact_string(32), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("record_version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("actor", exact_string(255)),
        sa.PrimaryKeyConstraint("tenant", "module", "name", name="pk_perdure_status"),
        **OPTIONS,
    )
    op.create_table(
        "perdure_change",
        sa.Column("tenant", exact_string(64), nullable=False),
        sa.Column("module", exact_string(255), nullable=False),
        sa.Column("name", exact_string(255), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("operation", exact_string(32), nullable=False),
        sa.Column("value", exact_text()),
        sa.Column("encoding", exact_string(32), nullable=False),
        sa.Column("record_version", sa.Integer, nullable=False),
        sa.Column("change_set", exact_string(64)),
        sa.Column("actor", exact_string(255)),
        sa.Column("reason", exact_text()),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "module", "name", "version", name="pk_perdure_change"),
        **OPTIONS,
    )
