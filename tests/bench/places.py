"""Where the work is done: databases and a Redis of the run's own, all of them gone after it."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self, TypeVar

import attrs
import pytest
from tests.services.databases import MariaDBServer, PostgreSQLServer
from tests.services.redis import redis_masters

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.services.databases import DatabaseServer
    from tests.services.redis import RedisMaster

T = TypeVar("T")

Durability = Literal["full", "normal"]

TASKS = {
    "postgresql": "SELECT pid FROM pg_stat_activity WHERE datname LIKE 'perdure%'",
    "mariadb": "SELECT tid FROM information_schema.processlist WHERE db LIKE 'perdure%'",
}
"""What asks a server for the processes, or threads, of the connections to our databases."""

SQLITE, POSTGRESQL, MARIADB = PRODUCTS = ("SQLite", "PostgreSQL", "MariaDB")


class NotMeasured(Exception):
    """Why something could not be measured."""


@attrs.frozen
class Place:
    """An empty database, and a folder beside it.

    Attributes:
        product: Which database system.
        url: The database, as `App.open` takes it.
        folder: For files.
        durability: What a commit is to survive: "full" a loss of power, "normal" a killed process.
        master: Returns a Redis that makes a write as durable.
    """

    product: str
    url: str
    folder: Path
    durability: Durability
    master: Callable[[], RedisMaster]


class Places:
    """Makes places, and starts the servers for them where none is running. To be used in a `with` block."""

    def __init__(self) -> None:
        self.stack = ExitStack()
        self.made = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stack.close()

    @cached_property
    def folder(self) -> Path:
        """What holds every file of the run."""
        return Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="perdure-bench-")))

    @cached_property
    def servers(self) -> dict[str, DatabaseServer]:
        """The database servers that were asked for so far."""
        return {}

    @cached_property
    def redis(self) -> RedisMaster:
        """A Redis that keeps nothing on disk until it is told to."""
        return found(lambda: self.stack.enter_context(redis_masters(1)))[0]

    def server(self, product: str) -> DatabaseServer:
        """Return the server of a product."""
        if product not in self.servers:
            kind = {POSTGRESQL: PostgreSQLServer, MARIADB: MariaDBServer}[product]
            self.servers[product] = found(kind)
            self.stack.callback(self.servers[product].close)
        return self.servers[product]

    def new(self, product: str, durability: Durability = "full") -> Place:
        """Return an empty place."""
        self.made += 1
        folder = self.folder / str(self.made)
        folder.mkdir()
        if product == SQLITE:
            url = f"sqlite:///{folder / 'app.db'}"
        else:
            url = self.server(product).new_database().render_as_string(hide_password=False)
        return Place(product, url, folder, durability, lambda: self.as_durable(durability))

    def tasks(self) -> list[int]:
        """Return the processes and threads by which servers work for the connections of this run."""
        found = [int(task) for server in self.servers.values() for (task,) in server.rows(TASKS[server.name])]
        if "redis" in vars(self):  # it was asked for
            with self.redis.client as client:
                found.append(client.info("server")["process_id"])
        return found

    def as_durable(self, durability: Durability) -> RedisMaster:
        """Return the Redis, whose writes survive what they are to survive."""
        with self.redis.client as client:
            client.config_set("appendonly", "yes")
            client.config_set("appendfsync", "always" if durability == "full" else "everysec")
        return self.redis


def found(start: Callable[[], T]) -> T:
    """Return what starts, or say that it does not.

    Raises:
        NotMeasured: The server is not there.
    """
    try:
        return start()
    except pytest.skip.Exception as absence:
        raise NotMeasured(str(absence)) from None
