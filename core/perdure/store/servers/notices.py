"""Listening to PostgreSQL's NOTIFY, on a thread and a connection of its own, so as to wake whoever looks for changes.

A notification is a reason to look and nothing more. One that is lost makes a watcher late, never wrong: it looks from time to
time all the same. So it does behind a pooler that hands each transaction another session, where LISTEN is of no use.
"""

from __future__ import annotations

import logging
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from perdure.store import forks
from perdure.store.faults import Address
from perdure.store.servers.connecting import beside_pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine, PoolProxiedConnection

CHANNEL = "perdure"

ATTENTION = 0.25
"""Seconds after which the thread looks whether it is to end."""

SHORTEST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
"""Seconds between two tries to connect; each is twice as long as the one before."""

CLOSING_SECONDS = 0.5
"""How long `end` waits for the thread; while it tries to connect, that may take longer to fail."""

logger = logging.getLogger("perdure.store")


class Notices:
    """Calls a function whenever the database was written to, and whenever that may have been missed.

    Args:
        engine: What connects; its pool is not used.
        wake: What to call; it must be quick.
    """

    def __init__(self, engine: Engine, wake: Callable[[], None]) -> None:
        self.address = Address("PostgreSQL", engine.url)
        self.engine = beside_pool(engine)
        self.wake = wake
        self.process = os.getpid()
        self.away = False
        self.pause = SHORTEST_PAUSE
        self.proxy: PoolProxiedConnection | None = None
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, name="perdure-notices", daemon=True)
        forks.watching.add(self)
        self.thread.start()

    def run(self) -> None:
        """Listen, and connect anew whenever the connection is lost, until the end."""
        while not self.over.is_set():
            try:
                self.listen()
            except Exception as error:  # noqa: BLE001 - whatever a driver or a network can raise
                self.lost(error)
            finally:
                self.disconnect()
            self.over.wait(self.pause)
            self.pause = min(2 * self.pause, LONGEST_PAUSE)

    def listen(self) -> None:
        """Listen on a new connection until the end, or until it is lost."""
        self.proxy = self.engine.raw_connection()
        connection: Any = self.proxy.driver_connection
        connection.autocommit = True
        connection.execute(f"LISTEN {CHANNEL}")
        self.connected()
        while not self.over.is_set():
            for _ in connection.notifies(timeout=ATTENTION, stop_after=1):
                self.wake()

    def connected(self) -> None:
        """Note that notifications arrive, and wake: of what was written before, there was none."""
        self.pause = SHORTEST_PAUSE
        if self.away:
            self.away = False
            logger.info("PostgreSQL tells of other processes' changes again.")
        self.wake()

    def lost(self, error: Exception) -> None:
        """Say once that notifications do not arrive."""
        if self.away or self.over.is_set():
            return
        self.away = True
        said = self.address.without_password(str(getattr(error, "orig", None) or error))
        logger.warning(
            "%s does not tell of other processes' changes just now: it says %r. Watchers find them all the same, when they look "
            "every watch_interval seconds. This is said once, until it works again.",
            self.address.shown,
            said,
        )

    def disconnect(self) -> None:
        """Close the connection."""
        proxy, self.proxy = self.proxy, None
        if proxy is not None:
            with suppress(Exception):  # it is broken
                proxy.invalidate()  # not close(), which would roll back first, and log that it cannot
                proxy.close()

    def end(self) -> None:
        """Listen no more, and wait for the end of it; in a forked child, do nothing, for it is the parent who listens."""
        if self.process != os.getpid():
            return
        self.over.set()
        if self.thread is not threading.current_thread():
            self.thread.join(CLOSING_SECONDS)
        forks.watching.discard(self)

    def before_fork(self) -> None:
        """Nothing: a server's connection may be open in two processes, as long as one alone uses it."""

    def after_fork_in_parent(self) -> None:
        """Nothing."""

    def after_fork_in_child(self) -> None:
        """Leave the connection to the parent: closing it here would end the parent's session."""
        if self.proxy is not None:
            forks.keep_for_ever(self.proxy)
            forks.keep_for_ever(self.proxy.driver_connection)
