"""What a server's refusals mean, as errors of perdure: the shape that the files of PostgreSQL and MariaDB fill in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from sqlalchemy import URL

    from perdure.errors import StoreError
    from perdure.names import Key


VERSION_TAKEN = (
    "a row is behind its history, or gone, as after a change by hand or half a restore, and its next version is taken already. "
    "`perdure doctor --deep` says which"
)
"""What a refused primary key means: perdure's own writes never give a version twice."""


@attrs.frozen
class Meaning:
    """What one of a server's codes means.

    Attributes:
        kind: The error to raise.
        advice: What to do about it; `{server}`, `{user}` and `{database}` stand for those of the URL.
        passing: Whether the same transaction may succeed if it is begun again: another one was in the way.
        away: Whether the server is not there for anybody just now, as while it restarts.
        denied: Whether the user lacks a right that somebody can grant.
    """

    kind: type[StoreError]
    advice: str = ""
    passing: bool = False
    away: bool = False
    denied: bool = False


@attrs.frozen
class Refusal:
    """One refusal of a server.

    Attributes:
        meaning: What its code means.
        said: The server's or driver's own words.
    """

    meaning: Meaning
    said: str

    def error(self, where: Address, key: Key | None = None, *, waited: float = 0.0) -> StoreError:
        """Return the error to raise.

        Args:
            where: The database that refused.
            key: What was to be read or written, where it was one key.
            waited: For how many seconds it was tried, where that is worth telling.
        """
        said = f"{where.product} says {where.without_password(self.said)!r}"
        tried = f", tried for {waited:.1f} s" if waited else ""
        advice = self.meaning.advice.format(server=where.server, user=where.url.username, database=where.url.database)
        return self.meaning.kind(where.shown, f"{advice} ({said}{tried})" if advice else f"{said}{tried}", key)


@attrs.frozen
class Address:
    """A server's database, and how messages name it.

    Attributes:
        product: The name of the database system.
        url: Where it is.
    """

    product: str
    url: URL

    @property
    def server(self) -> str:
        """Host and port, as far as the URL names them."""
        host = self.url.host or self.url.query.get("host") or self.url.query.get("unix_socket") or "its default address"
        return f"{host}:{self.url.port}" if self.url.port else str(host)

    @property
    def shown(self) -> str:
        """The URL without its password, and without its options, which may hold another."""
        return self.url.set(query={}).render_as_string()

    def without_password(self, said: str) -> str:
        """Return a server's words on one line, without the password if they should repeat it."""
        text = " ".join(said.split())
        return text.replace(self.url.password, "***") if self.url.password else text
