"""Reading the history for those feeds that lack some of it, and letting each have what it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure.store.watching.feed import LOW
from perdure.store.watching.pages import merged, pages_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perdure.names import Key
    from perdure.store.protocol import RowStore
    from perdure.store.watching.feed import Feed
    from perdure.store.watching.followers import Followers
    from perdure.store.watching.pages import Page

AT_ONCE = LOW
"""After how many changes read from the history they are handed on, before more are read: a drained feed has room for them."""


class Supply:
    """Gives feeds what they lack, in rounds, on the poller's thread.

    Args:
        store: What keeps the history.
        followers: The feeds.
    """

    def __init__(self, store: RowStore, followers: Followers) -> None:
        self.store = store
        self.followers = followers
        self.rounds = 0

    def give(self) -> bool:
        """Read up to `AT_ONCE` changes, hand them on, and return whether a feed with room lacks more."""
        with self.followers.mutex:
            feeds = [feed for feed in self.followers.alive() if lacks_some(feed)]
        pages = self.read(feeds)
        for feed in feeds:
            self.hand(feed, pages)
        return any(lacks_some(feed) for feed in feeds)

    def read(self, feeds: Sequence[Feed]) -> Mapping[Key, Sequence[Page]]:
        """Read what feeds lack, key by key: those first that have waited longest, however much the others move."""
        wanted: dict[Key, set[int]] = {}
        for feed in feeds:
            for key in feed.behind:
                wanted.setdefault(key, set()).add(feed.placed[key])
        with self.followers.mutex:
            waiting = [(key, followed) for key in wanted if (followed := self.followers.keys.get(key)) is not None]
        self.rounds += 1
        pages: dict[Key, Sequence[Page]] = {}
        count = 0
        for key, followed in sorted(waiting, key=lambda pair: pair[1].served):
            if count >= AT_ONCE:
                break
            pages[key] = pages_of(self.store, key, followed.head, wanted[key])
            followed.served = self.rounds
            count += sum(len(page.rows) for page in pages[key])
        return pages

    def hand(self, feed: Feed, pages: Mapping[Key, Sequence[Page]]) -> None:
        """Let a feed have what was read of its keys."""
        keys = [key for key in feed.behind if key in pages]
        fitting = (page for key in keys for page in pages[key] if page.after <= feed.placed[key] < page.until)
        feed.put(merged(fitting, feed.placed))
        with self.followers.mutex:
            for key in keys:
                followed = self.followers.keys.get(key)
                if followed is None or feed.placed[key] >= followed.head:
                    feed.behind.discard(key)


def lacks_some(feed: Feed) -> bool:
    """Tell whether there is something for a feed, and room for it."""
    return bool(feed.behind) and not feed.choked and not feed.ended
