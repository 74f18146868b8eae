"""One statement as text, and what runs it.

As text it runs on a bare DBAPI connection, without SQLAlchemy's share of the cost, and on a caller's SQLAlchemy connection
through `exec_driver_sql`.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import CompoundSelect, Delete, Insert, Select, Table, Update
    from sqlalchemy.engine import Dialect

    Clause: TypeAlias = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]] | Insert | Update | Delete


class Rows(Protocol):
    """What a statement gives back: a DBAPI cursor, or a result of SQLAlchemy."""

    @property
    def rowcount(self) -> int:
        """How many rows a DELETE removed, or an UPDATE changed; of no other statement is it to be believed."""
        ...

    def fetchall(self) -> Sequence[Any]:
        """Return every row that is left."""
        ...


class Execute(Protocol):
    """Runs a statement on some connection; who calls it need not know on which."""

    def __call__(self, text: str, parameters: Sequence[object], /) -> Rows:
        """Run one statement with its parameters in the order of their places."""
        ...


class Statement:
    """A statement as text.

    Args:
        clause: The statement.
        dialect: The database's own, with a positional `paramstyle` (`qmark` or `format`).
        inserted: The table whose columns an INSERT is given, all of them.

    Attributes:
        text: The statement.
        order: The names of its parameters in the order of their places.
        arguments: Takes from values, by name, those that the statement takes, each in its place.
    """

    __slots__ = ("arguments", "order", "text")

    def __init__(self, clause: Clause, dialect: Dialect, inserted: Table | None = None) -> None:
        columns = None if inserted is None else [column.name for column in inserted.columns]
        compiled: Any = clause.compile(dialect=dialect, column_keys=columns, compile_kwargs={"render_postcompile": True})
        self.text = str(compiled)
        self.order: tuple[str, ...] = tuple(compiled.positiontup or ())
        # SQLAlchemy adds parameters of its own, which are always the same.
        given = {name: bound.value for name, bound in compiled.binds.items() if bound.unique}
        self.arguments: Callable[[Mapping[str, object]], tuple[object, ...]] = taking(self.order, given)


def taking(order: tuple[str, ...], given: Mapping[str, object]) -> Callable[[Mapping[str, object]], tuple[object, ...]]:
    """Return what takes values in an order, some of which are given."""
    if given or len(order) <= 1:
        return lambda values: tuple(map({**given, **values}.__getitem__, order))
    return itemgetter(*order)  # what every write needs, and four times as quick
