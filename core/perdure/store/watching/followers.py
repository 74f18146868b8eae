"""Who follows which key, without keeping alive whoever has stopped caring."""

from __future__ import annotations

import threading
from collections import Counter, deque
from typing import TYPE_CHECKING
from weakref import ref

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from perdure.names import Key
    from perdure.store.rows import Head
    from perdure.store.watching.feed import Feed


@attrs.define(eq=False)
class Followed:
    """A key that is followed.

    Attributes:
        head: The version that it is known to have reached; each of its feeds that lacks some of it knows so.
        served: When its changes were last read, counted in rounds.
        feeds: Who follows it.
    """

    head: int
    served: int = 0
    feeds: set[ref[Feed]] = attrs.field(factory=set)


class Followers:
    """Feeds by what they follow.

    Attributes:
        mutex: Guards them, and each of the feeds, so that a fork finds all of them in one state. Whoever calls holds it. It is
            reentrant, since a signal handler may close what the main thread is taking from.
        keys: Every key that is followed.
        modules: How many keys are followed, by tenant and module.
        feeds: The keys of each feed.
    """

    def __init__(self) -> None:
        self.mutex = threading.RLock()
        self.keys: dict[Key, Followed] = {}
        self.modules: Counter[tuple[str, str]] = Counter()
        self.feeds: dict[ref[Feed], tuple[Key, ...]] = {}
        # A feed may be collected at any moment, in a thread that holds any lock. So that is noted here, which takes none.
        self.gone: deque[ref[Feed]] = deque()
        self.in_order: list[tuple[str, str]] | None = None

    def add(self, feed: Feed, heads: Mapping[Key, int]) -> None:
        """Have a feed follow its keys from its positions on.

        Args:
            feed: The feed.
            heads: The versions that keys are known to have reached.
        """
        one = ref(feed, self.gone.append)
        self.feeds[one] = tuple(feed.placed)
        for key, position in feed.placed.items():
            followed = self.keys.get(key)
            if followed is None:
                followed = self.keys[key] = Followed(heads.get(key, 0))
                self.modules[key.tenant, key.module] += 1
                self.in_order = None
            if position < followed.head:
                feed.behind.add(key)
            followed.feeds.add(one)

    def leave(self, one: ref[Feed]) -> None:
        """Have a feed follow nothing any more; a second call does nothing."""
        for key in self.feeds.pop(one, ()):
            followed = self.keys[key]
            followed.feeds.discard(one)
            if not followed.feeds:
                del self.keys[key]
                module = (key.tenant, key.module)
                self.modules[module] -= 1
                if not self.modules[module]:
                    del self.modules[module]
                    self.in_order = None

    def tidy(self) -> None:
        """Drop the feeds that nobody has any more."""
        while self.gone:
            self.leave(self.gone.popleft())

    def followed_modules(self) -> Sequence[tuple[str, str]]:
        """Return each (tenant, module) that has a followed key, in order."""
        if self.in_order is None:
            self.in_order = sorted(self.modules)
        return self.in_order

    def alive(self) -> list[Feed]:
        """Return every feed that somebody has."""
        return [feed for one in self.feeds if (feed := one()) is not None]

    def moved(self, heads: Iterable[Head]) -> list[Head]:
        """Return the heads of followed keys that are further than was known. It may be called without the mutex."""
        return [
            head
            for head in heads
            # A tuple equals the key that it is made of, and is found by it without making one for each row.
            if (followed := self.keys.get(head[:3])) and isinstance(head.version, int) and head.version > followed.head  # type: ignore[call-overload]
        ]

    def note(self, moved: Iterable[Head]) -> None:
        """Let feeds know which of their keys have changed."""
        for head in moved:
            key = head.key
            if (followed := self.keys.get(key)) is not None:
                for one in followed.feeds:
                    if (feed := one()) is not None and feed.placed[key] < head.version:
                        feed.behind.add(key)
                followed.head = max(followed.head, head.version)

    def start_over(self) -> None:
        """Go on in a forked child: with a mutex that nobody holds, and knowing no key's version until it is looked for again."""
        self.mutex = threading.RLock()
        for followed in self.keys.values():
            followed.head = 0
        for feed in self.alive():
            feed.guard(self.mutex)
            feed.behind.clear()
