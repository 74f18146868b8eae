"""The floor on MariaDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pymysql
from sqlalchemy import make_url
from tests.bench.peers.raw import Raw

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.places import Place


class RawMariaDB(Raw):
    """PyMySQL: one cursor. How durable a commit is, is the server's to say, for everybody."""

    name = "raw PyMySQL"
    only = "(execute({text}, {arguments}), fetchone())[1]"
    every = "(execute({text}, {arguments}), fetchall())[1]"
    changed = "execute({text}, {arguments})"
    begin = "begin()"
    commit = "commit()"

    def connect(self, place: Place) -> Any:
        """See `Raw`."""
        url = make_url(place.url)
        arguments, options = url.get_dialect()().create_connect_args(url)
        return pymysql.connect(*arguments, **options, autocommit=True)

    def calls(self) -> dict[str, Callable[..., Any]]:
        """See `Raw`."""
        cursor = self.connection.cursor()
        driver = {"begin": self.connection.begin, "commit": self.connection.commit}
        return {"execute": cursor.execute, "fetchone": cursor.fetchone, "fetchall": cursor.fetchall, **driver}
