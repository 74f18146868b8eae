"""Reading one name while the table grows: in rows, and in tenants."""

from __future__ import annotations

import json
import sqlite3
from functools import cache, partial
from itertools import cycle, islice
from itertools import product as each_of
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, make_url
from tests.bench.comparison import Comparison
from tests.bench.measure import Candidate
from tests.bench.peers.ours import opened as app_on
from tests.bench.peers.roster import floor_of, opened
from tests.bench.places import MARIADB, POSTGRESQL, PRODUCTS, SQLITE
from tests.bench.records import DESK, MANY, TEN
from tests.bench.target import Target

from perdure.store.tables import status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import ExitStack

    from tests.bench.places import Place, Places

LIMIT = 1.3
SIZES = {
    SQLITE: (1_000, 10_000, 100_000, 1_000_000),
    POSTGRESQL: (1_000, 1_000_000),
    MARIADB: (1_000, 1_000_000),
}
"""How many rows the tables have."""

TENANTS = (1, 100, 10_000)
READ = 1000
"""Of how many names one is read after the other."""

Key = tuple[str, str, str]

GENERATED = {
    POSTGRESQL: (
        "INSERT INTO {} SELECT 'tenant-' || lpad((n / 1000)::text, 4, '0'), 'module-' || lpad((n / 10 % 100)::text, 3, '0'), "
        "(ARRAY['{}'])[n % 10 + 1], (ARRAY['{}'])[n % 10 + 1], 'json', 1, 1, 0, 0, NULL FROM generate_series(0, {}) n"
    ),
    MARIADB: (
        "INSERT INTO {} SELECT concat('tenant-', lpad(seq DIV 1000, 4, '0')), concat('module-', lpad(seq DIV 10 % 100, 3, '0')), "
        "elt(seq % 10 + 1, '{}'), elt(seq % 10 + 1, '{}'), 'json', 1, 1, 0, 0, NULL FROM seq_0_to_{}"
    ),
}
"""The same rows, made by the server."""

SETTLED = {
    POSTGRESQL: ("VACUUM ANALYZE {}",),
    MARIADB: ("ANALYZE TABLE {}", "FLUSH TABLES {} FOR EXPORT", "UNLOCK TABLES"),
}
"""What has a server be done with them, which it would else go on with while others are measured."""

INSERT = f"INSERT INTO {status.name} VALUES (?, ?, ?, ?, 'json', 1, 1, 0, 0, NULL)"


def table(places: Places, rows: Iterable[tuple[str, str, str, str]]) -> Place:
    """Return a place with these rows in perdure's table, written in one transaction."""
    place = places.new(SQLITE, "normal")
    app_on(place, DESK).close()
    connection = sqlite3.connect(str(make_url(place.url).database))
    with connection:
        connection.executemany(INSERT, rows)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return place


def names(count: int) -> Iterator[Key]:
    """Yield so many names: a thousand of each tenant, ten of each module."""
    tenants = (f"tenant-{number:04}" for number in range(count // 1000))
    return each_of(tenants, (spec.module for spec in MANY), TEN)  # type: ignore[return-value]  # it yields three texts


@cache
def grown(places: Places, product: str, rows: int) -> Place:
    """Return a place with so many rows."""
    if product == SQLITE:
        return table(places, ((*key, json.dumps(TEN[key[2]])) for key in names(rows)))
    place = places.new(product, "normal")
    app_on(place, DESK).close()
    engine = create_engine(place.url)
    texts = ["', '".join(map(str, TEN)), "', '".join(map(json.dumps, TEN.values()))]
    with engine.begin() as connection:
        connection.exec_driver_sql(GENERATED[product].format(status.name, *texts, rows - 1).replace("%", "%%"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in SETTLED[product]:
            connection.exec_driver_sql(statement.format(status.name))
    engine.dispose()
    return place


def by_turns(label: str, place: Place, keys: Sequence[Key], stack: ExitStack) -> tuple[Candidate, Candidate]:
    """Return the raw driver and perdure, each reading names of a place by turns."""
    (raw,) = opened(stack, place, "raw")
    modules = {spec.module: spec for spec in (*MANY, DESK)}
    app = stack.enter_context(app_on(place, *modules.values()))
    held = [(app.tenant(tenant).scope(module).status, name) for tenant, module, name in keys]
    source = "status, name = next(names)\nstatus.get(name)"
    ours = Candidate.of(f"perdure, {label}", source, shown="status.get(name)", names=cycle(held))
    return raw.by_turns(f"{raw.name}, {label}", keys), ours


def own(product: str, places: Places, stack: ExitStack) -> list[Candidate]:
    """Return who reads the thousand names of one tenant, in tables of several sizes."""
    return of_sizes(product, {size: [*names(READ)] for size in SIZES[product]}, places, stack)


def spread(product: str, places: Places, stack: ExitStack) -> list[Candidate]:
    """Return who reads a thousand names that lie evenly in the whole table."""
    keys = {size: [*islice(names(size), 0, None, size // READ)] for size in SIZES[product]}
    return of_sizes(product, keys, places, stack)


def of_sizes(product: str, keys: dict[int, list[Key]], places: Places, stack: ExitStack) -> list[Candidate]:
    """Return the candidates for tables of several sizes."""
    return [each for size in keys for each in by_turns(f"{size:,} rows", grown(places, product, size), keys[size], stack)]


def told(size: int) -> str:
    """Return how many tenants, as the page says it."""
    return "1 tenant" if size == 1 else f"{size:,} tenants"


def tenants(_product: str, places: Places, stack: ExitStack) -> list[Candidate]:
    """Return who reads one name of each of many tenants by turns, a thousand of them at most."""
    found: list[Candidate] = []
    for size in TENANTS:
        everybody = [f"tenant-{number:05}" for number in range(size)]
        place = table(places, ((tenant, "desk", "enable", "true") for tenant in everybody))
        keys = [(tenant, "desk", "enable") for tenant in everybody[:: max(1, size // READ)]]
        found += by_turns(told(size), place, keys, stack)
    return found


def comparison(name: str, work: str, product: str, make: Any, labels: Sequence[str]) -> Comparison:
    """Return a comparison in which the last size is to take hardly longer than the first."""
    first, last = labels[0], labels[-1]
    target = Target(work, product, LIMIT, f"the same with {first}", base=f"perdure, {first}", of=f"perdure, {last}")
    return Comparison(name, work, product, f"{floor_of(product)}, {first}", partial(make, product), (target,))


def in_rows(name: str, which: str, make: Any, product: str) -> Comparison:
    """Return the comparison of tables of several sizes."""
    work = f"get from a table of 1,000,000 rows, {which} by turns"
    return comparison(f"{name}-{product}".lower(), work, product, make, [f"{size:,} rows" for size in SIZES[product]])


WORKS = (
    *(in_rows("rows-own", "the names of one tenant", own, product) for product in PRODUCTS),
    in_rows("rows-spread", "names all over it", spread, SQLITE),
    comparison("tenants", "get with 10,000 tenants, one after the other", SQLITE, tenants, [told(size) for size in TENANTS]),
)
