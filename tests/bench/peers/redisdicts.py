"""pottery's RedisDict."""

from __future__ import annotations

import uuid
from itertools import cycle
from typing import TYPE_CHECKING

import redis
from tests.bench.measure import Candidate
from tests.bench.records import OTHERS, VALUES

from perdure.lock.redlock import process_as_it_was

if TYPE_CHECKING:
    from tests.bench.places import Place

with process_as_it_was():
    from pottery import RedisDict


class RedisDicts:
    """A `RedisDict` on a Redis that appends every write to its file."""

    name = "pottery RedisDict"

    def __init__(self, place: Place) -> None:
        self.client = redis.Redis.from_url(place.master().url)
        self.kept = RedisDict(VALUES, redis=self.client, key=f"dict:{uuid.uuid4().hex}")

    def get(self, name: str) -> Candidate:
        """See `Peer`."""
        return Candidate.of(self.name, f"kept[{name!r}]", kept=self.kept)

    def set(self, name: str) -> Candidate:
        """See `Peer`."""
        values = cycle([OTHERS[name], VALUES[name]])
        return Candidate.of(self.name, f"kept[{name!r}] = next(values)", kept=self.kept, values=values)

    def update(self, name: str) -> Candidate:
        """See `Peer`; it has nothing that keeps another writer's update."""
        return Candidate.of(self.name, f"kept[{name!r}] = kept[{name!r}] + 1", kept=self.kept)

    def close(self) -> None:
        """See `Peer`."""
        self.client.close()
