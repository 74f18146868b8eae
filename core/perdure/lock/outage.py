"""Saying once that something is away, however many ask for it."""

from __future__ import annotations

import logging
import threading

logger = logging.getLogger("perdure.lock")


class Outage:
    """One warning when first writes begin to go without their lock, and one line when they have it again."""

    def __init__(self) -> None:
        self.mutex = threading.Lock()
        self.writes = 0

    def happened(self, problem: str) -> None:
        """Note a first write that went without its lock."""
        with self.mutex:
            self.writes += 1
            first = self.writes == 1
        if first:
            logger.warning(
                "First writes go through without their lock: %s. Nothing is lost or doubled by that, for the primary key "
                "decides. This is said once, until it works again.",
                problem,
            )

    def ended(self) -> None:
        """Note a first write that had its lock."""
        if not self.writes:
            return
        with self.mutex:
            writes, self.writes = self.writes, 0
        if writes:
            logger.info("First writes have their lock again; %d went through without it.", writes)
