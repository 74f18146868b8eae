"""How long a transaction that was refused is tried again, and how it waits in between."""

from __future__ import annotations

import random
import time

SHORTEST_PAUSE = 0.002
LONGEST_PAUSE = 0.2


class Patience:
    """A span of time for tries that may fail, running from now.

    Args:
        seconds: How long to go on trying.
    """

    def __init__(self, seconds: float) -> None:
        self.began = time.monotonic()
        self.seconds = seconds
        self.longest = SHORTEST_PAUSE

    @property
    def spent(self) -> float:
        """Seconds since the first try."""
        return time.monotonic() - self.began

    def pause(self) -> bool:
        """Wait a little, longer each time and never as long as others do, and say whether to try again."""
        if self.spent >= self.seconds:
            return False
        time.sleep(random.uniform(0, self.longest))  # noqa: S311 - spreads the tries, hides nothing
        self.longest = min(2 * self.longest, LONGEST_PAUSE)
        return True
