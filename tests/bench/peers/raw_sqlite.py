"""The floor on SQLite."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from sqlalchemy import make_url
from tests.bench.peers.raw import Raw

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.places import Place


class RawSQLite(Raw):
    """`sqlite3`, whose connection keeps its statements prepared, and copies its log back by itself."""

    name = "raw sqlite3"
    mark = "?"
    begin = "execute('BEGIN IMMEDIATE')"
    commit = "execute('COMMIT')"

    def connect(self, place: Place) -> sqlite3.Connection:
        """See `Raw`."""
        connection = sqlite3.connect(str(make_url(place.url).database), isolation_level=None, check_same_thread=False)
        connection.execute(f"PRAGMA synchronous = {place.durability}")
        connection.execute("PRAGMA journal_mode = WAL")
        return connection

    def calls(self) -> dict[str, Callable[..., Any]]:
        """See `Raw`."""
        return {"execute": self.connection.execute}
