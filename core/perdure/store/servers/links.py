"""Which connection to a server a call uses: those of an engine's pool, with a few kept ready in front of it.

Checking one out of the pool costs as much as reading a value does. So what a call is done with waits on a short list for the
next call, of whichever thread, and goes back to the pool as soon as somebody waits there. No thread ever owns a connection.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from perdure.errors import AppClosed
from perdure.store import forks
from perdure.store.servers.connecting import MOST_CONNECTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Engine, PoolProxiedConnection

    from perdure.store.servers.driver import Driver


class Link:
    """A connection in autocommit that was checked out of the pool.

    Attributes:
        connection: The DBAPI connection.
        process: The process that checked it out, and that alone may use it.
        query: Runs a query on it and returns all rows.
        execute: Runs a statement on it.
    """

    __slots__ = ("__weakref__", "connection", "driver", "execute", "process", "proxy", "query", "restore")

    def __init__(self, proxy: PoolProxiedConnection, driver: Driver) -> None:
        self.proxy: PoolProxiedConnection | None = proxy
        self.connection: Any = proxy.dbapi_connection
        self.driver = driver
        self.process = os.getpid()
        self.restore = not driver.autocommit(self.connection)
        self.query: Callable[[str, Sequence[object]], Sequence[Any]] = driver.query(self.connection)
        self.execute = driver.executing(self.connection)

    def give_back(self) -> None:
        """Return the connection to the pool as it was found."""
        proxy, self.proxy = self.proxy, None
        if proxy is None:
            return
        try:
            if self.restore:
                self.driver.no_autocommit(self.connection)
        except self.driver.error as error:
            proxy.invalidate(error)
        finally:
            proxy.close()

    def discard(self, error: BaseException | None = None) -> None:
        """Have the connection closed: it is broken, or nobody knows what is open on it."""
        proxy, self.proxy = self.proxy, None
        if proxy is not None:
            proxy.invalidate(error)
            proxy.close()

    def disown(self) -> None:
        """Neither use nor close a connection that is the parent's."""
        forks.keep_for_ever(self.proxy)
        forks.keep_for_ever(self.connection)
        self.proxy = None


class Links:
    """Lends connections of an engine.

    Args:
        engine: What connects.
        driver: How its connections are spoken to.
        shown: How messages name the database.
        keep: How many are kept ready; 0 where the pool is a host's, which is to see every connection come back.
        own: Whether the engine is disposed of in the end.
    """

    def __init__(self, engine: Engine, driver: Driver, shown: str, *, keep: int, own: bool) -> None:
        self.engine = engine
        self.driver = driver
        self.shown = shown
        self.keep = keep
        self.own = own
        self.closed = False
        self.start_over()
        forks.watching.add(self)

    def start_over(self) -> None:
        """Begin with nothing lent and nobody waiting."""
        self.ready: deque[Link] = deque()
        self.known: WeakSet[Link] = WeakSet()
        self.mutex = threading.Lock()  # guards what follows
        self.waiting = 0

    def take(self) -> Link:
        """Lend a connection, to be given to `give` or `drop`.

        Raises:
            AppClosed: `close()` was called.
            sqlalchemy.exc.TimeoutError: The pool is exhausted.
            Exception: The driver's, or SQLAlchemy's around it: the server cannot be reached.
        """
        try:
            return self.ready.pop()
        except IndexError:
            pass
        with self.in_line():
            try:
                return self.ready.pop()
            except IndexError:
                return self.checked_out()

    def checked_out(self) -> Link:
        """Return a connection of the pool."""
        proxy = self.engine.raw_connection()
        try:
            link = Link(proxy, self.driver)
        except BaseException as error:
            proxy.invalidate(error)
            proxy.close()
            raise
        with self.mutex:
            self.known.add(link)
        return link

    @contextmanager
    def in_line(self) -> Iterator[None]:
        """Have connections go back to the pool, if it has none left for who is waiting there.

        Raises:
            AppClosed: `close()` was called.
        """
        if self.closed:
            raise AppClosed(self.shown)
        with self.mutex:
            self.waiting += 1
        try:
            if self.ready and self.wanted():
                self.spill()
            yield
        finally:
            with self.mutex:
                self.waiting -= 1

    def wanted(self) -> bool:
        """Tell whether somebody waits for a connection of which the pool has none left.

        As long as it has some, nobody is to give his back: on MariaDB that takes three journeys to the server, and another three
        when the next one wants it.
        """
        pool: Any = self.engine.pool  # looked up at each call: after a fork there is another
        return bool(self.waiting) and pool.checkedout() >= MOST_CONNECTIONS

    def give(self, link: Link) -> None:
        """Take a connection back from a call that is done; one that was discarded is no connection any more."""
        if link.proxy is None:
            return
        # First the list, then the look at who waits, who in turn says so first and then looks at the list: nobody is missed.
        self.ready.append(link)
        if len(self.ready) > self.keep or self.closed or (self.waiting and self.wanted()):
            self.spill()

    def spill(self) -> None:
        """Return one connection to the pool."""
        try:
            link = self.ready.pop()
        except IndexError:
            return
        if self.closed and self.own:
            link.discard()  # its pool is disposed of, and would keep it open
        else:
            link.give_back()

    def drop(self, link: Link, error: BaseException | None = None) -> None:
        """Have a connection closed; after a loss, have no other used that may have been lost with it."""
        link.discard(error)
        while self.ready:
            try:
                self.ready.pop().discard(error)
            except IndexError:
                break

    def close(self) -> None:
        """Give everything back; a connection in use is closed when its call is done."""
        with self.mutex:
            self.closed = True
        while self.ready:
            self.spill()
        if self.own:
            self.engine.dispose()
        forks.watching.discard(self)

    def before_fork(self) -> None:
        """Nothing: a server's connections may be open in two processes, as long as one alone uses them."""

    def after_fork_in_parent(self) -> None:
        """Nothing."""

    def after_fork_in_child(self) -> None:
        """Leave every connection to the parent, a host's too: two processes that speak on one are understood by nobody."""
        for link in list(self.known):
            link.disown()
        forks.keep_for_ever(self.engine.pool)
        self.engine.dispose(close=False)
        self.start_over()
