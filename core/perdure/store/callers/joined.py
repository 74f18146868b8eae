"""The store within a caller's transaction: no second connection, no lock of ours, no retry, and no COMMIT."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

import attrs
from sqlalchemy import TwoPhaseTransaction
from sqlalchemy.exc import DBAPIError, PendingRollbackError, ResourceClosedError

from perdure.errors import Conflict
from perdure.metrics import Counters
from perdure.names import Key
from perdure.store import forks
from perdure.store.callers.admission import admit, begin, closed, failed, source_of
from perdure.store.callers.conflicts import ABORTED, conflict, is_lost
from perdure.store.callers.delivery import Delivery
from perdure.store.reader import Reader
from perdure.store.tables import status
from perdure.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import Dialect

    from perdure.errors import PerdureError
    from perdure.store.callers.admission import Identity
    from perdure.store.protocol import Transaction
    from perdure.store.statements import Statements

T = TypeVar("T")

TAKE_WRITE_LOCK = f"UPDATE {status.name} SET version = version WHERE 0"  # noqa: S608 - a constant
"""SQLite: begins to write, and writes nothing."""

SAVEPOINT = "SAVEPOINT perdure_write"
ROLL_BACK = "ROLLBACK TO SAVEPOINT perdure_write"
RELEASE = "RELEASE SAVEPOINT perdure_write"


def once(ask: Callable[[], Identity]) -> Callable[[], Identity]:
    """Return a function that asks when it is first called, and remembers the answer."""
    return cache(ask)


@attrs.frozen
class Home:
    """What a store tells of itself to those who join a caller's transaction.

    Attributes:
        engine: What connects to it: a connection from the same pool leads to the same database, unasked.
        shown: How messages name the database.
        compiled: Its statements for a dialect whose parameters are positional.
        fault: The error for one of the driver's, and the key it is about.
        identity: What tells the database from every other; asked once, when a connection comes from elsewhere.
        counters: What is counted.
        delivery: Whom to tell of what was written.
        statements: What was compiled, by the dialect of whom it was compiled for.
    """

    engine: Engine
    shown: str
    compiled: Callable[[Dialect], Statements]
    fault: Callable[[Any, Key | None], PerdureError]
    identity: Callable[[], Identity] = attrs.field(converter=once)
    counters: Counters = attrs.field(factory=Counters, init=False)
    delivery: Delivery = attrs.field(default=attrs.Factory(lambda home: Delivery(home.counters), takes_self=True), init=False)
    statements: WeakKeyDictionary[Dialect, Statements] = attrs.field(factory=WeakKeyDictionary, init=False)

    def __attrs_post_init__(self) -> None:
        """Have forks begin to count anew."""
        forks.watching.add(self.counters)

    def statements_for(self, dialect: Dialect) -> Statements:
        """Return the statements for a caller's dialect, compiled once."""
        found = self.statements.get(dialect)
        if found is None:
            found = self.statements[dialect] = self.compiled(with_places(dialect))
        return found

    def make_ready(self, dialect: Dialect) -> None:
        """Do what the first to join a transaction of a dialect would have to wait for: compile, and ask which database this is.

        Raises:
            StoreError: The database cannot be asked.
        """
        self.statements_for(dialect)
        self.identity()

    def joined(self, given: Any) -> JoinedStore:
        """Return the store within the transaction of a Connection or Session; see `RowStore.joined`."""
        return JoinedStore(self, source_of(given, self.shown))


class JoinedStore(Reader):
    """The rows as a caller's transaction sees them; a `RowStore`. Got from `RowStore.joined`.

    A write is whole or not there at all, also where the caller goes on after an error. On SQLite and MariaDB a savepoint sees to
    that. On PostgreSQL it would cost two round trips and buy nothing: there an error ends the caller's transaction by itself.

    Args:
        home: The App's own store.
        source: Returns the caller's connection.
    """

    def __init__(self, home: Home, source: Callable[[], Connection]) -> None:
        self.home = home
        self.shown = home.shown
        self.source = source
        self.admitted: Connection | None = None
        self.statements = home.statements_for(self.connection().dialect)

    def fetch(self, text: str, parameters: Sequence[object], about: Key | None = None) -> Sequence[Any]:
        """Run a query on the caller's connection."""
        self.home.counters.reads.count()
        key = parameters if isinstance(parameters, Key) else about
        rows: Sequence[Any] = self.execute(self.connection(), key, text, parameters).fetchall()
        return rows

    def transact(self, key: Key, work: Callable[[Transaction], T]) -> T:
        """Run `work` in the caller's transaction, once; see `RowStore`.

        Args:
            key: What the work is about, for errors.
            work: What can fail comes before its first `put`, for on PostgreSQL only an error of the database undoes that.

        Raises:
            Conflict: Another transaction was in the way; what the error says has become of the caller's.
            TransactionRefused: The caller's connection is closed, has failed or is in AUTOCOMMIT.
        """
        connection = self.connection()
        begin(connection, self.shown, key)
        execute = partial(self.execute, connection, key)
        writer = Writer(self.writing_statements(connection), execute, self.shown)
        try:
            with whole(connection, execute):
                result = work(writer)
        except Conflict:
            self.home.counters.conflicts.count()
            raise
        self.home.delivery.queue(connection, writer.written)
        return result

    def writing_statements(self, connection: Connection) -> Statements:
        """Return the statements to write with: PostgreSQL refuses to prepare a transaction that has notified."""
        statements = self.home.statements_for(connection.dialect)
        if statements.notify is not None and isinstance(connection.get_transaction(), TwoPhaseTransaction):
            return statements.silent()
        return statements

    def joined(self, connection: Any) -> JoinedStore:
        """Return the same store within another transaction, or the same; see `RowStore`."""
        return self.home.joined(connection)

    def aged(self, seconds: float, on_outage: float) -> None:
        """Return None: in a transaction everything is as it is there; see `RowStore`."""

    def connection(self) -> Connection:
        """Return the caller's connection, if it leads to the right database."""
        connection = self.source()
        if connection is not self.admitted:
            admit(connection, self.home.engine, self.shown, self.home.identity)
            self.admitted = connection
        return connection

    def execute(self, connection: Connection, key: Key | None, text: str, parameters: Sequence[object] = ()) -> Any:
        """Run one statement on the caller's connection, in the caller's thread.

        An error keeps the driver's as its cause and not SQLAlchemy's, which shows the parameters: values may be secret.
        """
        try:
            return connection.exec_driver_sql(text, tuple(parameters))
        except DBAPIError as error:
            raise self.meaning(error.orig, connection, key) from error.orig
        except ResourceClosedError as error:
            raise closed(self.shown, key) from error
        except PendingRollbackError as error:
            raise failed(self.shown, key) from error

    def meaning(self, error: BaseException | None, connection: Connection, key: Key | None) -> PerdureError:
        """Return what to raise for an error of the driver."""
        if getattr(error, "sqlstate", None) == ABORTED:
            return failed(self.shown, key)
        problem = conflict(error, connection)
        return Conflict(self.shown, problem, key) if problem else self.home.fault(error, key)


@contextmanager
def whole(connection: Connection, execute: Callable[[str], object]) -> Iterator[None]:
    """See to it that all of a body's statements count, or none."""
    name = connection.dialect.name
    if name == "postgresql":
        yield
        return
    if name == "sqlite":
        # First of all, since who reads before it writes may have read what is old by then. It begins the transaction too, where
        # the driver leaves that to the first write; a savepoint would otherwise begin it, and commit when it is released.
        execute(TAKE_WRITE_LOCK)
    execute(SAVEPOINT)
    try:
        yield
    except BaseException as error:
        if not is_lost(error.__cause__, connection):
            execute(ROLL_BACK)
        raise
    if name == "sqlite":  # MariaDB has one savepoint of a name, and drops it with the next: a round trip less
        execute(RELEASE)


def with_places(dialect: Dialect) -> Dialect:
    """Return a dialect that compiles alike, to text whose parameters have places and no names."""
    placed: Any = copy.copy(dialect)
    placed.paramstyle = {"pyformat": "format", "named": "qmark"}.get(dialect.paramstyle, dialect.paramstyle)
    placed.positional = True
    return placed  # type: ignore[no-any-return]
