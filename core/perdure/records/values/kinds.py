"""What values of a type look like in JSON: of which kinds of data they are, and when a union must say which member it holds."""

from __future__ import annotations

import enum
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args, get_origin

from perdure.records.values.leaves import LEAVES
from perdure.records.values.shapes import Form, form_of, resolved

if TYPE_CHECKING:
    from collections.abc import Mapping

EVERY_KIND = frozenset({NoneType, bool, int, float, str, list, dict})
"""The kinds of JSON data, as the Python types that a decoder makes."""

SCALARS = EVERY_KIND - {list, dict}
LISTS = frozenset({Form.LIST, Form.SEQUENCE_TUPLE, Form.FIXED_TUPLE, Form.SET})
OBJECTS = frozenset({Form.DICT, Form.TYPED_DICT, Form.CLASS})


def kinds_of(declared: Any) -> frozenset[type]:
    """Return the kinds of JSON data that values of a supported type become."""
    shape = resolved(declared)
    form = form_of(shape)
    if form is Form.LEAF:
        return frozenset({LEAVES[shape].kind})
    if form is Form.UNION:
        return union_kinds(shape)
    if form is Form.ENUM:
        return frozenset({int}) if issubclass(shape, enum.Flag) else frozenset(map(type, enum_data(shape).values()))
    if form is Form.LITERAL:
        return frozenset(type(data) for _value, data in literal_data(shape))
    if form in LISTS:
        return frozenset({list})
    return frozenset({dict}) if form in OBJECTS else EVERY_KIND


def union_kinds(shape: Any) -> frozenset[type]:
    """Return the kinds of JSON data that values of a union become."""
    if is_tagged(shape):
        return frozenset({dict, NoneType} if NoneType in get_args(shape) else {dict})
    return frozenset[type]().union(*map(kinds_of, get_args(shape)))


def members_of(shape: Any) -> tuple[Any, ...]:
    """Return the members of a union in its one spelling, without None, which is never tagged."""
    return tuple(member for member in get_args(shape) if member is not NoneType)


def is_tagged(shape: Any) -> bool:
    """Whether two members of a union could become the same JSON data, so that it must be written which one it was."""
    members = [kinds_of(member) for member in get_args(shape)]
    return sum(map(len, members)) > len(frozenset[type]().union(*members))


def tag_of(member: Any) -> str:
    """Return the name under which a union writes this member: without arguments, so that they may change."""
    origin = get_origin(member) or member
    return str(getattr(origin, "__name__", None) or getattr(origin, "_name", origin))


def classes_of(member: Any) -> frozenset[type]:
    """Return the classes that the values of a union's member are of."""
    form = form_of(member)
    if form is Form.LITERAL:
        return frozenset(map(type, get_args(member)))
    return frozenset({dict}) if form is Form.TYPED_DICT else frozenset({get_origin(member) or member})


@cache
def enum_data(cls: type[enum.Enum]) -> Mapping[enum.Enum, Any]:
    """Return the JSON data of each member of an enum: the values where all are JSON scalars, else the names."""
    members = list(cls.__members__.values())
    if all(is_scalar(member.value) for member in members):
        return {member: member.value for member in members}
    return {member: member.name for member in members}


def is_scalar(value: Any) -> bool:
    """Whether a value is JSON data without parts, exactly."""
    return value.__class__ in SCALARS and LEAVES[value.__class__].check(value) is None


def literal_data(shape: Any) -> list[tuple[Any, Any]]:
    """Return the values of a Literal, each with its JSON data."""
    return [(value, literal_datum(value)) for value in get_args(shape)]


def literal_datum(value: Any) -> Any:
    """Return the JSON data of one value of a Literal."""
    if isinstance(value, enum.Flag):
        return value.value
    return enum_data(type(value))[value] if isinstance(value, enum.Enum) else LEAVES[type(value)].write(value)
