"""Holding a named lock across awaits: nobody's thread waits for it."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import attrs

from perdure.errors import LockUnavailable
from perdure.lock.held import checked_spans
from perdure.lock.waiting import LONGEST_PAUSE, SHORTEST_PAUSE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractContextManager

    from perdure.aio.threads import Threads
    from perdure.lock.protocol import HeldLock


@asynccontextmanager
async def held(
    lock: Callable[..., AbstractContextManager[HeldLock]], threads: Threads, *, patience: float, lease: float
) -> AsyncIterator[HeldLock]:
    """Hold a lock of a module.

    Args:
        lock: Returns the lock, as `Scope.lock` does.
        threads: Where it is tried.
        patience: Seconds to wait for it.
        lease: Seconds that it may show no sign of life.
    """
    checked_spans(patience, lease)
    context, had = await acquired(lock, threads, patience, lease)
    try:
        yield had
    except BaseException as error:
        caught = error
        if not await threads.write(lambda: context.__exit__(type(caught), caught, caught.__traceback__)):
            raise
    else:
        await threads.write(lambda: context.__exit__(None, None, None))


async def acquired(
    lock: Callable[..., AbstractContextManager[HeldLock]], threads: Threads, patience: float, lease: float
) -> tuple[AbstractContextManager[HeldLock], HeldLock]:
    """Try until the lock is had, each try in a thread, and the pauses in between in the loop.

    Raises:
        LockUnavailable: It was not had in time.
    """
    deadline = time.monotonic() + patience
    pause = SHORTEST_PAUSE
    while True:
        context = lock(timeout=0, lease=lease)
        try:
            return context, await entered(context, threads)
        except LockUnavailable as unavailable:
            left = deadline - time.monotonic()
            if left <= 0:
                raise attrs.evolve(unavailable, timeout=patience) from None
        await asyncio.sleep(min(random.uniform(pause / 2, pause), left))  # noqa: S311 - spreads the tries, hides nothing
        pause = min(2 * pause, LONGEST_PAUSE)


async def entered(context: AbstractContextManager[HeldLock], threads: Threads) -> HeldLock:
    """Take a lock in a thread; where the caller was cancelled meanwhile, let go of it again."""
    had: list[HeldLock] = []

    def enter() -> HeldLock:
        had.append(context.__enter__())
        return had[0]

    try:
        return await threads.write(enter)
    except asyncio.CancelledError as error:
        if had:
            cancelled = error
            await threads.write(lambda: context.__exit__(type(cancelled), cancelled, cancelled.__traceback__))
        raise
