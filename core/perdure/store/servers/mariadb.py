"""The store on MariaDB, by PyMySQL."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pymysql  # type: ignore[import-untyped]
from sqlalchemy import Engine, case, event, literal_column, make_url
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.exc import InvalidRequestError

from perdure.errors import InvalidStoreUrl
from perdure.lock.advisory import MariaDBSessionLocks
from perdure.store.servers import mariadb_faults
from perdure.store.servers.connecting import CONNECT_TIMEOUT, checked_host, engine_for
from perdure.store.servers.prepare import prepared
from perdure.store.servers.store import ServerStore
from perdure.store.statements import MADE, Statements, can_be_replaced, distinct_tenants, locked_row, replaced_by
from perdure.store.tables import status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from sqlalchemy import URL, Connection, Insert
    from sqlalchemy.engine import Dialect

    from perdure.store.faults import Refusal
    from perdure.store.protocol import Durability
    from perdure.store.statement import Execute, Rows

LOCK_TIMEOUT = 5
"""Seconds for which MariaDB waits for another transaction's row before it is asked anew; a host's sessions keep their own."""

READ_TIMEOUT = 60
"""Seconds for which a statement is waited for."""

ARGUMENTS = {
    "connect_timeout": CONNECT_TIMEOUT,
    "read_timeout": CONNECT_TIMEOUT,  # the greeting of a server is read under this one, and `patient` sets it anew
    "write_timeout": 60,
    "init_command": f"SET SESSION innodb_lock_wait_timeout = {LOCK_TIMEOUT}",
}

SETTINGS = (
    "SELECT @@global.innodb_flush_log_at_trx_commit, @@global.log_bin, @@global.sync_binlog, @@session.max_allowed_packet, "
    "@@session.character_set_client, @@session.character_set_connection, @@session.character_set_results"
)
IN_TRANSACTION = 1
"""A flag of the status that the server sends with every answer."""

NEEDED = (10, 5)
"""The first version that knows INSERT … RETURNING."""

logger = logging.getLogger("perdure.store")


class MariaDB:
    """How MariaDB is spoken to; a `Driver`.

    Args:
        longest: The bytes of the longest statement that the server takes.
    """

    product = "MariaDB"
    error = pymysql.Error
    session_locks = MariaDBSessionLocks()
    isolation = "REPEATABLE READ"
    opening = "SELECT 1"  # what a commit survives is the same for all of a MariaDB's sessions

    def __init__(self, longest: int = 0) -> None:
        dialect: Any = make_url("mariadb+pymysql://").get_dialect()
        self.statements = self.compiled(dialect(paramstyle="format"))
        self.longest = longest

    def compiled(self, dialect: Dialect) -> Statements:
        """See `Driver.compiled`."""
        # No leaps: its recursion ends without a word after 1000 rows.
        return Statements(dialect, lock=lock_by_insert, put=upsert_on_duplicate, tenants=distinct_tenants)

    def is_autocommit(self, connection: pymysql.Connection[Any]) -> bool:
        """See `Driver.is_autocommit`."""
        return bool(connection.get_autocommit())

    def autocommit(self, connection: pymysql.Connection[Any]) -> bool:
        """See `Driver.autocommit`."""
        if getattr(connection, "server_status", 0) & IN_TRANSACTION:
            connection.rollback()  # or autocommit would commit it
        if connection.get_autocommit():
            return True
        connection.autocommit(True)  # noqa: FBT003 - the driver's own signature
        return False

    def no_autocommit(self, connection: pymysql.Connection[Any]) -> None:
        """See `Driver.no_autocommit`."""
        connection.autocommit(False)  # noqa: FBT003 - the driver's own signature

    def query(self, connection: pymysql.Connection[Any]) -> Callable[[str, Sequence[object]], Sequence[Any]]:
        """See `Driver.query`."""
        cursor = connection.cursor(pymysql.cursors.Cursor)
        execute, fetchall = cursor.execute, cursor.fetchall

        def query(text: str, parameters: Sequence[object]) -> Sequence[Any]:
            execute(text, parameters)
            rows: Sequence[Any] = fetchall()
            return rows

        return query

    def begin(self, connection: pymysql.Connection[Any]) -> None:
        """See `Driver.begin`."""
        connection.begin()

    def executing(self, connection: pymysql.Connection[Any]) -> Execute:
        """See `Driver.executing`."""
        cursor: Any = connection.cursor(pymysql.cursors.Cursor)

        def execute(text: str, parameters: Sequence[object]) -> Rows:
            if sum([len(each) for each in parameters if isinstance(each, str)]) * 8 > self.longest:
                length = len(cursor.mogrify(text, parameters).encode("utf-8", "surrogateescape"))
                if length >= self.longest:
                    # The server would close the connection, which looks like a loss.
                    raise pymysql.OperationalError(1153, f"{length} bytes are more than max_allowed_packet = {self.longest}")
            cursor.execute(text, parameters)
            rows: Rows = cursor
            return rows

        return execute

    def refusal(self, error: BaseException) -> Refusal:
        """See `Driver.refusal`."""
        return mariadb_faults.refusal(error)


def upsert_on_duplicate() -> Insert:
    """Return MariaDB's upsert: the first version is 1, and every write moves it by one.

    It has no condition of its own. A row that is newer than its writer can read keeps its record version, by which it is known,
    and the transaction is undone.
    """
    arriving = insert(status).values(version=literal_column("1"))
    replaced = replaced_by(arriving.inserted)
    kept = case((can_be_replaced(), arriving.inserted.record_version), else_=status.c.record_version)
    return arriving.on_duplicate_key_update(list({**replaced, "record_version": kept}.items())).returning(*MADE)


def lock_by_insert() -> Insert:
    """Return the statement that locks a key, be there a row or not."""
    locking = insert(status).values(**locked_row())
    return locking.on_duplicate_key_update(version=status.c.version).returning(*status.c)


class MariaDBStore(ServerStore):
    """perdure's tables in a MariaDB database; a `Store`."""

    @classmethod
    def open(cls, where: URL | Engine, *, durability: Durability = "full", migrate: bool = True) -> Self:
        """Open a database, and create or upgrade its tables where that is needed.

        Args:
            where: `mariadb+pymysql://…` or `mysql+pymysql://…`, or a host's engine, which is used as it is and never
                disposed of.
            durability: `full` survives power loss, `normal` a killed server. MariaDB knows this for the whole server only:
                where it gives less than `full`, that is logged as a warning.
            migrate: Whether tables may be created or upgraded.

        Raises:
            InvalidArgument: The engine is asynchronous, or of another driver.
            InvalidStoreUrl: The server is no MariaDB, too old, or the connection is not in utf8mb4.
            StoreError: The database cannot be opened, or its tables do not fit.
        """
        own = not isinstance(where, Engine)
        if isinstance(where, Engine):
            engine = checked_host(where, {"mariadb": "pymysql", "mysql": "pymysql"})
        else:
            url = where.set(drivername="mariadb+pymysql").update_query_dict({"charset": "utf8mb4"})
            engine = engine_for(url, ARGUMENTS)
            event.listen(engine, "connect", patient)

        def driver_for(connection: Connection) -> MariaDB:
            return MariaDB(longest_statement(connection, durability))

        try:
            return prepared(cls, engine, MariaDB(), driver_for, own=own, migrate=migrate)
        except InvalidRequestError as error:  # what SQLAlchemy says of a MySQL that it was to treat as a MariaDB
            raise not_usable(engine, "its server is no MariaDB") from error


def patient(connection: Any, _record: object) -> None:
    """Let a connection that is there wait longer than one that is being made."""
    connection._read_timeout = READ_TIMEOUT  # noqa: SLF001 - PyMySQL has one setting for both, and no other way


def longest_statement(connection: Connection, durability: Durability) -> int:
    """Return the bytes of the longest statement that the server takes; where it is less durable than asked for, say so.

    Raises:
        InvalidStoreUrl: The server or the connection cannot be used.
    """
    dialect = connection.dialect
    version = dialect.server_version_info or ()
    if not getattr(dialect, "is_mariadb", False):
        raise not_usable(connection.engine, "its server is MySQL, which has no INSERT … RETURNING; MariaDB has")
    if version < NEEDED:
        raise not_usable(connection.engine, f"its server is MariaDB {'.'.join(map(str, version))}, and 10.5 is needed")
    flush, binlog, sync_binlog, longest, *charsets = connection.exec_driver_sql(SETTINGS).one()
    if set(charsets) != {"utf8mb4"}:
        raise not_usable(connection.engine, "its connections are not in utf8mb4: append ?charset=utf8mb4")
    missing = [] if flush in (1, 3) else ["innodb_flush_log_at_trx_commit = 1"]
    missing += ["sync_binlog = 1"] if binlog and sync_binlog != 1 else []
    if durability == "full" and missing:
        advice = f"Its administrator must set {' and '.join(missing)}, for the whole server"
        logger.warning("durability='full' is not had: this MariaDB can lose committed writes in a loss of power. %s", advice)
    return int(longest)


def not_usable(engine: Engine, problem: str) -> InvalidStoreUrl:
    """Return the error for a database that is none of ours."""
    return InvalidStoreUrl(engine.url.set(query={}).render_as_string(), problem)
