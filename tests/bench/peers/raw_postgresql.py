"""The floor on PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import make_url
from tests.bench.peers.raw import Raw

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.places import Place


class RawPostgreSQL(Raw):
    """psycopg: one cursor, whose statements the server keeps prepared, and a transaction that says how durable it is."""

    name = "raw psycopg"
    begin = "execute(BEGIN, prepare=False)"
    commit = "commit()"

    def connect(self, place: Place) -> psycopg.Connection[Any]:
        """See `Raw`."""
        url = make_url(place.url)
        arguments, options = url.get_dialect()().create_connect_args(url)
        synchronous = "on" if place.durability == "full" else "off"
        settings = f"SET LOCAL synchronous_commit = {synchronous}; SET LOCAL lock_timeout = '5s'"
        self.beginning = f"BEGIN ISOLATION LEVEL READ COMMITTED; {settings}"
        connection = psycopg.connect(*arguments, **options, autocommit=True)
        connection.execute(f"SET synchronous_commit = {synchronous}")
        return connection

    def calls(self) -> dict[str, Callable[..., Any]]:
        """See `Raw`."""
        return {"execute": self.connection.cursor().execute, "commit": self.connection.commit, "BEGIN": self.beginning}


class RawPostgreSQLSetOnce(RawPostgreSQL):
    """The same where the connection is nobody else's, and is told once how durable its transactions are."""

    name = "raw psycopg, settings made once"

    def connect(self, place: Place) -> psycopg.Connection[Any]:
        """See `Raw`."""
        connection = super().connect(place)
        connection.execute("SET lock_timeout = '5s'")
        self.beginning = "BEGIN"
        return connection
