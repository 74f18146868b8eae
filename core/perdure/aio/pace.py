"""Letting the event loop turn: calls that are quick, and many, would else keep it from everything else."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress

SLICE = 0.001
"""Seconds of one turn of the loop within which calls begin; those that come later stand in line."""

AT_ONCE = 100
"""How many of those in line go on in one turn: what they do in the loop takes some microseconds each."""


class Pace:
    """Says when a task is to let others have a turn.

    A read that is done in the loop gives nobody else a turn, and neither do a thousand tasks that the loop runs in one: a timer
    that is due comes after all of them. So they stand in line, and a few go on in each turn.
    """

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.until = 0.0
        self.line: deque[asyncio.Future[None]] = deque()

    def spent(self) -> bool:
        """Whether this turn of the loop has taken long enough, or others are in line."""
        loop = asyncio.get_running_loop()
        if loop is not self.loop:
            self.loop, self.until = loop, time.monotonic() + SLICE
            self.dissolve()
            loop.call_soon(self.turn)
            return False
        return bool(self.line) or time.monotonic() >= self.until

    async def wait(self) -> None:
        """Stand in line, unless this turn has time left after all."""
        if not self.spent():
            return
        place = asyncio.get_running_loop().create_future()
        self.line.append(place)
        await place

    def turn(self) -> None:
        """Begin anew, for the loop has turned: some of those in line go on."""
        loop = self.loop
        if loop is None:
            return
        self.until = time.monotonic() + SLICE
        woken = 0
        while self.line and woken < AT_ONCE:
            place = self.line.popleft()
            woken += not place.done()
            go_on(place)
        if woken:
            loop.call_soon(self.turn)
        else:
            self.loop = None

    def dissolve(self) -> None:
        """Let everyone go on who stands in the line of another loop, which has ended, or runs beside this one."""
        while self.line:
            place = self.line.popleft()
            with suppress(RuntimeError):  # it has ended
                place.get_loop().call_soon_threadsafe(go_on, place)


def go_on(place: asyncio.Future[None]) -> None:
    """Wake whoever waits at a place in the line, unless that was cancelled."""
    if not place.done():
        place.set_result(None)
