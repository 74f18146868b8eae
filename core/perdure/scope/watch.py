"""What a user holds who watches: an iterator of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from perdure.errors import HistoryTruncated
from perdure.store.watching.feed import Gap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from perdure.names import Key
    from perdure.records.entry import Change
    from perdure.store.rows import ChangeRow
    from perdure.store.watching.feed import Feed

C = TypeVar("C")


class Watch(Generic[C]):
    """Changes as they are committed, by whichever process: each once, and those of one name in the order of their versions.

    ```python
    with status.watch("enable", "user") as watch:
        for change in watch:
            print(change.name, change.value, change.actor)
    ```

    It has everything that was written since it was made: what comes while nobody asks waits in the database's history, and not
    in memory. Changes of different names come in the order of their times, as far as they are known when they are asked for.
    Any number of threads may share a watch; each change then goes to one of them.

    It ends with `close()`, at the end of its `with` block, or with its App, also while somebody waits for a change. What it has
    not handed out by then is not lost: watch again with `since=watch.cursors`. A watch that is dropped costs nothing any more.

    Args:
        feed: Where changes come from.
        told: Returns a row of the history as a change.
        place_of: Returns the tenant, the module and the name, as declared, of a key.
        named: Returns versions by key as versions by name, as `since=` takes them.
    """

    def __init__(
        self,
        feed: Feed,
        told: Callable[[ChangeRow], Change],
        place_of: Callable[[Key], tuple[str, str, str]],
        named: Callable[[Mapping[Key, int]], C],
    ) -> None:
        self.feed = feed
        self.told = told
        self.place_of = place_of
        self.named = named

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Change:
        """Return the next change, waiting for it as long as it takes; the end of the watch ends the iteration.

        Raises:
            HistoryTruncated: Changes that come next are gone, since the history keeps only so many of each name. The watch
                goes on after them: ask for the next one. A `for` loop ends with this error, and another one goes on.
        """
        change = self.take()
        if change is None:
            raise StopIteration
        return change

    def take(self, timeout: float | None = None) -> Change | None:
        """Return the next change, waiting for it.

        Args:
            timeout: Seconds to wait at most; 0 returns what is here, None waits as long as it takes.

        Returns:
            The change; None where none came in time, or the watch has ended (`ended` tells which).

        Raises:
            HistoryTruncated: Changes that come next are gone, since the history keeps only so many of each name. The watch
                goes on after them: ask again.
        """
        found = self.feed.take(timeout)
        if isinstance(found, Gap):
            raise HistoryTruncated(*self.place_of(found.key), found.since, found.oldest, found.reached)
        return None if found is None else self.told(found)

    @property
    def ended(self) -> bool:
        """Whether the watch was closed, by itself or with its App: no change comes any more."""
        return self.feed.ended

    @property
    def positions(self) -> Mapping[Key, int]:
        """The version of the last change of each key that was handed out, or from where it began."""
        return self.feed.cursors

    @property
    def cursors(self) -> C:
        """The same by name, as `since=` takes it: a watch that begins there goes on exactly after what was handed out.

        A change counts as handed out once it is returned. Keep the cursors when it is dealt with, not before.
        """
        return self.named(self.positions)

    def close(self) -> None:
        """End the watch, also for those who wait for a change; a second call does nothing."""
        self.feed.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        count = len(self.feed.placed)
        return f"<{type(self).__name__} of {count} {'name' if count == 1 else 'names'}{', ended' if self.ended else ''}>"
