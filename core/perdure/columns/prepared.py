"""Statements that are built once, and run with new values.

To build a statement costs several times what it costs to run it. Two calls that differ in values only, such as `jobs.c.id == 7`
and `jobs.c.id == 8`, need the same statement. SQLAlchemy tells the shape of an expression from its values, for its own cache of
compiled statements; what is asked for its shape here is what the caller gave, and not the whole statement around it.
"""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
from sqlalchemy.sql.cache_key import NO_CACHE, HasCacheKey
from sqlalchemy.sql.visitors import anon_map
from sqlalchemy.util import LRUCache

from perdure.codes.code import StatusCode
from perdure.codes.transition import Transition

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import BindParameter, Connection, CursorResult
    from sqlalchemy.sql import Executable

    Part: TypeAlias = Any
    """What a statement depends on: an expression, of which the shape counts; what is compared as it is; or a list of these."""


@attrs.frozen(eq=False)
class Prepared:
    """A statement that was built for the first call of its shape.

    Attributes:
        statement: The statement.
        names: What the values of that call are called in it, in order.
    """

    statement: Executable
    names: tuple[str, ...]


PLAIN = frozenset({NoneType, StatusCode, Transition, bool, int, str})
"""The types of what is compared as it is."""

KEPT: LRUCache[Any, Prepared] = LRUCache(500)
"""The statements that were used last; as many as SQLAlchemy keeps compiled ones for an engine."""


def run(connection: Connection, build: Callable[[], Executable], *parts: Part) -> CursorResult[Any]:
    """Run the statement that `build` makes of the parts, or the one that it made of others of the same shape.

    Args:
        connection: The connection.
        build: A function that makes the statement; it depends on the parts, and on nothing else that may change.
        parts: What the statement is made of, and first of all a name for its kind. What holds a value is an expression.
    """
    anonymous = anon_map()
    binds: list[BindParameter[Any]] = []
    key = shape(parts, anonymous, binds)
    # a name that the caller chose could be that of a column too, which a value of this name would be written to
    if NO_CACHE in anonymous or not all(bind.unique and not bind.required for bind in binds):
        return connection.execute(build())
    prepared = KEPT.get(key)
    if prepared is None:
        prepared = KEPT[key] = Prepared(build(), tuple(bind.key for bind in binds))
    return connection.execute(
        prepared.statement, dict(zip(prepared.names, [bind.effective_value for bind in binds], strict=True))
    )


def shape(part: Part, anonymous: Any, binds: list[BindParameter[Any]]) -> Any:
    """Return what two parts have in common that differ in values only, and take note of what is bound."""
    if type(part) in PLAIN:
        return part
    if isinstance(part, (tuple, list)):
        return tuple([shape(each, anonymous, binds) for each in part])
    if isinstance(part, HasCacheKey):
        return part._gen_cache_key(anonymous, binds)  # noqa: SLF001 - what a cache key of SQLAlchemy's is made of
    anonymous[NO_CACHE] = True  # a function, or an object of which nobody knows whether it stays what it is
    return None
