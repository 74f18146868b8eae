"""The threads in which the async face runs what could wait: a few, its own, and never left in the middle of a write."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, TypeVar

from perdure.aio.pace import Pace
from perdure.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

    from perdure.aio.transaction import AsyncTransaction

T = TypeVar("T")

READERS = 5
"""How many reads run at once; as many as connections wait ready in a pool of ours, so that none waits for a connection."""

WRITERS = 4
"""How many writes run at once. Other threads than those of reads, and one fewer: writes that wait for locked rows leave reads
alone, and of a host's pool of five connections leave them one."""


class Threads:
    """Runs work outside of the event loop.

    The context goes along, and with it who acts. A task that is in a transaction of `AsyncApp.begin()`, and those that it starts
    there, are served by the thread of the transaction, so that what the sync face refuses there is refused here: a write that
    waited for its own transaction to end would wait for ever.

    Attributes:
        pace: What lets the loop turn in between.
        inside: The transaction that a task is in.
        shown: How messages name the database.
    """

    def __init__(self) -> None:
        self.pace = Pace()
        self.inside: ContextVar[AsyncTransaction | None] = ContextVar("perdure_async_transaction", default=None)
        self.process = os.getpid()
        self.shown = ""
        self.readers = ThreadPoolExecutor(READERS, "perdure-async-read")
        self.writers = ThreadPoolExecutor(WRITERS, "perdure-async-write")
        self.idle: list[ThreadPoolExecutor] = []
        self.ending: ThreadPoolExecutor | None = None
        self.end: Future[None] | None = None
        self.ended = False

    async def read(self, work: Callable[[], T]) -> T:
        """Run what changes nothing. Where the caller is cancelled, nobody waits for it."""
        if self.pace.spent():
            await self.pace.wait()
        return await asyncio.wrap_future(self.submit(self.readers, work))

    async def write(self, work: Callable[[], T]) -> T:
        """Run what changes something, to its end. A caller that is cancelled learns of it when the outcome is known.

        Raises:
            asyncio.CancelledError: The caller was cancelled: before the work began, which it then never does, or during it.
        """
        if self.pace.spent():
            await self.pace.wait()
        return await finished(self.submit(self.writers, work))

    async def settle(self, work: Callable[[], T]) -> T:
        """Run what must be run, also for a caller that is cancelled: what takes and gives back. It is not to wait for others.

        Raises:
            asyncio.CancelledError: The caller was cancelled; the work has been done all the same.
        """
        return await finished(self.submit(self.readers, work), in_any_case=True)

    def submit(self, executor: ThreadPoolExecutor, work: Callable[[], T]) -> Future[T]:
        """Have work done by an executor, or by the transaction that this task is in.

        Raises:
            StoreUnavailable: This is a forked child, which has none of these threads.
        """
        if os.getpid() != self.process:
            problem = "this process was forked from the one that opened the AsyncApp, and has none of its threads"
            raise StoreUnavailable(self.shown, f"{problem}. Open another in the child")
        if (transaction := self.transaction()) is not None:
            executor = transaction.thread
        try:
            return begun(executor, work)
        except RuntimeError:
            if not self.ended:
                raise
        return done(work)

    def transaction(self) -> AsyncTransaction | None:
        """Return the transaction that this task is in, unless that is over."""
        found = self.inside.get()
        return None if found is None or found.over else found

    def start(self) -> None:
        """Start every thread now, in one of the readers: later it would be the loop that waits for each to have started."""
        met = threading.Barrier(READERS + WRITERS)
        for executor, count in ((self.readers, READERS - 1), (self.writers, WRITERS)):
            for _ in range(count):
                executor.submit(met.wait)
        met.wait()

    # ----------------------------------------------------------------------- threads of transactions

    def lend(self) -> ThreadPoolExecutor:
        """Return a thread of the caller's own, until it is given back."""
        return self.idle.pop() if self.idle else ThreadPoolExecutor(1, "perdure-async-transaction")

    def take_back(self, thread: ThreadPoolExecutor) -> None:
        """Keep a thread for the next transaction."""
        if self.end is None:
            self.idle.append(thread)
        else:
            thread.shutdown()  # it has nothing left to do

    # ----------------------------------------------------------------------- end

    async def close(self, first: Callable[[], None]) -> None:
        """Do something beside all that runs, wait for what runs, and end the threads; a second call waits for the same end.

        Args:
            first: Has whatever still waits in line fail.
        """
        if self.end is None or self.ending is None:
            self.ending = ThreadPoolExecutor(1, "perdure-async-end")
            self.end = begun(self.ending, lambda: self.shut_down(first))
        try:
            await finished(self.end, in_any_case=True)
        finally:
            self.ending.shutdown()  # it has nothing left to do

    def shut_down(self, first: Callable[[], None]) -> None:
        """End the threads, in one that is none of them."""
        try:
            first()
        finally:
            self.ended = True
            for executor in (self.readers, self.writers, *self.idle):
                executor.shutdown()


def begun(executor: ThreadPoolExecutor, work: Callable[[], T]) -> Future[T]:
    """Have an executor do work in the context of the caller."""
    return executor.submit(contained, copy_context(), work)


def contained(context: Context, work: Callable[[], T]) -> T:
    """Do work in a context. A `StopIteration` would be lost on its way, and whoever waits for the work would wait for ever."""
    try:
        return context.run(work)
    except StopIteration as error:
        raise RuntimeError("a function raised StopIteration") from error


def done(work: Callable[[], T]) -> Future[T]:
    """Do work at once, in the loop: it fails at once, for everything is closed."""
    outcome: Future[T] = Future()
    try:
        outcome.set_result(contained(copy_context(), work))
    except Exception as error:  # noqa: BLE001 - raised where it is awaited
        outcome.set_exception(error)
    return outcome


async def finished(running: Future[T], *, in_any_case: bool = False) -> T:
    """Return what comes of work that was begun.

    Args:
        running: The work.
        in_any_case: Whether it is to be done also where the caller is cancelled before it began.

    Raises:
        asyncio.CancelledError: The caller was cancelled; the work was not begun, or has ended.
    """
    outcome = asyncio.wrap_future(running)
    cancelled: asyncio.CancelledError | None = None
    while not outcome.done():
        try:
            await asyncio.wait([outcome])
        except asyncio.CancelledError as error:
            if not in_any_case and running.cancel():  # still in line
                raise
            cancelled = error
    if cancelled is None:
        return outcome.result()
    outcome.exception()  # looked at, or asyncio would tell of an error that nobody saw
    try:
        raise cancelled
    finally:
        del cancelled  # or it would hold the frame that holds it
