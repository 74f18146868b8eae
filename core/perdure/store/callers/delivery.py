"""Telling of writes, after their COMMIT and never without it.

A caller's COMMIT is seen through SQLAlchemy's events, of which none comes after it: `commit` fires before it, also before one
that fails. So what was written waits beside the connection, in its `info`, is dropped by whatever undoes it, and is told when
the connection begins its next transaction or returns to its pool.

What these events cannot see is not noticed either: savepoints and COMMITs in plain text, COMMIT PREPARED from another
connection, and the silent commit by which MariaDB ends a transaction before DDL.
"""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

import attrs
from sqlalchemy import event

from perdure.store.callers.conflicts import can_commit, driver_of, is_lost, is_open

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import ExceptionContext
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

    from perdure.metrics import Counters
    from perdure.names import Key
    from perdure.store.protocol import Observer, Transaction
    from perdure.store.rows import Written

WAITING = "perdure.waiting"
"""Where in a connection's `info` lies what waits for its COMMIT."""

T = TypeVar("T")

logger = logging.getLogger("perdure.store")


class Delivery:
    """Whom to tell of one App's committed writes, in its own transactions and in those of callers.

    Args:
        counters: Where they are counted.

    Attributes:
        subscribers: Who is told of each write.
        observers: Who is told of each transaction, before them; by what stands for the observation.
    """

    def __init__(self, counters: Counters) -> None:
        self.count_write = counters.writes.count
        self.subscribers: list[Callable[[Written], None]] = []
        self.observers: dict[object, Observer] = {}

    def subscribe(self, callback: Callable[[Written], None]) -> None:
        """Have a function called for every write from now on.

        Args:
            callback: Called once per write, in order within a transaction, in the thread that committed or that gives the
                connection back. It must be quick and take no connection: the caller's is not yet back in its pool. What it
                raises is logged, for the write is committed.
        """
        self.subscribers.append(callback)

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Have an observer told of every transaction from now on, and return what ends it; see `Store`."""
        observation = object()
        self.observers[observation] = observer

        def end() -> None:
            self.observers.pop(observation, None)

        return end

    def told(self, run: Callable[[Callable[[Transaction], T]], T], work: Callable[[Transaction], T]) -> T:
        """Run the work of a transaction of our own, and tell of what it has written once it is committed.

        Args:
            run: Runs work in a transaction, maybe several times, and commits the last.
            work: The work.
        """
        last: list[Transaction] = []

        def noted(transaction: Transaction) -> T:
            last[:] = (transaction,)
            return work(transaction)

        result = run(noted)
        self.tell(last[0].written)
        return result

    def tell(self, written: Sequence[Written]) -> None:
        """Tell of what a transaction has written, and that is committed: at once, where the transaction was our own."""
        if written:
            self.to_observers(lambda observer: observer.noted(written), written[-1].key)
        for each in written:
            self.count_write()
            for callback in tuple(self.subscribers):
                try:
                    callback(each)
                except Exception:
                    logger.exception("a subscriber failed at %s, which is committed", each.key)

    def to_observers(self, tell: Callable[[Observer], None], about: Key) -> None:
        """Tell each observer; one that fails must not make a write fail that is committed, nor a COMMIT that is asked for."""
        for observer in tuple(self.observers.values()):
            try:
                tell(observer)
            except Exception:
                logger.exception("an observer failed at %s, which is written", about)

    def queue(self, connection: Connection, written: Sequence[Written]) -> None:
        """Tell of writes once the caller has committed them, and of none that were undone."""
        if items := [(self, each) for each in written]:
            attend(connection.engine)
            connection.info.setdefault(WAITING, Waiting(driver_of(connection))).items.extend(items)


@attrs.define(eq=False)
class Waiting:
    """What one connection's transaction has written so far; an `AskedCommit`, once COMMIT was asked for.

    Attributes:
        driver: The driver's connection.
        items: The writes, each with who tells of it: several Apps may share a transaction.
        marks: How many there were at each savepoint since, the innermost last.
        committing: Whether COMMIT was asked for.
    """

    driver: Any
    items: list[tuple[Delivery, Written]] = attrs.field(factory=list)
    marks: list[int] = attrs.field(factory=list)
    committing: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether a COMMIT that was asked for is through."""
        return self.committing and not is_open(self.driver)

    def tell(self) -> None:
        """Tell of all, in order."""
        for delivery, written in self.of_each():
            delivery.tell(written)

    def commit(self) -> None:
        """Tell that COMMIT was asked for."""
        self.committing = True
        for delivery, written in self.of_each():
            delivery.to_observers(partial(self.announce, written), written[-1].key)

    def announce(self, written: Sequence[Written], observer: Observer) -> None:
        """Tell an observer that COMMIT was asked for."""
        observer.committing(self, written)

    def of_each(self) -> Iterator[tuple[Delivery, list[Written]]]:
        """Return what there is to tell for each App."""
        for delivery in dict.fromkeys(delivery for delivery, _ in self.items):
            yield delivery, [written for whose, written in self.items if whose is delivery]


# ----------------------------------------------------------------------- what a caller's connection goes through
#
# Functions, not methods: a host's engine outlives Apps and must not hold them. Each may be called twice for one event, where
# SQLAlchemy derives one engine from another, and finds nothing left to do.

attended: WeakSet[Engine] = WeakSet()
attending = threading.Lock()


def attend(engine: Engine) -> None:
    """Listen to an engine, once for good: a listener cannot be taken away while other threads are in it."""
    with attending:
        if engine not in attended:
            for name, listener in LISTENERS.items():
                event.listen(engine, name, listener)
            attended.add(engine)


def waiting_on(connection: Connection) -> Waiting | None:
    """Return what waits on a connection that can still be asked."""
    if connection.closed or connection.invalidated:
        return None
    waiting: Waiting | None = connection.info.get(WAITING)
    return waiting


def drop(connection: Connection, *_: object) -> None:
    """Forget what was rolled back."""
    if waiting_on(connection):
        connection.info.pop(WAITING).committing = False


def mark(connection: Connection, _name: None) -> None:
    """Remember what there was at a savepoint, which has no name yet."""
    if waiting := waiting_on(connection):
        waiting.marks.append(len(waiting.items))


def release(connection: Connection, _name: str, _context: object) -> None:
    """Keep what was written since the innermost savepoint. One from before the first write has no mark."""
    if (waiting := waiting_on(connection)) and waiting.marks:
        waiting.marks.pop()


def trim(connection: Connection, _name: str, _context: object) -> None:
    """Forget what was written since the innermost savepoint, which is rolled back."""
    if waiting := waiting_on(connection):
        del waiting.items[waiting.marks.pop() if waiting.marks else 0 :]


def commit(connection: Connection, *_: object) -> None:
    """Be ready to tell, unless there is nothing left that a COMMIT could commit."""
    if waiting := waiting_on(connection):
        if can_commit(connection):
            waiting.commit()
        else:
            drop(connection)


def fail(context: ExceptionContext) -> None:
    """Forget what a failed COMMIT, a lost connection or a rollback by the server has undone; other errors undo nothing."""
    connection = context.connection
    if connection is None or not (waiting := waiting_on(connection)):
        return
    if context.is_disconnect or is_lost(context.original_exception, connection):
        drop(connection)
    elif waiting.committing:
        if connection.dialect.name == "sqlite":  # which keeps the transaction for another COMMIT
            waiting.committing = False
        else:
            drop(connection)


def begin(connection: Connection, *_: object) -> None:
    """Tell of the transaction before this one, unless the driver still has it: SQLAlchemy forgets one whose COMMIT failed."""
    if waiting := waiting_on(connection):
        still_open = is_open(driver_of(connection))
        # On SQLite it may be the new one already: hosts send BEGIN in listeners of their own.
        if waiting.committing and (connection.dialect.name == "sqlite" or not still_open):
            drop(connection)
            waiting.tell()
        elif still_open:
            waiting.committing = False
        else:
            drop(connection)


def reset(_connection: DBAPIConnection, record: ConnectionPoolEntry, _state: object) -> None:
    """Forget what the pool is about to roll back: COMMIT was announced and prevented."""
    if record.info.get(WAITING) and is_open(record.driver_connection):
        record.info.pop(WAITING).committing = False


def checkin(_connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
    """Tell of the last transaction before the connection is free again, which it may be because it is broken."""
    waiting: Waiting | None = record.info.pop(WAITING, None)
    if waiting and waiting.committing:
        waiting.tell()


LISTENERS: dict[str, Callable[..., Any]] = {
    "begin": begin,
    "begin_twophase": begin,
    "savepoint": mark,
    "release_savepoint": release,
    "rollback_savepoint": trim,
    "rollback": drop,
    "rollback_twophase": drop,
    "commit": commit,
    "commit_twophase": commit,
    "handle_error": fail,
    "reset": reset,
    "checkin": checkin,
}
