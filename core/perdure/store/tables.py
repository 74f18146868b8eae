"""The two tables, as SQLAlchemy sees them. What creates and alters them is `migrations`; a test keeps the two alike."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, MetaData, PrimaryKeyConstraint, String, Table, Text

from perdure.names import ACTOR_LENGTH, CHANGE_SET_LENGTH, MODULE_LENGTH, NAME_LENGTH, TENANT_LENGTH

CODE_LENGTH = 32

EXACT = "utf8mb4_nopad_bin"
"""The one collation of MariaDB that keeps `Enable`, `enable` and `enable ` apart."""


BY_CODE_POINT = "C"
"""PostgreSQL's collation that orders as SQLite and MariaDB do here, and that no upgrade of the system's locales can change."""

OPTIONS: dict[str, Any] = {"sqlite_with_rowid": False}
"""Of MariaDB's, none: to check one, SQLAlchemy would import that dialect and its drivers on every database."""


class LongText(Text):
    """MariaDB's LONGTEXT. SQLAlchemy's own would bring every driver of MariaDB to those who use another database."""

    __visit_name__ = "LONGTEXT"


def exact_string(length: int) -> String:
    """Return the type of a short text that is compared and ordered character by character on every database."""
    by_code_point = String(length, collation=BY_CODE_POINT)
    mariadb = String(length, collation=EXACT)
    return String(length).with_variant(by_code_point, "postgresql").with_variant(mariadb, "mysql", "mariadb")


def exact_text() -> Text:
    """Return the type of a text without a limit: MariaDB's TEXT ends at 64 kB."""
    return Text().with_variant(LongText(collation=EXACT), "mysql", "mariadb")


def key_columns() -> tuple[Column[Any], ...]:
    """Return the columns of a `Key`, in its order."""
    return (
        Column("tenant", exact_string(TENANT_LENGTH), nullable=False),
        Column("module", exact_string(MODULE_LENGTH), nullable=False),
        Column("name", exact_string(NAME_LENGTH), nullable=False),
    )


metadata = MetaData()

status = Table(
    "perdure_status",
    metadata,
    *key_columns(),
    Column("value", exact_text()),
    Column("encoding", exact_string(CODE_LENGTH), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("record_version", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("actor", exact_string(ACTOR_LENGTH)),
    PrimaryKeyConstraint("tenant", "module", "name", name="pk_perdure_status"),
    **OPTIONS,
)

change = Table(
    "perdure_change",
    metadata,
    *key_columns(),
    Column("version", BigInteger, nullable=False, autoincrement=False),
    Column("operation", exact_string(CODE_LENGTH), nullable=False),
    Column("value", exact_text()),
    Column("encoding", exact_string(CODE_LENGTH), nullable=False),
    Column("record_version", Integer, nullable=False),
    Column("change_set", exact_string(CHANGE_SET_LENGTH)),
    Column("actor", exact_string(ACTOR_LENGTH)),
    Column("reason", exact_text()),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "module", "name", "version", name="pk_perdure_change"),
    **OPTIONS,
)
