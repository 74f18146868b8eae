"""What one watcher gets: the changes of its keys in order, as many ahead as there is room for."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from perdure.store.rows import ChangeRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from perdure.names import Key


CAPACITY = 1000
"""How many changes wait for a watcher at most; further ones stay in the history until it comes for them."""

LOW = CAPACITY // 2
"""How many may be left of a full queue when it is filled again, a long history then costing a query per so many changes."""


class Gap(NamedTuple):
    """Changes that the history keeps no more.

    Attributes:
        key: Whose they were.
        since: The version before them.
        oldest: The next version that is kept, or None where none is.
        reached: The version of the key, where it is not even at `since`: the database is an earlier one, brought back.
    """

    key: Key
    since: int
    oldest: int | None
    reached: int | None = None


Item: TypeAlias = tuple[ChangeRow | Gap, int]
"""What is handed out, and the version that its key has been told up to by it."""


class Source(Protocol):
    """What finds changes for feeds; see `Poller`."""

    def resume(self) -> None:
        """See to it that somebody looks, also in a forked child, which has inherited a feed and no thread."""
        ...

    def refill(self) -> None:
        """Look soon for what a feed had no room for."""
        ...

    def leave(self, feed: Feed) -> None:
        """Look for a feed no more."""
        ...


class Feed:
    """The changes of some keys: each once, those of one key in the order of their versions. Got from `Poller.follow`.

    Any number of threads may take from it; each change goes to one of them. Once it is closed, or the App is, nothing more is
    handed out: what still waits here is in the history, and `cursors` tell from where another feed can go on.

    Args:
        source: What finds the changes.
        positions: The version of each key that its changes are wanted after.
        mutex: Guards the feed; the source's own, so that both are seen by a fork in one state.

    Attributes:
        ended: Whether it was closed, by itself or with the App.
        placed: The version of each key up to which its changes were put here.
        behind: The keys that have changes which were not put here yet.
        choked: Whether it was full, and is not drained to `LOW` yet: until then nothing is put here.
    """

    def __init__(self, source: Source, positions: Mapping[Key, int], mutex: threading.RLock) -> None:
        self.source = source
        self.placed = dict(positions)
        self.handed = dict(positions)
        self.queue: deque[Item] = deque()
        self.behind: set[Key] = set()
        self.choked = False
        self.ended = False
        self.ring: Callable[[], None] | None = None
        self.guard(mutex)

    def guard(self, mutex: threading.RLock) -> None:
        """Be guarded by another mutex: in a forked child, nobody would ever release the inherited one."""
        self.arrived = threading.Condition(mutex)

    def ring_with(self, ring: Callable[[], None]) -> None:
        """Have a function called whenever something has come, or the feed has ended: for who must not wait in `take`.

        Args:
            ring: Called in the thread that finds changes, or the one that closes. It must be quick and raise nothing.
        """
        with self.arrived:
            self.ring = ring
            if self.queue or self.ended:
                ring()

    @property
    def cursors(self) -> Mapping[Key, int]:
        """The version of the last change that `take` has handed out of each key, or where it began."""
        with self.arrived:
            return dict(self.handed)

    def take(self, timeout: float | None = None) -> ChangeRow | Gap | None:
        """Return the next change, waiting for it.

        Args:
            timeout: Seconds to wait at most; None waits until there is one, 0 only looks at what is here.

        Returns:
            The change; or what is missing before the next one; or None, where nothing came in time or the feed has ended.
        """
        until = None if timeout is None else time.monotonic() + min(timeout, threading.TIMEOUT_MAX / 2)
        self.source.resume()
        with self.arrived:
            while not self.queue and not self.ended:
                left = None if until is None else until - time.monotonic()
                if left is not None and left <= 0:
                    return None
                self.arrived.wait(left)
            if self.ended:
                return None
            item, version = self.queue.popleft()
            key = item.key
            self.handed[key] = version
            drained = self.choked and len(self.queue) <= LOW
            if drained:
                self.choked = False
        if drained:
            self.source.refill()
        return item

    def put(self, items: Iterable[Item]) -> None:
        """Add what comes next, as far as there is room; the rest is to be put again later."""
        with self.arrived:
            if self.ended:
                return
            before = len(self.queue)
            for item, version in items:
                if len(self.queue) >= CAPACITY:
                    self.choked = True
                    break
                self.queue.append((item, version))
                self.placed[item.key] = version
            self.arrived.notify(len(self.queue) - before)
            if self.ring is not None and len(self.queue) > before:
                self.ring()

    def end(self) -> None:
        """Hand out nothing more, and let everyone go who waits."""
        with self.arrived:
            self.ended = True
            self.queue.clear()
            self.arrived.notify_all()
            if self.ring is not None:
                self.ring()

    def close(self) -> None:
        """End the feed; a second call does nothing."""
        self.end()
        self.source.leave(self)
