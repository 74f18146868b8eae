"""The store on a server, whichever it is: reads in autocommit, transactions tried again, connections replaced when lost."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlalchemy.exc import DBAPIError

from perdure.errors import Conflict, StoreUnavailable
from perdure.lock.advisory import AdvisoryNamedLocks
from perdure.names import Key
from perdure.store import forks
from perdure.store.aged.snapshots import Snapshots
from perdure.store.callers.admission import failed, identity_of, mark_process
from perdure.store.callers.conflicts import can_commit, conflict, is_known_rollback
from perdure.store.callers.joined import Home
from perdure.store.database import DatabaseStore
from perdure.store.faults import Address
from perdure.store.servers.attempt import INHERITED_TRANSACTION, ServerAttempt
from perdure.store.servers.connecting import as_transaction, beside_pool
from perdure.store.servers.links import Links
from perdure.store.servers.recovery import Recovery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection, Engine

    from perdure.lock.protocol import NamedLocks
    from perdure.store.callers.admission import Identity
    from perdure.store.servers.driver import Driver
    from perdure.store.servers.links import Link
    from perdure.store.servers.recovery import Tries
    from perdure.store.writer import Writer

T = TypeVar("T")

PATIENCE = 45.0
"""Seconds for which a transaction is tried again while others are in its way; the last try may add a wait for a lock."""

KEPT_READY = 10
"""How many connections of our own pool wait ready for the next call: as many as there are threads in most servers."""

NESTED = "a write began within another transaction of the same thread, and could wait for it for ever"


class Current(threading.local):
    """What is going on in a thread."""

    attempt: ServerAttempt | None = None
    begun: bool = False


class ServerStore(DatabaseStore):
    """perdure's tables on a server; a `Store`. Build one with `PostgreSQLStore.open` or `MariaDBStore.open`.

    Args:
        engine: What connects, the tables being there.
        driver: How its connections are spoken to.
        own: Whether the engine is the store's own, to be disposed of; else a host's.
        patience: Seconds for which a transaction is tried again.

    Attributes:
        shown: How messages name the database.
        upgraded: The versions of the tables that opening went through.
        home: What joins the transactions of callers.
    """

    def __init__(self, engine: Engine, driver: Driver, *, own: bool, patience: float = PATIENCE) -> None:
        address = Address(driver.product, engine.url)
        self.engine = engine
        self.driver = driver
        self.patience = patience
        self.shown = address.shown
        self.links = Links(engine, driver, self.shown, keep=KEPT_READY if own else 0, own=own)
        self.recovery = Recovery(self.links, address)
        self.current = Current()
        self.statements = driver.statements
        self.home = Home(engine, self.shown, driver.compiled, self.recovery.meaning, self.identity)
        self.counters = self.home.counters
        self.snapshots = Snapshots(self.home.delivery)

    def in_transaction(self) -> bool:
        """Tell whether this thread is at the work of a transaction."""
        return self.current.attempt is not None

    def ping(self) -> float:
        """Return the seconds until the server answered; see `Store`."""
        began = time.perf_counter()
        self.fetch("SELECT 1", ())
        return time.perf_counter() - began

    def fetch(self, text: str, parameters: Sequence[object], about: Key | None = None) -> Sequence[Any]:
        """Run a query: the hot path of every read. Within a transaction's work it runs there."""
        self.counters.reads.count()
        if (attempt := self.current.attempt) is not None:
            return attempt.execute(text, parameters).fetchall()
        tries: Tries | None = None
        while True:
            link: Link | None = None
            try:
                link = self.links.take()
                rows = link.query(text, parameters)
            except BaseException as error:  # noqa: BLE001 - raised again, or what it means, unless another try may do
                tries = tries or self.recovery.of_call(parameters if isinstance(parameters, Key) else about, self.patience)
                tries.after_failed_read(error, link)
                self.begun_anew(error)
            else:
                self.links.give(link)
                self.recovery.answered()
                return rows

    def run(self, key: Key | None, work: Callable[[Writer], T]) -> T:
        """Run `work` in a transaction, again if the server asks for it or was lost before COMMIT."""
        self.refuse_nesting(key)
        tries = self.recovery.of_call(key, self.patience)
        while True:
            try:
                link = self.links.take()
            except Exception as error:  # noqa: BLE001 - raised again, or what it means, unless another try may do
                tries.after_no_connection(error)
                self.begun_anew(error)
                continue
            attempt = self.current.attempt = ServerAttempt(self.links, link, key)
            try:
                result = attempt.run(work)
            except BaseException as error:
                if error is not attempt.refusal:
                    self.links.give(link)
                    raise
                tries.after_failed_attempt(error, attempt)
                self.begun_anew(error)
            else:
                self.links.give(link)
                self.recovery.answered()
                return result
            finally:
                self.current.attempt = None

    def refuse_nesting(self, key: Key | None = None) -> None:
        """Refuse a transaction within another one of this thread."""
        if self.current.attempt is not None or self.current.begun:
            raise StoreUnavailable(self.shown, f"{NESTED}. Write after it, or within it (status.within)", key)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Return a connection with a transaction; see `Store`."""
        self.refuse_nesting()
        connection, process = self.opened(), os.getpid()
        mark_process(connection)
        current = self.current
        current.begun = True
        try:
            yield connection
            if os.getpid() != process:
                raise StoreUnavailable(self.shown, INHERITED_TRANSACTION)
            self.commit(connection)
        finally:
            current.begun = False
            if os.getpid() == process:
                if self.links.closed and self.links.own:  # and with it the pool: nobody would close what is given back to it
                    connection.invalidate()
                connection.close()
            else:  # the parent's transaction, which a ROLLBACK from here would end
                forks.keep_for_ever(connection)

    def commit(self, connection: Connection) -> None:
        """Commit what `begin` has begun.

        Raises:
            TransactionRefused: It cannot be committed, since a statement failed that the caller went on after.
            Conflict: The server rolled it back instead.
            StoreError: So it did for another reason, or nobody knows what became of it (`OutcomeUnknown`).
        """
        if not can_commit(connection):
            raise failed(self.shown, None)
        try:
            connection.commit()
        except DBAPIError as error:
            if not is_known_rollback(error.orig):
                raise self.recovery.outcome_unknown(error.orig or error, None) from error
            if problem := conflict(error.orig, connection):
                self.counters.conflicts.count()
                raise Conflict(self.shown, problem) from error.orig
            raise self.recovery.meaning(cast("Exception", error.orig)) from error

    def opened(self) -> Connection:
        """Return a connection of the pool, in a transaction that is as durable as the store."""
        tries = self.recovery.of_call(None, self.patience)
        while True:
            try:
                with self.links.in_line():
                    connection = self.engine.connect()
            except Exception as error:  # noqa: BLE001 - raised again, or what it means, unless another try may do
                tries.after_no_connection(error)
                self.begun_anew(error)
                continue
            try:
                as_transaction(connection, self.driver).exec_driver_sql(self.driver.opening)
            except BaseException as error:
                connection.close()
                if not isinstance(error, DBAPIError) or error.orig is None:
                    raise
                if not error.connection_invalidated:
                    raise self.recovery.meaning(error.orig) from error
                tries.ride_out(error.orig)
                self.begun_anew(error.orig)
            else:
                self.recovery.answered()
                return connection

    def identity(self) -> Identity:
        """Return what tells this database from every other."""
        connection = self.opened()  # not begin(), which is refused where this thread is in a transaction
        try:
            return identity_of(connection)
        finally:
            connection.close()

    def named_locks(self) -> NamedLocks:
        """Return the locks that modules take by name: advisory ones of the server."""
        return AdvisoryNamedLocks(beside_pool(self.engine), self.driver.session_locks, self.counters)

    def close(self) -> None:
        """Give everything back; see `Store`."""
        self.snapshots.close()
        self.links.close()
