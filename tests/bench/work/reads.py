"""Reading one name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.comparison import Comparison
from tests.bench.peers.roster import floor_of, opened
from tests.bench.places import MARIADB, POSTGRESQL, PRODUCTS, SQLITE
from tests.bench.records import CLASSES
from tests.bench.target import Target

if TYPE_CHECKING:
    from contextlib import ExitStack

    from tests.bench.measure import Candidate
    from tests.bench.places import Places

KINDS = {"enable": "a bool", "user": "a small frozen object", "seat": "a small mutable object"}
LIMITS = {SQLITE: 1.25, POSTGRESQL: 1.4, MARIADB: 1.4}
BESIDE = {
    SQLITE: ("diskcache", "sqlitedict", "shelve", "constance", "orm", "redisdict", "redis"),
    POSTGRESQL: ("orm", "redisdict", "redis"),
    MARIADB: ("orm", "redisdict", "redis"),
}


def reading(product: str, name: str) -> Comparison:
    """Return the comparison for a name on a database."""
    floor, work = floor_of(product), f"get of {KINDS[name]}, fresh"

    def candidates(places: Places, stack: ExitStack) -> list[Candidate]:
        place = places.new(product)
        raw, ours, *others = opened(stack, place, "raw", "perdure", *BESIDE[product])
        typed = [raw.get(name, typed=True)] if name in CLASSES else []
        return [raw.get(name), *typed, *(each.get(name) for each in (ours, *others))]

    targets = [Target(work, product, LIMITS[product], floor)]
    if product == SQLITE:
        targets.append(Target(work, product, 1.0, "diskcache"))
    return Comparison(f"get-{name}-{product}".lower(), f"get of {KINDS[name]}", product, floor, candidates, tuple(targets))


WORKS = tuple(reading(product, name) for product in PRODUCTS for name in KINDS)
