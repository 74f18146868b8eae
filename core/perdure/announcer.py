"""Telling plugins of committed writes, beside the work: a plugin that is slow or fails holds nobody up."""

from __future__ import annotations

import logging
import os
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure.records.entry import Change
    from perdure.store.rows import ChangeRow, Written

logger = logging.getLogger("perdure.plugins")

CLOSING_SECONDS = 5.0
"""How long `close` waits for plugins to have been told of everything."""


class Announcer:
    """Calls `perdure_value_changed` for every write of this process, in the order of their commits, on a thread of its own.

    A thread, since a write is told of where its transaction ends, and a plugin that used the database there would wait for the
    connection that the transaction has not given back.

    Args:
        tell: Calls the hook of every plugin with a change.
        told: Returns a change as it is told of.
    """

    def __init__(self, tell: Callable[[Change], None], told: Callable[[ChangeRow], Change]) -> None:
        self.tell = tell
        self.told = told
        self.waiting: SimpleQueue[Written | None] = SimpleQueue()
        self.thread: threading.Thread | None = None
        self.process = os.getpid()
        self.starting = threading.Lock()

    def __call__(self, written: Written) -> None:
        """Take a committed write, to be told of soon."""
        if self.thread is None or self.process != os.getpid():
            self.start()
        self.waiting.put(written)

    def start(self) -> None:
        """Start the thread; in a forked child, which has none, once more, and without what its parent has still to tell."""
        if self.process != os.getpid():
            self.waiting, self.starting = SimpleQueue(), threading.Lock()
            self.process, self.thread = os.getpid(), None
        with self.starting:
            if self.thread is None:
                self.thread = threading.Thread(target=self.run, name="perdure-announcer", daemon=True)
                self.thread.start()

    def run(self) -> None:
        """Tell of one write after the other, until there are no more."""
        while (written := self.waiting.get()) is not None:
            try:
                self.tell(self.told(written.change))
            except Exception:
                logger.exception("a write could not be told of; it is committed all the same")

    def close(self) -> None:
        """Wait until plugins have been told of what is committed, a few seconds at most."""
        if self.thread is not None and self.process == os.getpid():
            self.waiting.put(None)
            if self.thread is not threading.current_thread():
                self.thread.join(CLOSING_SECONDS)
