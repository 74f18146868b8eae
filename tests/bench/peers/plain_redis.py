"""A plain Redis, by redis-py."""

from __future__ import annotations

import json
from itertools import cycle
from typing import TYPE_CHECKING

import redis
from tests.bench.measure import Candidate
from tests.bench.records import OTHERS, VALUES

if TYPE_CHECKING:
    from tests.bench.places import Place


class PlainRedis:
    """JSON in Redis, which appends every write to its file."""

    name = "Redis"

    def __init__(self, place: Place) -> None:
        self.client = redis.Redis.from_url(place.master().url)
        for name, value in VALUES.items():
            self.client.set(f"plain:{name}", json.dumps(value))

    def get(self, name: str) -> Candidate:
        """See `Peer`."""
        return Candidate.of(self.name, f"loads(client.get('plain:{name}'))", client=self.client, loads=json.loads)

    def set(self, name: str) -> Candidate:
        """See `Peer`."""
        values = cycle([OTHERS[name], VALUES[name]])
        source = f"client.set('plain:{name}', dumps(next(values)))"
        return Candidate.of(self.name, source, client=self.client, dumps=json.dumps, values=values)

    def update(self, name: str) -> Candidate:
        """See `Peer`; it can add by itself."""
        return Candidate.of(self.name, f"client.incr('plain:{name}')", client=self.client)

    def close(self) -> None:
        """See `Peer`."""
        self.client.close()
