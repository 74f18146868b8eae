"""diskcache."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

import diskcache
from tests.bench.measure import Candidate
from tests.bench.records import OTHERS, VALUES

if TYPE_CHECKING:
    from tests.bench.places import Place

SYNCHRONOUS = {"full": 2, "normal": 1}


class DiskCache:
    """A `Cache` that evicts nothing; its default is synchronous=NORMAL."""

    name = "diskcache"

    def __init__(self, place: Place) -> None:
        folder = str(place.folder / "diskcache")
        self.cache = diskcache.Cache(folder, eviction_policy="none", sqlite_synchronous=SYNCHRONOUS[place.durability])
        for name, value in VALUES.items():
            self.cache[name] = value

    def get(self, name: str) -> Candidate:
        """See `Peer`."""
        return Candidate.of(self.name, f"cache.get({name!r})", cache=self.cache)

    def set(self, name: str) -> Candidate:
        """See `Peer`."""
        values = cycle([OTHERS[name], VALUES[name]])
        return Candidate.of(self.name, f"cache.set({name!r}, next(values))", cache=self.cache, values=values)

    def update(self, name: str) -> Candidate:
        """See `Peer`."""
        source = f"with cache.transact():\n    cache[{name!r}] = cache[{name!r}] + 1"
        return Candidate.of(self.name, source, shown=f"with cache.transact(): cache[{name!r}] += 1", cache=self.cache)

    def close(self) -> None:
        """See `Peer`."""
        self.cache.close()
