"""Hooks for enums and literals: a table from each value to its JSON data, and back."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, get_args

from perdure.records.values.kinds import enum_data, literal_data
from perdure.records.values.mismatch import Unfit
from perdure.records.values.shapes import spelled

if TYPE_CHECKING:
    from perdure.records.values.converter import Hook, ShapedConverter


def accept_enum(shape: Any, _converter: ShapedConverter) -> Hook:
    """Make the hook that takes members of an enum, and nothing else."""

    def accept(value: Any, _declared: Any = None) -> Any:
        if isinstance(value, shape):
            return value
        raise Unfit(spelled(shape), value)

    return accept


def write_enum(shape: Any, _converter: ShapedConverter) -> Hook:
    """Make the hook that writes a member: a flag as its int, which has composites too, any other from the table."""
    if issubclass(shape, enum.Flag):
        return lambda member: int(member.value)
    return enum_data(shape).__getitem__


def read_enum(shape: Any, _converter: ShapedConverter) -> Hook:
    """Make the hook that reads a member."""
    if issubclass(shape, enum.Flag):
        return read_flag(shape)
    return read_listed({data: member for member, data in enum_data(shape).items()}, f"a member of {spelled(shape)}")


def read_flag(shape: type[enum.Flag]) -> Hook:
    """Make the hook that reads a flag, composites included."""

    def read(data: Any, _declared: Any = None) -> Any:
        if data.__class__ is int:
            try:
                if (member := shape(data)).value == data:
                    return member
            except ValueError:
                pass
        raise Unfit(f"a member of {spelled(shape)}", data)

    return read


def accept_literal(shape: Any, _converter: ShapedConverter) -> Hook:
    """Make the hook that takes the values of a Literal, by type and equality."""
    return read_listed(((value, value) for value in get_args(shape)), expected_of(shape))


def write_literal(shape: Any, _converter: ShapedConverter) -> Hook:
    """Make the hook that writes a value of a Literal."""
    table = {(value.__class__, value): data for value, data in literal_data(shape)}
    return lambda value: table[value.__class__, value]


def read_literal(shape: Any, _converter: ShapedConverter) -> Hook:
    """Make the hook that reads a value of a Literal."""
    return read_listed(((data, value) for value, data in literal_data(shape)), expected_of(shape))


def expected_of(shape: Any) -> str:
    """Return how messages name the values of a Literal."""
    return f"one of {', '.join(map(repr, get_args(shape)))}"


def read_listed(pairs: Any, expected: str) -> Hook:
    """Make a hook that takes only what is listed, by type and equality: True is not 1."""
    table = {(given.__class__, given): value for given, value in (pairs.items() if isinstance(pairs, dict) else pairs)}

    def read(data: Any, _declared: Any = None) -> Any:
        try:
            return table[data.__class__, data]
        except (KeyError, TypeError):  # TypeError: not hashable
            raise Unfit(expected, data) from None

    return read
