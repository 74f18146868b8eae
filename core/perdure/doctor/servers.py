"""Servers: whether they can be used, keep what is committed, let us write, and take values as long as they may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure.doctor.finding import error, info, one_line, warning
from perdure.errors import InvalidStoreUrl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from perdure.doctor.database import Database
    from perdure.doctor.finding import Finding

POSTGRESQL = (
    "SELECT current_setting('synchronous_commit'), current_setting('fsync'), current_setting('full_page_writes'), "
    "pg_is_in_recovery(), (SELECT reset_val FROM pg_settings WHERE name = 'default_transaction_read_only')"
)
MARIADB = (
    "SELECT @@global.innodb_flush_log_at_trx_commit, @@global.log_bin, @@global.sync_binlog, @@session.max_allowed_packet, "
    "@@global.read_only"
)
LOST = "a loss of power can lose what was committed"
SYNCED = (1, 3)
"""The settings of MariaDB with which every commit is synced to the disk."""

BESIDES = 4096
"""Bytes of a statement besides the value, which itself may take twice its length: quotes and backslashes are escaped."""


def server_findings(database: Database, max_value_bytes: int) -> Iterator[Finding]:
    """Tell what is wrong with a server."""
    with database.reading() as connection:
        if database.backend == "postgresql":
            yield from postgresql_findings(connection, database.shown)
        else:
            yield from mariadb_findings(connection, database.shown, max_value_bytes)


def postgresql_findings(connection: Connection, where: str) -> Iterator[Finding]:
    """Tell what is wrong with a PostgreSQL."""
    synchronous_commit, fsync, full_page_writes, recovering, read_only = connection.exec_driver_sql(POSTGRESQL).one()
    for name, value in (("fsync", fsync), ("full_page_writes", full_page_writes)):
        if value == "off":
            advice = f"ALTER SYSTEM SET {name} = on; SELECT pg_reload_conf();"
            yield warning("server-durability", where, f"{name} is off: {LOST}, or damage the database", advice)
    if synchronous_commit == "off":
        problem = f"synchronous_commit is off: {LOST} in transactions of your own. Those of perdure turn it on"
        yield info("server-durability", where, problem, "ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf();")
    if recovering:
        yield read_only_finding(where, "the server is a standby", "Name its primary in PERDURE_URL")
    elif read_only == "on":
        advice = "ALTER DATABASE … RESET default_transaction_read_only (or ALTER ROLE, or ALTER SYSTEM, wherever it is set)"
        yield read_only_finding(where, "default_transaction_read_only is on", advice)


def mariadb_findings(connection: Connection, where: str, max_value_bytes: int) -> Iterator[Finding]:
    """Tell what is wrong with a MariaDB."""
    from perdure.store.servers.mariadb import longest_statement  # noqa: PLC0415 - PyMySQL is an extra

    try:
        longest_statement(connection, "normal")
    except InvalidStoreUrl as unfit:
        yield error("server-unfit", where, one_line(unfit.problem), "Use MariaDB 10.5 or later, and connections in utf8mb4")
        return
    flush, binlog, sync_binlog, packet, read_only = connection.exec_driver_sql(MARIADB).one()
    if flush not in SYNCED:
        problem = f"innodb_flush_log_at_trx_commit is {flush}, expected 1: {LOST}"
        yield warning(
            "server-durability", where, problem, "SET GLOBAL innodb_flush_log_at_trx_commit = 1, and the same in its my.cnf"
        )
    if binlog and sync_binlog != 1:
        problem = f"sync_binlog is {sync_binlog}, expected 1: {LOST}"
        yield warning("server-durability", where, problem, "SET GLOBAL sync_binlog = 1, and the same in its my.cnf")
    needed = 2 * max_value_bytes + BESIDES
    if packet < needed:
        problem = f"max_allowed_packet is {packet} bytes, and a value of {max_value_bytes} (max_value_bytes) may need {needed}"
        yield warning(
            "server-packet", where, problem, f"SET GLOBAL max_allowed_packet = {rounded(needed)}, and the same in its my.cnf"
        )
    if read_only:
        yield read_only_finding(where, "read_only is on", "Name its primary in PERDURE_URL, or SET GLOBAL read_only = 0")


def rounded(count: int) -> int:
    """Return the next multiple of 1024, which is what the server takes."""
    return -(-count // 1024) * 1024


def read_only_finding(where: str, problem: str, advice: str) -> Finding:
    """Tell of a database that takes no writes."""
    return error("database-read-only", where, f"{problem}: every write will be refused", advice)
