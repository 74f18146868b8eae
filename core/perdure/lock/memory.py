"""Named locks within one process, for a database that lives in its memory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from perdure.lock.held import checked_spans, held
from perdure.lock.keys import named_key
from perdure.lock.protocol import HELD_BY_ANOTHER, Refusal
from perdure.names import Key

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from perdure.lock.protocol import HeldLock
    from perdure.metrics import Counters

Holders = dict[tuple[int, str], object]
"""Who holds what, by process and key: a forked child inherits the dict and none of the locks."""


class MemoryNamedLocks:
    """Named locks between threads.

    Args:
        counters: Where waits and losses are counted.
    """

    def __init__(self, counters: Counters) -> None:
        self.counters = counters
        self.holders: Holders = {}

    def hold(self, tenant: str, module: str, name: str, *, timeout: float, lease: float) -> AbstractContextManager[HeldLock]:
        """See `NamedLocks.hold`; the lease is not needed, for no thread outlives its process."""
        checked_spans(timeout, lease)
        grip = MemoryGrip(self.holders, named_key(tenant, module, name))
        return held(grip, Key(tenant, module, name), timeout=timeout, lease=lease, counters=self.counters)


class MemoryGrip:
    """One hold on a lock that is an entry of a dict."""

    lasting = True

    def __init__(self, holders: Holders, key: str) -> None:
        self.holders = holders
        self.entry = (os.getpid(), key)

    def take(self) -> Refusal | None:
        """Enter ourselves, unless another is there; `setdefault` decides, being atomic."""
        return None if self.holders.setdefault(self.entry, self) is self else HELD_BY_ANOTHER

    def renew(self) -> bool:
        """Do nothing: it lasts."""
        return True

    def release(self) -> bool:
        """Strike ourselves out."""
        if self.holders.get(self.entry) is self:
            del self.holders[self.entry]
        return True

    def disown(self) -> None:
        """Do nothing: the child's entries have another process id."""
