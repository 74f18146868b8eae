"""Every candidate that keeps values. They are imported when they are asked for: only the benchmark has them all."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tests.bench.places import MARIADB, POSTGRESQL, SQLITE, NotMeasured

if TYPE_CHECKING:
    from contextlib import ExitStack

    from tests.bench.places import Place

RAW = {SQLITE: "raw_sqlite:RawSQLite", POSTGRESQL: "raw_postgresql:RawPostgreSQL", MARIADB: "raw_mariadb:RawMariaDB"}
FLOORS = {SQLITE: "raw sqlite3", POSTGRESQL: "raw psycopg", MARIADB: "raw PyMySQL"}
CLASSES = {
    "perdure": "ours:Perdure",
    "diskcache": "diskcaches:DiskCache",
    "sqlitedict": "sqlitedicts:SqliteDicts",
    "shelve": "shelves:Shelf",
    "constance": "constances:Constance",
    "orm": "orm:ORM",
    "redisdict": "redisdicts:RedisDicts",
    "redis": "plain_redis:PlainRedis",
    "django-fsm-2": "machines.django_fsm_machine:DjangoFSMTable",
    "raw psycopg, settings made once": "raw_postgresql:RawPostgreSQLSetOnce",
}


def floor_of(product: str) -> str:
    """Return what the tables call the raw driver of a database."""
    return FLOORS[product]


def opened(stack: ExitStack, place: Place, *names: str) -> list[Any]:
    """Return candidates, opened at a place in this order, and closed with the stack.

    Raises:
        NotMeasured: One is not installed.
    """
    found = []
    for name in names:
        module, _, kind = (RAW[place.product] if name == "raw" else CLASSES[name]).partition(":")
        try:
            peer = getattr(import_module(f"tests.bench.peers.{module}"), kind)(place)
        except ImportError as error:
            raise NotMeasured(f"{name} is not installed ({error}); make bench installs it") from error
        stack.callback(peer.close)
        found.append(peer)
    return found
