"""Writing one name: replacing it, counting with it, and writing it for the first time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from tests.bench.comparison import Comparison
from tests.bench.peers.roster import floor_of, opened
from tests.bench.places import MARIADB, POSTGRESQL, SQLITE
from tests.bench.target import Target

if TYPE_CHECKING:
    from contextlib import ExitStack

    from tests.bench.measure import Candidate
    from tests.bench.places import Durability, Places

Kind = Literal["set", "update", "create"]

LIMIT = 1.3
SAID: dict[Kind, str] = {
    "set": "set of an existing name",
    "update": "update of an existing name",
    "create": "first write of a name, without Redis",
}
NAMES = {"set": "enable", "update": "visits"}
FLOORS = {POSTGRESQL: ("raw", "raw psycopg, settings made once")}
BESIDE = {
    SQLITE: ("diskcache", "sqlitedict", "shelve", "constance", "orm", "redisdict", "redis"),
    POSTGRESQL: ("orm",),
    MARIADB: ("orm",),
}
WHERE: tuple[tuple[str, Durability, str], ...] = (
    (SQLITE, "full", "SQLite, full"),
    (SQLITE, "normal", "SQLite, normal"),
    (POSTGRESQL, "full", "PostgreSQL, full"),
    (POSTGRESQL, "normal", "PostgreSQL, normal"),
    (MARIADB, "full", "MariaDB"),
)
"""Where, how durably, and what the page calls it. A MariaDB commits as its administrator has set it."""


def writing(product: str, durability: Durability, database: str, kind: Kind) -> Comparison:
    """Return the comparison for a kind of write on a database."""
    make = creating if kind == "create" else changing
    name = f"{kind}-{product}-{durability}".lower()
    target = Target(SAID[kind], database, LIMIT, floor_of(product))
    candidates = partial(make, product, durability, kind)
    # On SQLite a turn must be long enough for the log to be copied back several times, or it is one candidate's bad luck.
    return Comparison(name, SAID[kind], database, target.over, candidates, (target,), 40, 0.05 if product == SQLITE else 0.02)


def changing(product: str, durability: Durability, kind: Kind, places: Places, stack: ExitStack) -> list[Candidate]:
    """Return who replaces a value or counts with it; perdure and each floor have databases of their own."""
    name = NAMES[kind]
    floors = [peer for raw in FLOORS.get(product, ("raw",)) for peer in opened(stack, places.new(product, durability), raw)]
    ours, *others = opened(stack, places.new(product, durability), "perdure", *BESIDE[product])
    ours.fill(name)
    bare = [floors[0].upsert(name)] if kind == "set" else []
    return [*(getattr(peer, kind)(name) for peer in floors), *bare, *(getattr(peer, kind)(name) for peer in (ours, *others))]


def creating(product: str, durability: Durability, _kind: Kind, places: Places, stack: ExitStack) -> list[Candidate]:
    """Return who writes a value for the first time."""
    floors = [peer for raw in FLOORS.get(product, ("raw",)) for peer in opened(stack, places.new(product, durability), raw)]
    (ours,) = opened(stack, places.new(product, durability), "perdure")
    return [peer.create() for peer in (*floors, ours)]


WORKS = tuple(writing(*where, kind) for kind in SAID for where in WHERE)
