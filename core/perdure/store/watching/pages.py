"""Reading what some feeds lack of a key's history, and bringing several keys' changes into one order."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, NamedTuple

from perdure.store.watching.feed import Gap

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from perdure.names import Key
    from perdure.store.protocol import RowStore
    from perdure.store.rows import ChangeRow
    from perdure.store.watching.feed import Item

PAGE = 250
"""How many changes of a key one query reads: a full feed that is drained to half has room for two such pages."""

version_of = attrgetter("version")


class Page(NamedTuple):
    """A part of a key's history.

    Attributes:
        key: The key.
        after: The version after which it begins.
        rows: The changes that are kept.
        until: The version up to which these are all; it is above `after`.
    """

    key: Key
    after: int
    rows: Sequence[ChangeRow]
    until: int

    def items(self, position: int) -> Iterator[tuple[int, Item]]:
        """Yield what a feed is to get that has everything up to a version, each with its time.

        Args:
            position: The version; not below `after`.
        """
        at = 0
        for row in self.rows[bisect_right(self.rows, position, key=version_of) :]:
            at = row.at if isinstance(row.at, int) else at  # a damaged one is told of in its turn, as any other
            if row.version > position + 1:
                yield at, (Gap(self.key, position, row.version), row.version - 1)
            yield at, (row, row.version)
            position = row.version
        if position < self.until:
            yield at, (Gap(self.key, position, None), self.until)


def pages_of(store: RowStore, key: Key, head: int, positions: Collection[int]) -> list[Page]:
    """Read what feeds lack of a key: in one query, unless that is more than a page.

    Then it is in two, for those who lack most and for those who lack least: who reads a long history must not keep waiting
    those who only want what is new.

    Args:
        store: What keeps the history.
        key: The key.
        head: The version that it had reached before this call, above every position.
        positions: The versions up to which the feeds have everything.
    """
    pages = [page_of(store, key, head, min(positions))]
    if unreached := [position for position in positions if position >= pages[0].until]:
        pages.append(page_of(store, key, head, max(unreached)))
    return pages


def page_of(store: RowStore, key: Key, head: int, after: int) -> Page:
    """Read the changes of a key after a version.

    What is missing up to `head` is missing for good: versions are committed in their order, and the head was read before.
    """
    found = store.read_changes_after(key, after, limit=PAGE)
    rows = [row for row in found if isinstance(row.version, int)]  # SQLite keeps what was damaged from outside
    last = rows[-1].version if rows else after
    return Page(key, after, rows, last if len(rows) == PAGE else max(last, head))


def merged(pages: Iterable[Page], positions: Mapping[Key, int]) -> Iterator[Item]:
    """Yield what a feed is to get of one page per key, the earlier change first.

    Each key's own changes stay in the order of their versions, whatever the clocks of those who wrote them said.
    """
    streams = [page.items(positions[page.key]) for page in pages]
    return (item for _, item in heapq.merge(*streams, key=itemgetter(0)))
