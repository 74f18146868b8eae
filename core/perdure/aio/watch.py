"""Watching in the async face: the same feed, awaited."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Generic, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import TracebackType

    from perdure.aio.threads import Threads
    from perdure.records.entry import Change
    from perdure.scope.watch import Watch

C_co = TypeVar("C_co", covariant=True)

TRY_AGAIN = 0.0005
"""Seconds until a feed is looked at again whose mutex somebody else has: who looks for changes may keep it from others for longer
than an event loop may stand still, although he never has it for long."""


class AsyncWatch(Generic[C_co]):
    """Changes, one after the other, as `Watch` has them; got from `watch()` of the async face.

    It begins when it is awaited, entered by `async with`, or first asked for a change. Any number of tasks of one event loop may
    share it; each change then goes to one of them.
    """

    def __init__(self, begin: Callable[[], Watch[C_co]], threads: Threads) -> None:
        """Take what begins the watch, in a thread."""
        self.begin = begin
        self.threads = threads
        self.watch: Watch[C_co] | None = None
        self.closed = False
        self.beginning = asyncio.Lock()
        self.arrived = asyncio.Event()

    async def begun(self) -> Watch[C_co]:
        """Begin, unless that was done."""
        if self.watch is None:
            async with self.beginning:
                if self.watch is None:
                    ring = partial(wake, asyncio.get_running_loop(), self.arrived)
                    self.watch = await self.threads.read(lambda: rung(self.begin(), ring))
                    if self.closed:
                        self.close()
        return self.watch

    def __await__(self) -> Generator[object, None, Self]:
        """Begin to watch, and return the watch."""
        yield from self.begun().__await__()
        return self

    @property
    def cursors(self) -> C_co:
        """The version of the last change that was handed out, by name: give it as `since` to go on after a restart."""
        if self.watch is None:
            raise RuntimeError("the watch has not begun: await it, or enter it by async with")
        return self.watch.named(dict(self.watch.feed.handed))  # copied at once, and without the mutex; see `TRY_AGAIN`

    @property
    def ended(self) -> bool:
        """Whether the watch or the App is closed."""
        return self.closed or (self.watch is not None and self.watch.ended)

    async def take(self, timeout: float | None = None) -> Change | None:  # noqa: ASYNC109 - as the sync face has it
        """Return the next change, waiting for it; see `Watch.take`. Where it is cancelled, no change is lost."""
        until = None if timeout is None else time.monotonic() + timeout
        watch = await self.begun()
        while not self.ended:
            if self.threads.pace.spent():
                await self.threads.pace.wait()
            if not watch.feed.arrived.acquire(blocking=False):
                await asyncio.sleep(TRY_AGAIN)
                continue
            try:
                self.arrived.clear()
                change = watch.take(0)
            finally:
                watch.feed.arrived.release()
            if change is not None:
                return change
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                return None
            with suppress(TimeoutError):  # not wait_for, which loses a cancellation until Python 3.12
                async with asyncio.timeout(left):
                    await self.arrived.wait()
        return None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Change:
        """Return the next change; see `Watch.__next__`."""
        change = await self.take()
        if change is None:
            raise StopAsyncIteration
        return change

    def close(self) -> None:
        """End the watch; a second call does nothing."""
        self.closed = True
        self.arrived.set()
        if self.watch is not None:
            self.threads.submit(self.threads.readers, self.watch.close)

    async def __aenter__(self) -> Self:
        return await self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def rung(watch: Watch[C_co], ring: Callable[[], None]) -> Watch[C_co]:
    """Have a watch ring whenever something has come, and return it."""
    watch.feed.ring_with(ring)
    return watch


def wake(loop: asyncio.AbstractEventLoop, arrived: asyncio.Event) -> None:
    """Set an event of a loop from another thread; a loop that is closed has nobody left to wake."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(arrived.set)
