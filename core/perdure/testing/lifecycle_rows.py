"""The rows that a lifecycle is tried on: of the suite's own table, or of the one that is tested."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import attrs
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from perdure.codes.code import StatusCode
from perdure.columns import CodeType
from perdure.columns.place import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from perdure.codes.graph import Graph
    from perdure.columns.place import StatusColumn

TEXT_LENGTH = 255
"""How long a text in the suite's own table may be; MariaDB wants to know."""


@attrs.frozen(eq=False, repr=False)
class Rows:
    """Rows with a status, each in a transaction of its own.

    Attributes:
        engine: Where they are.
        column: The column that holds the status, or the mapped attribute.
        insert: Inserts a row, and returns the condition that finds it.
        made: The conditions that find the rows that were inserted.
    """

    engine: sa.Engine
    column: StatusColumn
    insert: Callable[[sa.Connection, StatusColumn, dict[str, Any]], sa.ColumnElement[bool]]
    made: list[sa.ColumnElement[bool]] = attrs.field(init=False, factory=list)

    @property
    def place(self) -> Place:
        """The column, and its table."""
        return Place.of(self.column)

    def new(self, status: str | None, values: Mapping[str, Any]) -> sa.ColumnElement[bool]:
        """Insert a row, and return the condition that finds it; None leaves its status to the column's default."""
        given = {} if status is None else {self.place.column.key: status}
        try:
            with self.engine.begin() as connection:
                where = self.insert(connection, self.column, {**made(values, len(self.made)), **given})
        except IntegrityError as error:
            advice = 'values = {"email": lambda number: f"{number}@example.org"}'
            error.add_note(f"Where a column takes no value twice, give each row its own: {advice}")
            raise
        self.made.append(where)
        return where

    def remove(self) -> None:
        """Delete the rows that were inserted."""
        with self.engine.begin() as connection:
            for where in self.made:
                connection.execute(sa.delete(self.place.table).where(where))

    def status(self, where: sa.ColumnElement[bool]) -> StatusCode | None:
        """Return the status of a row."""
        with self.engine.connect() as connection:
            found: StatusCode | None = connection.execute(sa.select(self.place.column).where(where)).scalar_one()
        return found if found is None or isinstance(found, StatusCode) else StatusCode(found)

    def row(self, where: sa.ColumnElement[bool]) -> sa.Row[Any]:
        """Return a row, as a transition's `when` sees it."""
        with self.engine.connect() as connection:
            return connection.execute(sa.select(self.place.table).where(where)).one()

    def is_found(self, where: sa.ColumnElement[bool], condition: sa.ColumnElement[bool]) -> bool:
        """Whether a condition is true of a row, as the database sees it."""
        with self.engine.connect() as connection:
            return connection.execute(sa.select(self.place.column).where(where, condition)).first() is not None


def made(values: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Return the values of one row: what a function makes of its number, and others as they are."""
    return {name: value(number) if callable(value) else value for name, value in values.items()}


def file_engine(path: Any) -> sa.Engine:
    """Return what connects to a SQLite file that need not survive a loss of power."""
    engine = sa.create_engine(f"sqlite:///{path}", pool_size=20)

    @event.listens_for(engine, "connect")
    def hasten(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    return engine


@contextmanager
def own_column(engine: sa.Engine, graph: Graph, values: Iterable[Mapping[str, Any]]) -> Iterator[sa.Column[Any]]:
    """Make a table for the length of a block, and yield the column that holds the status.

    Args:
        engine: Where.
        graph: The lifecycle.
        values: Rows' further values, which say of what type their columns are.
    """
    types: dict[str, sa.types.TypeEngine[Any]] = {}
    for name, value in (item for row in values for item in made(row, 0).items()):
        if value is not None or name not in types:
            types[name] = type_of(value)
    table = sa.Table(
        f"perdure_lifecycle_{uuid4().hex[:12]}",  # tests may share a database with others that run at once
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("status", CodeType(graph.family), nullable=False),
        *(sa.Column(name, type_) for name, type_ in types.items()),
    )
    table.create(engine)
    try:
        yield table.c.status
    finally:
        table.drop(engine)


def type_of(value: Any) -> sa.types.TypeEngine[Any]:
    """Return the type of a column that holds a value."""
    found = sa.literal(value).type
    return sa.String(TEXT_LENGTH) if isinstance(found, sa.String) else found
