"""Letting the event loop turn: calls that are quick, and many, would else keep it from everything else."""

from __future__ import annotations

import asyncio
import time

SLICE = 0.002
"""Seconds of one turn of the loop within which calls begin; those that come later wait for the next turn."""


class Pace:
    """Says when a task is to let others have a turn.

    A read that is done in the loop gives nobody else a turn, and neither do a thousand tasks that the loop runs in one: a timer
    that is due comes after all of them.
    """

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.until = 0.0

    def spent(self) -> bool:
        """Whether this turn of the loop has taken long enough."""
        now = time.monotonic()
        loop = asyncio.get_running_loop()
        if loop is self.loop:
            return now >= self.until
        self.loop, self.until = loop, now + SLICE
        loop.call_soon(self.turn)
        return False

    def turn(self) -> None:
        """Begin anew: the loop has turned."""
        self.loop = None

    async def wait(self) -> None:
        """Wait for a turn of the loop that has time left."""
        while self.spent():  # noqa: ASYNC110 - it is the loop itself that is waited for
            await asyncio.sleep(0)
