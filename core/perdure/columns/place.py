"""Where a status is kept: a column of the user's own table, given as a column of it or as a mapped attribute."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import attrs
from sqlalchemy import BindParameter, Column, Table, and_, literal, tuple_
from sqlalchemy.sql.cache_key import HasCacheKey

from perdure.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import InstrumentedAttribute

    StatusColumn: TypeAlias = ColumnElement[Any] | InstrumentedAttribute[Any]
    """A column of a table, or the mapped attribute that stands for one."""

    Values: TypeAlias = Mapping[Any, Any]
    """What else a row is given: by column, mapped attribute or name; a value, or an expression over the row as it was.

MariaDB is the exception: there an expression sees what the assignments before it have given, in the order of the mapping.
"""


@attrs.frozen(eq=False)
class Place:
    """A column that holds a status, and its table.

    Attributes:
        table: The table.
        column: The column.
        given: What the caller gave for it.
    """

    table: Table
    column: Column[Any]
    given: StatusColumn

    @classmethod
    def of(cls, given: StatusColumn) -> Place:
        """Return the place that a column or a mapped attribute is.

        Raises:
            TypeError: It is neither, or its table has no primary key.
        """
        column = behind(given)
        table = getattr(column, "table", None)
        if not isinstance(column, Column) or not isinstance(table, Table):
            message = f"{given!r} is no column of a table: give jobs.c.status, or a mapped attribute such as Job.status"
            raise TypeError(message)
        if not table.primary_key.columns:
            message = f"{table.fullname} has no primary key, which is how a row is told from others: declare one"
            raise TypeError(message)
        return cls(table, column, given)

    @property
    def row(self) -> Any:
        """What a transition's `when` is asked of: the mapped class, else an object with the table's columns."""
        if self.given is self.column:
            return SimpleNamespace(**dict(self.table.c))
        return cast("InstrumentedAttribute[Any]", self.given).class_

    @property
    def shown(self) -> str:
        """What messages and history call it: `jobs.status`."""
        return f"{self.table.fullname}.{self.column.name}"

    @property
    def keys(self) -> list[Column[Any]]:
        """The columns of the primary key, in order."""
        return list(self.table.primary_key.columns)

    def bound(self, keys: list[tuple[Any, ...]]) -> list[ColumnElement[Any]]:
        """Return some primary keys as expressions: of one row, the value of each column; of several, a condition."""
        if len(keys) == 1:
            return [literal(value, column.type) for column, value in zip(self.keys, keys[0], strict=True)]
        if len(self.keys) == 1:
            return [self.keys[0].in_([key[0] for key in keys])]
        return [tuple_(*self.keys).in_(keys)]

    def among(self, bound: list[ColumnElement[Any]]) -> ColumnElement[bool]:
        """Return the condition that a row has one of some primary keys, as `bound` returns them."""
        if isinstance(bound[0], BindParameter):
            return and_(*(column == value for column, value in zip(self.keys, bound, strict=True)))
        return bound[0]

    def assignments(self, values: Values) -> list[tuple[Any, Any]]:
        """Return what else a row is given, by column of the table; each an expression."""
        given = [(self.assigned(name), value) for name, value in values.items()]
        return [(column, expressed(value, column)) for column, value in given]

    def assigned(self, name: Any) -> Any:
        """Return the column that a name, a mapped attribute or a column stands for.

        Raises:
            TypeError: It is the status itself, which moves by its transition and in no other way; or there is none of this name.
        """
        row = self.row if isinstance(name, str) else None
        if isinstance(name, str) and not hasattr(row, name):
            near = nearest(name, self.table.c.keys())
            message = f"values= gives {name!r} a value, and {self.table.fullname} has no such column. {near}"
            raise TypeError(message)
        named = getattr(row, name) if isinstance(name, str) else name
        column = behind(named)
        if column is self.column:
            message = f"values= gives {self.shown} a value, and that moves by its transition: leave it out"
            raise TypeError(message)
        return column


def expressed(value: Any, column: Column[Any]) -> Any:
    """Return an expression as it is, and a value as one of the column's type."""
    return value if isinstance(value, HasCacheKey) or hasattr(value, "__clause_element__") else literal(value, column.type)


def behind(given: Any) -> Any:
    """Return the column that a mapped attribute stands for, and everything else as it is."""
    mapped: Any = None if isinstance(given, Column) else getattr(given, "property", None)
    return mapped.columns[0] if hasattr(mapped, "columns") else given
