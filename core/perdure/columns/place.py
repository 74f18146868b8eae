"""Where a status is kept: a column of the user's own table, given as a column of it or as a mapped attribute."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import attrs
from sqlalchemy import Column, Table, tuple_

from perdure.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
        row: What a transition's `when` is asked of: the mapped class, else an object with the table's columns.
    """

    table: Table
    column: Column[Any]
    row: Any

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
        row = SimpleNamespace(**dict(table.c)) if given is column else cast("InstrumentedAttribute[Any]", given).class_
        return cls(table, column, row)

    @property
    def shown(self) -> str:
        """What messages and history call it: `jobs.status`."""
        return f"{self.table.fullname}.{self.column.name}"

    @property
    def keys(self) -> list[Column[Any]]:
        """The columns of the primary key, in order."""
        return list(self.table.primary_key.columns)

    def among(self, keys: Iterable[tuple[Any, ...]]) -> ColumnElement[bool]:
        """Return the condition that a row has one of some primary keys."""
        if len(self.keys) == 1:
            return self.keys[0].in_([key[0] for key in keys])
        return tuple_(*self.keys).in_(list(keys))

    def assignments(self, values: Values) -> list[tuple[Any, Any]]:
        """Return what else a row is given, by column of the table."""
        return [(self.assigned(name), value) for name, value in values.items()]

    def assigned(self, name: Any) -> Any:
        """Return the column that a name, a mapped attribute or a column stands for.

        Raises:
            TypeError: It is the status itself, which moves by its transition and in no other way; or there is none of this name.
        """
        if isinstance(name, str) and not hasattr(self.row, name):
            near = nearest(name, self.table.c.keys())
            message = f"values= gives {name!r} a value, and {self.table.fullname} has no such column. {near}"
            raise TypeError(message)
        named = getattr(self.row, name) if isinstance(name, str) else name
        column = behind(named)
        if column is self.column:
            message = f"values= gives {self.shown} a value, and that moves by its transition: leave it out"
            raise TypeError(message)
        return column


def behind(given: Any) -> Any:
    """Return the column that a mapped attribute stands for, and everything else as it is."""
    mapped: Any = getattr(given, "property", None)
    return mapped.columns[0] if hasattr(mapped, "columns") else given
