"""Holding a named lock across awaits: nobody's thread waits for it."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from perdure.errors import LockUnavailable
from perdure.lock.protocol import HELD_BY_ANOTHER
from perdure.lock.waiting import LONGEST_PAUSE, SHORTEST_PAUSE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractContextManager
    from typing import TypeAlias

    from perdure.aio.threads import Threads
    from perdure.lock.protocol import HeldLock
    from perdure.metrics import Counters
    from perdure.names import Key

    Lock: TypeAlias = Callable[..., AbstractContextManager[HeldLock]]
    """Returns a context in which a lock is held, given `timeout` and `lease`, as `Scope.lock` does."""


class Wait:
    """How long a task waits for a lock.

    Args:
        seconds: From now on; 0 is no wait.
        counters: Where it is counted, once.
    """

    def __init__(self, seconds: float, counters: Counters) -> None:
        self.seconds = seconds
        self.deadline = time.monotonic() + seconds
        self.counters = counters
        self.counted = not seconds

    def begin(self) -> None:
        """Note that the lock is not had at once."""
        if not self.counted:
            self.counted = True
            self.counters.lock_waits.count()

    @property
    def left(self) -> float:
        """Seconds that are left, or less than none."""
        return self.deadline - time.monotonic()


class Locking:
    """Holds named locks for tasks.

    Tasks of one App stand in line for a lock, in the order in which they came, and only the first of them asks what keeps it:
    many that asked at once would keep the threads busy, and a database server with connections.

    Args:
        threads: Where a lock is tried.
        counters: Where waits are counted.
    """

    def __init__(self, threads: Threads, counters: Counters) -> None:
        self.threads = threads
        self.counters = counters
        self.lines: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def held(self, place: Key, lock: Lock, *, patience: float, lease: float) -> AsyncIterator[HeldLock]:
        """Hold a lock.

        Args:
            place: Whose lock it is, and its name.
            lock: What makes it.
            patience: Seconds to wait for it.
            lease: Seconds that it may show no sign of life.
        """
        wait = Wait(patience, self.counters)
        line = self.lines.setdefault(place, asyncio.Lock())
        await self.stand(line, place, wait)
        try:
            context, had = await self.acquired(lock, wait, lease)
            try:
                yield had
            except BaseException as error:
                if not await self.left(context, error):
                    raise
            else:
                await self.left(context)
        finally:
            line.release()

    async def stand(self, line: asyncio.Lock, place: Key, wait: Wait) -> None:
        """Wait for the turn of this task.

        Raises:
            LockUnavailable: It did not come in time.
        """
        if line.locked():
            wait.begin()
        try:
            async with asyncio.timeout(wait.left):
                await line.acquire()
        except TimeoutError:
            raise LockUnavailable(*place, wait.seconds, HELD_BY_ANOTHER.problem) from None

    async def acquired(self, lock: Lock, wait: Wait, lease: float) -> tuple[AbstractContextManager[HeldLock], HeldLock]:
        """Try until the lock is had, each try in a thread, and the pauses in between in the loop.

        Raises:
            LockUnavailable: It was not had in time.
        """
        pause = SHORTEST_PAUSE
        while True:
            context = lock(timeout=0, lease=lease)
            try:
                return context, await self.entered(context)
            except LockUnavailable as unavailable:
                wait.begin()
                left = wait.left
                if left <= 0:
                    raise unavailable.with_facts(timeout=wait.seconds) from None
            await asyncio.sleep(min(random.uniform(pause / 2, pause), left))  # noqa: S311 - spreads the tries, hides nothing
            pause = min(2 * pause, LONGEST_PAUSE)

    async def entered(self, context: AbstractContextManager[HeldLock]) -> HeldLock:
        """Take a lock in a thread; where the caller was cancelled meanwhile, let go of it again."""
        had: list[HeldLock] = []
        try:
            await self.threads.settle(lambda: had.append(context.__enter__()))
        except asyncio.CancelledError as error:
            if had:
                await self.left(context, error)
            raise
        return had[0]

    async def left(self, context: AbstractContextManager[HeldLock], error: BaseException | None = None) -> bool:
        """Let go of a lock, as the end of a body or its error does, and tell whether the error ends there."""
        trace = None if error is None else error.__traceback__
        return bool(await self.threads.settle(partial(context.__exit__, type(error) if error else None, error, trace)))
