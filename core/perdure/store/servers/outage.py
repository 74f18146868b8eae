"""How long calls wait for a server that is away, so that a restart is ridden out and a long outage is told at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perdure.store.patience import Patience

RIDE_OUT = 2.0
"""Seconds from the beginning of an outage for which calls wait for its end; afterwards each tries once and fails."""


class Outage:
    """What is known of a server's absence, by all threads together.

    Attributes:
        began: When it was first found away, by the monotonic clock, or None while it answers.
    """

    def __init__(self) -> None:
        self.began: float | None = None

    def worth_waiting(self, patience: Patience) -> bool:
        """Note that the server cannot be reached, wait a little, and say whether to try again."""
        now = time.monotonic()
        if self.began is None:
            self.began = now
        return now - self.began < RIDE_OUT and patience.spent < RIDE_OUT and patience.pause()

    def over(self) -> None:
        """Note that the server answered."""
        self.began = None
