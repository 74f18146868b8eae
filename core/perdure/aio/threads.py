"""The threads in which the async face runs what could wait: a few, its own, and never left in the middle of a write."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

T = TypeVar("T")

WORKERS = 5
"""How many calls run at once; as many as connections wait ready in a pool of ours, so that none waits for a connection."""


class Threads:
    """Runs work outside of the event loop.

    The context goes along, and with it who acts.

    Args:
        workers: How many run at once; the rest waits in line without a thread.
    """

    def __init__(self, workers: int = WORKERS) -> None:
        self.executor = ThreadPoolExecutor(workers, thread_name_prefix="perdure-async")

    async def read(self, work: Callable[[], T]) -> T:
        """Run what changes nothing. Where the caller is cancelled, nobody waits for it."""
        return await asyncio.get_running_loop().run_in_executor(self.executor, copy_context().run, work)

    async def write(self, work: Callable[[], T]) -> T:
        """Run what changes something, to its end. A caller that is cancelled learns of it when the outcome is known.

        Raises:
            asyncio.CancelledError: The caller was cancelled: before the work began, which it then never does, or during it.
        """
        return await finished(self.executor.submit(copy_context().run, work))

    async def close(self) -> None:
        """Wait for what runs, and end the threads."""
        loop = asyncio.get_running_loop()
        ended = loop.create_future()

        def end() -> None:
            self.executor.shutdown()
            loop.call_soon_threadsafe(ended.set_result, None)

        ending = threading.Thread(target=end, name="perdure-async-end")
        ending.start()
        await ended
        ending.join()  # it has nothing left to do


async def finished(running: Future[T]) -> T:
    """Return what comes of work that was begun, or of none of it.

    Raises:
        asyncio.CancelledError: The caller was cancelled; the work was not begun, or has ended.
    """
    outcome = asyncio.wrap_future(running)
    cancelled: asyncio.CancelledError | None = None
    while not outcome.done():
        try:
            await asyncio.wait([outcome])
        except asyncio.CancelledError as error:
            cancelled = error
            if running.cancel():  # still in line
                raise
    if cancelled is not None:
        outcome.exception()  # looked at, or asyncio would tell of an error that nobody saw
        raise cancelled
    return outcome.result()
