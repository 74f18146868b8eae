"""The thread that keeps a named lock alive while its body runs."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from typing import TYPE_CHECKING

from perdure.errors import LockLost
from perdure.lock.protocol import Gone

if TYPE_CHECKING:
    from perdure.lock.protocol import Grip
    from perdure.metrics import Counters
    from perdure.names import Key

logger = logging.getLogger("perdure.lock")

RENEWALS_PER_LEASE = 3
RETRIES_PER_LEASE = 10
DRIFT = 0.01
"""The part of a lease that clocks may disagree about, as in the Redlock algorithm (https://redis.io/topics/distlock)."""
PATIENCE = 0.4
"""Seconds for which whoever leaves waits for a renewal that is under way."""


class Watchdog:
    """A named lock that is held, renewed three times per lease.

    A lock whose lease ran out without a renewal is lost, even if nobody took it meanwhile: a process that was stopped for
    longer learns it from its own clock, before the watchdog had its turn.

    Args:
        grip: What is held, since just now.
        place: Whose lock it is.
        lease: Seconds that one renewal is good for.
        counters: Where a loss is counted.
        since: When it was asked for, by `time.monotonic()`; the lease cannot have begun earlier.
    """

    def __init__(self, grip: Grip, place: Key, lease: float, counters: Counters, since: float) -> None:
        self.grip = grip
        self.place = place
        self.lease = lease
        self.counters = counters
        self.pid = os.getpid()
        self.until = math.inf if grip.lasting else self.end_of_lease(since)
        self.problem: str | None = None
        self.over = threading.Event()
        self.busy = threading.Lock()
        self.verdict = threading.Lock()
        self.left_behind = False
        self.thread = threading.Thread(target=self.watch, name="perdure-lock", daemon=True)

    def end_of_lease(self, begun: float) -> float:
        """Return until when a lease is certain that was asked for at `begun`."""
        return begun + self.lease * (1 - DRIFT)

    @property
    def lost(self) -> bool:
        """Whether the lock ended before its body did, or belongs to the process that this one was forked from."""
        if os.getpid() != self.pid:
            return True
        if self.problem is None and time.monotonic() >= self.until:
            self.lose(f"it was not renewed within its lease of {self.lease} s")
        return self.problem is not None

    def check(self) -> None:
        """Raise `LockLost` if the lock is not held any more."""
        if self.lost:
            raise self.loss()

    def loss(self) -> LockLost:
        """Return the error that tells of the loss."""
        inherited = "it belongs to the process that this one was forked from"
        return LockLost(*self.place, inherited if os.getpid() != self.pid else self.problem or "")

    def lose(self, problem: str) -> None:
        """Remember that the lock is lost, count and log it, once."""
        with self.verdict:
            if self.problem is not None:
                return
            self.problem = problem
        self.counters.locks_lost.count()
        logger.warning("%s", self.loss())

    def begin(self) -> None:
        """Start to watch, where there is something to watch over."""
        if not self.grip.lasting:
            self.thread.start()

    def watch(self) -> None:
        """Renew the lock until it is released or lost."""
        pause = self.lease / RENEWALS_PER_LEASE
        while not self.over.wait(min(pause, max(0.0, self.until - time.monotonic()))) and not self.lost:
            with self.busy:
                if self.over.is_set():
                    return
                renewed = self.renewed()
                if self.left_behind:
                    self.grip.release()
            pause = self.lease / (RENEWALS_PER_LEASE if renewed else RETRIES_PER_LEASE)

    def renewed(self) -> bool:
        """Renew the lock once, and say whether that worked."""
        begun = time.monotonic()
        try:
            renewed = self.grip.renew()
        except Gone as gone:
            self.lose(str(gone))
            return False
        if renewed and not self.lost:
            self.until = self.end_of_lease(begun)
        return renewed

    def end(self) -> None:
        """Stop watching and release the lock, unless it is the parent's."""
        if os.getpid() != self.pid:
            self.grip.disown()
            return
        ran_out = self.lost
        self.over.set()
        if not self.busy.acquire(timeout=PATIENCE):
            # The renewal under way gets no answer. Let it release the lock when it comes back, unless it did just now.
            self.left_behind = True
            if not self.busy.acquire(blocking=False):
                return
        try:
            if not self.grip.release() and not ran_out:
                self.lose("it was another's or nobody's when it was released")
            self.until = math.inf
        finally:
            self.busy.release()
        if self.thread.ident is not None:
            self.thread.join()
