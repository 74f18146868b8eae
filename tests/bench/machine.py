"""What the figures were measured with: versions, and nothing that tells one machine from another."""

from __future__ import annotations

import os
import platform
import sqlite3
import textwrap
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool
from tests.bench.places import MARIADB, POSTGRESQL, SQLITE, NotMeasured

if TYPE_CHECKING:
    from tests.bench.places import Places

WIDTH = 130

PACKAGES = (
    "SQLAlchemy",
    "psycopg",
    "PyMySQL",
    "redis",
    "pottery",
    "attrs",
    "cattrs",
    "pluggy",
    "diskcache",
    "sqlitedict",
    "Django",
    "django-constance",
    "django-fsm-2",
    "transitions",
    "python-statemachine",
)


def described(places: Places) -> str:
    """Return the versions as text of the page."""
    system = f"{platform.python_implementation()} {platform.python_version()} on {platform.system()}, {os.cpu_count()} processors"
    versions = (*databases(places), *packages())
    said = f"Measured with {system}; {', '.join(f'{name} {number}' for name, number in versions)}."
    return textwrap.fill(said, WIDTH, break_on_hyphens=False)


def databases(places: Places) -> list[tuple[str, str]]:
    """Return the versions of the databases, as far as they are there."""
    found = [(SQLITE, sqlite3.sqlite_version)]
    for product in (POSTGRESQL, MARIADB):
        with suppress(NotMeasured):
            engine = create_engine(places.server(product).admin, poolclass=NullPool)
            with engine.connect() as connection:
                number = connection.dialect.server_version_info or ()
            found.append((product, ".".join(map(str, number))))
    with suppress(NotMeasured), places.redis.client as client:
        found.append(("Redis", client.info("server")["redis_version"]))
    return found


def packages() -> list[tuple[str, str]]:
    """Return the versions of the libraries, as far as they are installed."""
    found = []
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found.append((name, version(name)))
    return found
