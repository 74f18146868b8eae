"""The store on PostgreSQL, by psycopg 3."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row
from sqlalchemy import Engine, func, literal_column, make_url, select
from sqlalchemy.dialects import postgresql

from perdure.lock.advisory import PostgreSQLSessionLocks
from perdure.store.servers import postgresql_faults
from perdure.store.servers.connecting import CONNECT_TIMEOUT, checked_host, engine_for
from perdure.store.servers.notices import CHANNEL, Notices
from perdure.store.servers.prepare import prepared
from perdure.store.servers.store import ServerStore
from perdure.store.statements import KEY, Statements, locked_row, upsert_on_conflict
from perdure.store.tables import status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from sqlalchemy import URL, Connection, Insert, Select
    from sqlalchemy.engine import Dialect

    from perdure.store.faults import Refusal
    from perdure.store.protocol import Durability
    from perdure.store.statement import Execute

LOCK_TIMEOUT = "5s"
"""For how long PostgreSQL waits for another transaction's row before it is asked anew."""

SETTINGS = "SELECT current_setting('synchronous_commit'), current_setting('fsync'), current_setting('full_page_writes')"

logger = logging.getLogger("perdure.store")


def lock_by_insert() -> Insert:
    """Return the statement that locks a key, be there a row or not."""
    locking = postgresql.insert(status).values(**locked_row())
    return locking.on_conflict_do_update(index_elements=list(KEY), set_={"version": status.c.version}).returning(*status.c)


def notify_at_commit() -> Select[*tuple[Any, ...]]:
    """Return the statement that has PostgreSQL tell whoever listens, once the transaction is committed.

    It says nothing of what was written: of notifications that are alike, a transaction sends one.
    """
    return select(func.pg_notify(literal_column(f"'{CHANNEL}'"), literal_column("''")))


class PostgreSQL:
    """How PostgreSQL is spoken to; a `Driver`.

    Args:
        synchronous_commit: What each transaction of ours is committed with.
        notify: Whether every write notifies.
    """

    product = "PostgreSQL"
    error = psycopg.Error
    session_locks = PostgreSQLSessionLocks()
    isolation = "READ COMMITTED"

    def __init__(self, synchronous_commit: str, *, notify: bool = False) -> None:
        self.notify = notify
        dialect: Any = make_url("postgresql+psycopg://").get_dialect()
        self.statements = self.compiled(dialect(paramstyle="format"))
        self.opening = f"SELECT set_config('synchronous_commit', '{synchronous_commit}', true)"
        # For the transaction alone, so that a host's sessions stay as they are; in one round trip.
        settings = f"SET LOCAL synchronous_commit = {synchronous_commit}; SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"
        self.beginning = f"BEGIN ISOLATION LEVEL {self.isolation}; {settings}".encode()

    def compiled(self, dialect: Dialect) -> Statements:
        """See `Driver.compiled`."""
        notify = notify_at_commit if self.notify else None
        return Statements(dialect, lock=lock_by_insert, put=partial(upsert_on_conflict, postgresql.insert), notify=notify)

    def is_autocommit(self, connection: psycopg.Connection[Any]) -> bool:
        """See `Driver.is_autocommit`."""
        return connection.autocommit

    def autocommit(self, connection: psycopg.Connection[Any]) -> bool:
        """See `Driver.autocommit`."""
        if connection.info.transaction_status != TransactionStatus.IDLE:
            connection.rollback()
        if connection.autocommit:
            return True
        connection.autocommit = True
        return False

    def no_autocommit(self, connection: psycopg.Connection[Any]) -> None:
        """See `Driver.no_autocommit`."""
        connection.autocommit = False

    def query(self, connection: psycopg.Connection[Any]) -> Callable[[str, Sequence[object]], Sequence[Any]]:
        """See `Driver.query`."""
        cursor: Any = connection.cursor(row_factory=tuple_row)  # one for all: making one costs a third of a read
        execute = cursor.execute

        def query(text: str, parameters: Sequence[object]) -> Sequence[Any]:
            rows: Sequence[Any] = execute(text, parameters).fetchall()
            return rows

        return query

    def begin(self, connection: psycopg.Connection[Any]) -> None:
        """See `Driver.begin`."""
        connection.execute(self.beginning, prepare=False)  # several statements cannot be prepared as one

    def executing(self, connection: psycopg.Connection[Any]) -> Execute:
        """See `Driver.executing`."""
        cursor: Any = connection.cursor(row_factory=tuple_row)
        execute: Execute = cursor.execute
        return execute

    def refusal(self, error: BaseException) -> Refusal:
        """See `Driver.refusal`."""
        return postgresql_faults.refusal(error)


class PostgreSQLStore(ServerStore):
    """perdure's tables in a PostgreSQL database; a `Store`."""

    @classmethod
    def open(cls, where: URL | Engine, *, durability: Durability = "full", migrate: bool = True, notify: bool = False) -> Self:
        """Open a database, and create or upgrade its tables where that is needed.

        Args:
            where: `postgresql+psycopg://…`, or a host's engine, which is used as it is and never disposed of.
            durability: `full` survives power loss, `normal` a killed server.
            migrate: Whether tables may be created or upgraded.
            notify: Whether every write tells watchers in other processes at once, by NOTIFY, and those here listen. PostgreSQL
                puts the commits of all that notify in one line, so it is for those who need it.

        Raises:
            InvalidArgument: The engine is asynchronous, or of another driver.
            StoreError: The database cannot be opened, or its tables do not fit.
        """
        own = not isinstance(where, Engine)
        arguments = {
            "connect_timeout": CONNECT_TIMEOUT,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "tcp_user_timeout": 15_000,
        }
        engine = checked_host(where, {"postgresql": "psycopg"}) if isinstance(where, Engine) else engine_for(where, arguments)

        def driver_for(connection: Connection) -> PostgreSQL:
            return PostgreSQL(synchronous_commit(connection, durability), notify=notify)

        return prepared(cls, engine, PostgreSQL(""), driver_for, own=own, migrate=migrate)

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Have a function called soon after other processes have committed writes, where writes notify; see `Store`."""
        if self.statements.notify is None:
            return super().listen(wake)
        return Notices(self.engine, wake).end


def synchronous_commit(connection: Connection, durability: Durability) -> str:
    """Return what transactions are to be committed with; where the server itself gives less, say so."""
    standing, fsync, full_page_writes = connection.exec_driver_sql(SETTINGS).one()
    if durability == "normal":
        return "off"
    if missing := [name for name, value in (("fsync", fsync), ("full_page_writes", full_page_writes)) if value == "off"]:
        advice = f"Its administrator must set {' and '.join(missing)} on"
        logger.warning("durability='full' is not had: this PostgreSQL can lose committed writes in a loss of power. %s", advice)
    return "on" if standing == "off" else str(standing)  # 'remote_apply' is more than 'on', and stays
