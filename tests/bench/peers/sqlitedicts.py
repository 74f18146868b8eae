"""sqlitedict."""

from __future__ import annotations

import json
from itertools import cycle
from typing import TYPE_CHECKING

from sqlitedict import SqliteDict
from tests.bench.measure import Candidate
from tests.bench.records import OTHERS, VALUES

if TYPE_CHECKING:
    from tests.bench.places import Place


class SqliteDicts:
    """A `SqliteDict` of JSON in a write-ahead log; each write waits for its commit, which `autocommit=True` would not."""

    name = "sqlitedict"

    def __init__(self, place: Place) -> None:
        file = str(place.folder / "sqlitedict.db")
        self.kept = SqliteDict(file, journal_mode="WAL", encode=json.dumps, decode=json.loads)
        self.kept.conn.select_one(f"PRAGMA synchronous = {place.durability}")  # which it switches off by itself
        for name, value in VALUES.items():
            self.kept[name] = value
        self.kept.commit()

    def get(self, name: str) -> Candidate:
        """See `Peer`."""
        return Candidate.of(self.name, f"kept[{name!r}]", kept=self.kept)

    def set(self, name: str) -> Candidate:
        """See `Peer`."""
        values = cycle([OTHERS[name], VALUES[name]])
        return Candidate.of(self.name, f"kept[{name!r}] = next(values); kept.commit()", kept=self.kept, values=values)

    def update(self, name: str) -> Candidate:
        """See `Peer`; it has nothing that keeps another writer's update."""
        return Candidate.of(self.name, f"kept[{name!r}] = kept[{name!r}] + 1; kept.commit()", kept=self.kept)

    def close(self) -> None:
        """See `Peer`."""
        self.kept.close()
