"""The column type of a status: text in the database, a `StatusCode` in Python.

A column type is built at import, and the plugins are known only to an App. `CodeType(UserStatuses)` takes the codes of the
class as it is written. `CodeType(lambda: app.families[UserStatuses])` asks anew at every use, and so takes the codes that
plugins add. Either reads every code: an old row of an uninstalled plugin loads, classifies by its first digit, and
`is_valid` says no.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from sqlalchemy import CheckConstraint, Column, String, Table, event, func
from sqlalchemy.dialects.mysql import VARCHAR
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeDecorator

from perdure.codes.category import CODE_LENGTH
from perdure.codes.code import StatusCode
from perdure.codes.family import FamilyMeta, StatusFamily
from perdure.codes.lifecycle import Lifecycle, LifecycleMeta
from perdure.errors import UnknownStatusCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement, Dialect
    from sqlalchemy.types import TypeEngine

    Codes: TypeAlias = type[StatusFamily | Lifecycle]
    """What says which codes there are: a family, or the lifecycle over one."""

DIGITS = tuple("0123456789")


class ForeignCode(UnknownStatusCode, DontWrapMixin):
    """An `UnknownStatusCode` that SQLAlchemy hands to the caller as it is, and does not wrap in a `StatementError`."""


class CodeType(TypeDecorator[StatusCode]):
    """The type of a column that holds a status code: `Column("status", CodeType(Statuses))`.

    It is VARCHAR(64), whatever the family, so that plugins add codes without a migration. The table gets a CHECK on the
    *shape* of a code, called `<column>_code`. Codes that the family does not have are refused on write, with
    `UnknownStatusCode`. A comparison is not a write: `column == "409_AWAY"` looks for that row, whoever knows the code.

    Args:
        codes: The family or lifecycle, or a function that returns it, such as `lambda: app.families[UserStatuses]`. The
            function is called at each use.
        unknown: What to do with a stored code that the family does not have: `"keep"` loads it as a `StatusCode`, which
            classifies by its first digit; `"raise"` raises `UnknownStatusCode`.
    """

    impl = String(CODE_LENGTH)
    cache_ok = True

    def __init__(self, codes: Codes | Callable[[], Codes], unknown: Literal["keep", "raise"] = "keep") -> None:
        if unknown not in ("keep", "raise"):
            message = f"unknown={unknown!r} is neither 'keep' nor 'raise'"
            raise ValueError(message)
        given: Any = codes
        if not callable(given):
            message = f"codes={codes!r} is no family, no lifecycle, and no function that returns one"
            raise TypeError(message)
        super().__init__()
        self.codes = codes
        self.written = family_of(given) if isinstance(given, (FamilyMeta, LifecycleMeta)) else None
        self.unknown = unknown

    @property
    def family(self) -> type[StatusFamily]:
        """The family as it is now; asked for with every value, so that of a class it is worked out once."""
        return self.written or family_of(self.codes())

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type in one database: on MariaDB one that tells cases and spaces apart, as the others do by themselves."""
        if dialect.name in ("mysql", "mariadb"):
            exact = VARCHAR(CODE_LENGTH, charset="utf8mb4", collation="utf8mb4_bin")
            return dialect.type_descriptor(exact)
        return dialect.type_descriptor(self.impl_instance)

    @property
    def python_type(self) -> type[StatusCode]:
        """What a row holds."""
        return StatusCode

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 - TypeDecorator's call
        """Return a code on its way in as exact `str`, which drivers bind faster than a subclass.

        Raises:
            UnknownStatusCode: The family does not have it.
        """
        if value is None:
            return None
        family = self.family
        if not family.is_valid(value):
            raise ForeignCode(family.name, str(value), tuple(family.by_text))
        return str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> StatusCode | None:  # noqa: ARG002 - TypeDecorator's call
        """Return a stored code, with the family's description where that has it.

        Raises:
            UnknownStatusCode: The family does not have it, and `unknown="raise"`.
            InvalidCode: It is no code at all.
        """
        if value is None:
            return None
        family = self.family
        known = family.by_text.get(value)
        if known is None and self.unknown == "raise":
            raise ForeignCode(family.name, value, tuple(family.by_text))
        return StatusCode(value) if known is None else known

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:  # noqa: ARG002 - TypeDecorator's call
        """Return the type of what a column is compared with: plain text, which may be a pattern or a code of nobody."""
        return self.impl_instance


def family_of(codes: Any) -> type[StatusFamily]:
    """Return a family as it is, and of a lifecycle the family that it is over."""
    return codes.__graph__.family if isinstance(codes, LifecycleMeta) else codes


class ShapeCheck(CheckConstraint):
    """The CHECK that a `CodeType` brings to its table, called `<column>_code` as the table's naming convention has it."""

    def __init__(self, column: Column[Any]) -> None:
        super().__init__(shape(column), name=f"{column.name}_code")
        self.column_name = column.name

    def _copy(self, **options: Any) -> Any:
        """Return the one that the copied column brought to the copied table, by this name: a copy would be a second one."""
        brought = check_of(self.column_name, options.get("target_table"))
        if brought is None:
            return super()._copy(**options)
        brought.name = self.name
        return brought


def check_of(column_name: str, table: Any) -> ShapeCheck | None:
    """Return the CHECK that a table has for a column, or None."""
    checks = (each for each in getattr(table, "constraints", ()) if isinstance(each, ShapeCheck))
    return next((each for each in checks if each.column_name == column_name), None)


def shape(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that a text looks like a code: `201_`, and something in upper case.

    It says less than the pattern that Python checks, and says it in words that SQLite, PostgreSQL and MariaDB share, so that a
    migration written on one of them runs on all.
    """
    digits = [func.substr(column, place, 1).in_(DIGITS[:6] if place == 1 else DIGITS) for place in (1, 2, 3)]
    named = (func.substr(column, 4, 1) == "_") & (func.length(column) > 4)  # noqa: PLR2004 - three digits and the underscore
    return digits[0] & digits[1] & digits[2] & named & (column == func.upper(column))


@event.listens_for(CodeType, "after_parent_attach", propagate=True)
def await_table(_type: CodeType, column: Column[Any]) -> None:
    """Wait for the table of a column that was just given the type, as SQLAlchemy's own Boolean and Enum do."""
    event.listen(column, "after_parent_attach", add_check)


def add_check(column: Column[Any], table: Any) -> None:
    """Give a table the CHECK on the shape of a column's codes, once."""
    if isinstance(table, Table) and check_of(column.name, table) is None:
        table.append_constraint(ShapeCheck(column))
