"""The one thread that looks for changes, however many watchers there are.

It reads the versions that the followed keys have reached, all in one query, and the history of those that have moved. The
history is written in the transactions of the changes, so a look that fails, or comes late, misses nothing. Versions are trusted
and clocks are not: a change may bear an earlier time than one that was committed before it.
"""

from __future__ import annotations

import logging
import threading
import time
from types import MappingProxyType
from typing import TYPE_CHECKING
from weakref import ref

from perdure.errors import AppClosed, PerdureError
from perdure.store import forks
from perdure.store.watching.feed import Feed, Gap
from perdure.store.watching.followers import Followers
from perdure.store.watching.signals import Signals
from perdure.store.watching.supply import Supply

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from perdure.names import Key
    from perdure.store.protocol import Store
    from perdure.store.rows import Written
    from perdure.store.watching.feed import Item
    from perdure.store.watching.signals import Asked

REST = 0.002
"""Seconds between two looks that were asked for, so that whoever writes all the time is not slowed by them."""

LONGEST_REST = 0.1
"""Where a look takes longer than `REST`, the rest is as long as the look, up to this."""

CLOSING_SECONDS = 0.5
"""How long `close` waits for a look that is under way; with the database away, it may take longer to fail."""

FROM_NOW: Mapping[Key, int] = MappingProxyType({})

logger = logging.getLogger("perdure.store")


class Poller:
    """Finds changes for the watchers of one App. Until the first of them it does nothing, and costs nothing.

    Args:
        store: Where to look.
        interval: Seconds between two looks at everything; writes of this process, and of others where the store listens to
            them, are looked for at once.

    Attributes:
        closed: Whether `close` was called, or the store was closed.
        thread: The thread that looks, or None before there is something to look for, and in a forked child.
    """

    def __init__(self, store: Store, interval: float) -> None:
        self.store = store
        self.interval = interval
        self.followers = Followers()
        self.supply = Supply(store, self.followers)
        self.closed = False
        self.subscribed = False
        self.away = False
        self.start_over()
        forks.watching.add(self)

    def start_over(self) -> None:
        """Begin with no thread, and nothing asked of it but a look at everything."""
        self.thread: threading.Thread | None = None
        self.end_listening: Callable[[], None] | None = None
        self.signals = Signals()
        self.due = 0.0
        self.more = False

    # ----------------------------------------------------------------------- watchers

    @property
    def watchers(self) -> int:
        """How many feeds there are."""
        with self.followers.mutex:
            self.followers.tidy()
            return len(self.followers.feeds)

    def follow(self, keys: Collection[Key], since: Mapping[Key, int] = FROM_NOW) -> Feed:
        """Return a feed of what becomes of some keys.

        Args:
            keys: What to follow.
            since: The versions after which to begin; a key that has none here begins with what is written after this call. Of
                one that has not come so far, the feed begins with a `Gap`, and goes on from where it is.

        Raises:
            AppClosed: The App is closed.
            StoreError: The versions of now cannot be read.
        """
        self.refuse_if_closed()
        self.resume()
        latest = self.signals.latest
        heads = self.heads_of(keys)
        positions = {key: since[key] if key in since else heads.get(key, 0) for key in keys}
        feed = Feed(self, positions, self.followers.mutex)
        feed.put(brought_back(since, heads))
        with self.followers.mutex:
            self.refuse_if_closed()
            self.followers.tidy()
            if not self.followers.feeds:
                self.due = time.monotonic() + self.interval
            self.followers.add(feed, heads)
        # A signal that came meanwhile may have been of one of these keys, which nobody followed yet.
        if self.signals.latest is not latest or any(key in since for key in keys):
            self.signals.ask_for({(key.tenant, key.module) for key in keys})
        self.signals.ring()  # where there was no feed, the next look was not waited for
        return feed

    def refuse_if_closed(self) -> None:
        """Raise `AppClosed` if there is nothing to follow any more."""
        if self.closed:
            raise AppClosed(self.store.shown)

    def heads_of(self, keys: Collection[Key]) -> dict[Key, int]:
        """Return the versions that keys, and others of their modules, have reached."""
        if not keys:
            return {}
        modules = sorted({(key.tenant, key.module) for key in keys})
        heads = self.store.read_heads(modules)
        return {head.key: head.version for head in heads if isinstance(head.version, int)}  # a damaged one is no version

    def resume(self) -> None:
        """Have a thread that looks, if there is none yet, or none any more after a fork."""
        if self.thread is not None:
            return
        with self.followers.mutex:
            if self.thread is not None or self.closed:
                return
            if not self.subscribed:
                self.store.subscribe(self.written)
                self.subscribed = True
            self.end_listening = self.store.listen(self.wake)
            self.thread = threading.Thread(target=self.run, name="perdure-watcher", daemon=True)
            self.thread.start()

    def leave(self, feed: Feed) -> None:
        """Look for a feed no more."""
        with self.followers.mutex:
            self.followers.leave(ref(feed))

    # ----------------------------------------------------------------------- what asks for a look

    def written(self, written: Written) -> None:
        """Have a module looked at soon: this process has written to it."""
        self.signals.latest = object()
        module = (written.row.tenant, written.row.module)
        if module in self.followers.modules:
            self.signals.ask_for((module,))

    def wake(self) -> None:
        """Have everything looked at soon: another process may have written."""
        self.signals.latest = object()
        self.signals.ask_for_everything()

    def refill(self) -> None:
        """Have feeds looked at soon that have room again."""
        self.signals.ring()

    # ----------------------------------------------------------------------- the thread

    def run(self) -> None:
        """Look, and look again, until the App is closed."""
        while True:
            with self.followers.mutex:
                self.followers.tidy()
                left = max(0.0, self.due - time.monotonic()) if self.followers.feeds else None
            self.signals.wait(0.0 if self.more else left)
            if self.closed:
                return
            began, asked = time.monotonic(), self.signals.taken()
            self.look(asked)
            if asked.everything or asked.modules:
                time.sleep(min(max(REST, time.monotonic() - began), LONGEST_REST))

    def look(self, asked: Asked) -> None:
        """Look once, and let feeds have what was found. What fails is tried again, from where it was."""
        try:
            if modules := self.modules(asked):
                moved = self.followers.moved(self.store.read_heads(modules))
                with self.followers.mutex:
                    self.followers.note(moved)
            self.more = self.supply.give()
        except AppClosed:
            self.end()
        except PerdureError as error:
            self.postpone()
            if not self.away:
                logger.warning("Watchers have to wait: %s. They miss nothing. This is said once, until it works again.", error)
            self.away = True
        except Exception:
            self.postpone()
            logger.exception("Watchers have to wait for %s s: a look for changes failed", self.interval)
        else:
            if self.away and modules:
                self.away = False
                logger.info("Watchers are told of changes again.")

    def modules(self, asked: Asked) -> Sequence[tuple[str, str]]:
        """Return where to look: at everything if it is time or was asked for, else at what was asked for and is followed."""
        with self.followers.mutex:
            now = time.monotonic()
            if self.followers.feeds and (asked.everything or now >= self.due):
                self.due = now + self.interval
                return self.followers.followed_modules()
            return sorted(module for module in asked.modules if module in self.followers.modules)

    def postpone(self) -> None:
        """Look at everything after an interval, and not before without being asked."""
        self.more = False
        self.due = time.monotonic() + self.interval

    # ----------------------------------------------------------------------- the end, and forks

    def end(self) -> None:
        """End every feed, and give out no more."""
        with self.followers.mutex:
            self.closed = True
            for feed in self.followers.alive():
                feed.end()

    def close(self) -> None:
        """End every feed and the thread; a second call does nothing."""
        with self.followers.mutex:
            self.end()
            thread, self.thread = self.thread, None
            end_listening, self.end_listening = self.end_listening, None
        self.signals.ring()
        if end_listening is not None:
            end_listening()
        if thread is not None and thread is not threading.current_thread():
            thread.join(CLOSING_SECONDS)
        forks.watching.discard(self)

    def before_fork(self) -> None:
        """Keep everybody from feeds, so that a child inherits them whole."""
        self.followers.mutex.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self.followers.mutex.release()

    def after_fork_in_child(self) -> None:
        """Go on with what was inherited, and with a thread and locks of our own once somebody asks for a change."""
        self.followers.start_over()
        self.start_over()


def brought_back(since: Mapping[Key, int], heads: Mapping[Key, int]) -> list[Item]:
    """Return what is told of keys whose versions lie behind those that were seen: a backup was restored.

    Versions alone cannot tell the changes that were seen from those that come in their place.
    """
    reached = {key: heads.get(key, 0) for key in since}
    return [(Gap(key, seen, None, reached[key]), reached[key]) for key, seen in since.items() if seen > reached[key]]
