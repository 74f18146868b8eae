"""What a value of a declared type looks like, as people type it."""

from __future__ import annotations

import enum
import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain
from types import MappingProxyType, NoneType
from typing import TYPE_CHECKING, Any, get_args
from uuid import UUID

from perdure.codes.code import StatusCode
from perdure.codes.statuses import CommonStatuses
from perdure.records.values.classes import parts_of
from perdure.records.values.jsontext import to_text
from perdure.records.values.kinds import enum_data, is_tagged, kinds_of, literal_data, tag_of
from perdure.records.values.leaves import LEAVES
from perdure.records.values.shapes import Form, form_of, resolved

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST = 12
"""How many values are listed before the rest is left out."""

SAMPLES: Mapping[type, Any] = MappingProxyType(
    {
        NoneType: None,
        bool: True,
        int: 42,
        float: 1.5,
        str: "some text",
        bytes: b"some bytes",
        date: date(2026, 1, 31),
        datetime: datetime(2026, 1, 31, 12, 30, tzinfo=UTC),
        time: time(12, 30),
        timedelta: timedelta(minutes=1),
        Decimal: Decimal("1.50"),
        UUID: UUID("12345678-1234-5678-1234-567812345678"),
        StatusCode: CommonStatuses.ACTIVATED,
    }
)
"""A value of each type without parts."""

ASIDES: Mapping[Any, str] = MappingProxyType(
    {
        bytes: "in Base64",
        datetime: "in ISO 8601, with T and the offset from UTC",
        date: "in ISO 8601",
        time: "in ISO 8601",
        timedelta: "in microseconds",
        StatusCode: "a status code",
    }
)
"""What is to be known of types whose JSON does not speak for itself."""


class Endless(Exception):
    """A type that contains itself has no example that ends, on this way down."""


def example_of(annotation: Any, codes: Sequence[StatusCode] = ()) -> str:
    """Return what values of a type look like, for people: `true or false`, `such as 42`.

    Args:
        annotation: The declared type.
        codes: The status codes that are possible, where that is known.
    """
    if possible := list(map(str, codes)) or choices(annotation):
        listed = [*possible[:MOST], *(["…"] if len(possible) > MOST else [])]
        return f"{', '.join(listed[:-1])} or {listed[-1]}" if len(listed) > 1 else listed[0]
    shape = resolved(annotation)
    members = [each for each in get_args(shape) if each is not NoneType] if form_of(shape) is Form.UNION else []
    if len(members) == 1:
        return f"{example_of(members[0])}, or null"
    try:
        typed = as_typed(sample(shape))
    except Endless:
        return "JSON"
    aside = "a sum of its members" if is_flag(shape) else ASIDES.get(shape)
    return f"such as {typed}{f' ({aside})' if aside else ''}"


def choices(annotation: Any) -> list[str]:
    """Return every value of a type as people type it, where there are only a few; else nothing."""
    shape = resolved(annotation)
    match form_of(shape):
        case Form.LEAF if shape is bool:
            return ["true", "false"]
        case Form.LEAF if shape is NoneType:
            return ["null"]
        case Form.ENUM if not is_flag(shape):
            return list(map(as_typed, enum_data(shape).values()))
        case Form.LITERAL:
            return [as_typed(data) for _value, data in literal_data(shape)]
        case Form.UNION if not is_tagged(shape):
            members = list(map(choices, get_args(shape)))
            return list(chain.from_iterable(members)) if all(members) else []
    return []


def is_flag(shape: Any) -> bool:
    """Whether this is an enum whose members add up."""
    return isinstance(shape, type) and issubclass(shape, enum.Flag)


def as_typed(data: Any) -> str:
    """Return JSON data as people type it: a text that is no JSON by itself goes without quotes."""
    if not isinstance(data, str):
        return json.dumps(data, ensure_ascii=False)
    try:
        json.loads(data)
    except ValueError:
        return data
    return json.dumps(data, ensure_ascii=False)


def sample(annotation: Any, above: frozenset[Any] = frozenset()) -> Any:  # noqa: PLR0911 - one line for each form
    """Return the JSON data of an example.

    Args:
        annotation: The declared type.
        above: The types it lies in, as types may be recursive.

    Raises:
        Endless: It contains itself, and there is no way round.
    """
    shape = resolved(annotation)
    match form_of(shape):
        case Form.LEAF:
            return LEAVES[shape].write(SAMPLES[shape])
        case Form.ENUM:
            return next(iter(member.value for member in shape)) if is_flag(shape) else next(iter(enum_data(shape).values()))
        case Form.LITERAL:
            return literal_data(shape)[0][1]
        case Form.UNION:
            return union_sample(shape, above)
        case Form.LIST | Form.SET | Form.SEQUENCE_TUPLE:
            return list_sample(get_args(shape)[0], above)
        case Form.FIXED_TUPLE:
            return [sample(part, above) for part in get_args(shape)]
        case Form.DICT:
            return dict_sample(shape, above)
        case Form.CLASS | Form.TYPED_DICT:
            return class_sample(shape, above)
    return {"any": "JSON"}


def union_sample(shape: Any, above: frozenset[Any]) -> Any:
    """Return an example of the first member that has one; None comes last."""
    for member in sorted(get_args(shape), key=lambda each: each is NoneType):
        try:
            data = sample(member, above)
        except Endless:
            continue
        return {tag_of(member): data} if is_tagged(shape) and member is not NoneType else data
    raise Endless


def list_sample(item: Any, above: frozenset[Any]) -> list[Any]:
    """Return a list of one example."""
    try:
        return [sample(item, above)]
    except Endless:
        return []


def dict_sample(shape: Any, above: frozenset[Any]) -> dict[str, Any]:
    """Return a dict with one example of a key; keys that are no texts are JSON texts themselves."""
    key, value = get_args(shape)
    try:
        data = sample(key)
        return {(data if kinds_of(key) == {str} else to_text(data)): sample(value, above)}
    except Endless:
        return {}


def class_sample(shape: Any, above: frozenset[Any]) -> dict[str, Any]:
    """Return an object with every key of a class; those that could be left out, and have no end, are."""
    if shape in above:
        raise Endless
    found: dict[str, Any] = {}
    for part in parts_of(shape):
        try:
            found[part.name] = sample(part.type, above | {shape})
        except Endless:
            if part.required:
                raise
    return found
