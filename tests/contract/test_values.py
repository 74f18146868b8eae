"""Awkward values: each comes back exactly, and of its type, from every store."""

from __future__ import annotations

import enum
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar

import attrs
import pytest

from perdure import App, StatusSpec

from .conftest import plugin

T = TypeVar("T")


class Colour(enum.Enum):
    RED = "red"
    DEEP = (1, 2)


class Level(enum.IntEnum):
    LOW = 1


class Access(enum.Flag):
    READ = 1
    WRITE = 2


@attrs.frozen
class Box(Generic[T]):
    inside: T


@dataclass(frozen=True)
class Point:
    x: float
    y: float = 0.0


VALUES = [
    (bool, True),
    (int, 2**63),
    (int, -(2**100)),
    (float, 1.0),
    (float, -0.0),
    (float, 1e-320),
    (float, 1.7976931348623157e308),
    (float, 0.1 + 0.2),
    (str, ""),
    (str, "\0"),
    (str, " leading and trailing "),
    (str, "😀 é e\u0301 \u2028"),
    (str, "'; DROP TABLE perdure_status; --"),
    (str, '"\\u0000" %s ? :name'),
    (str, "x" * 60_000),
    (bytes, bytes(range(256))),
    (Decimal, Decimal("1.10")),
    (Decimal, Decimal("1E+400")),
    (uuid.UUID, uuid.UUID(int=2**128 - 1)),
    (datetime, datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC)),
    (datetime, datetime(1, 1, 1)),  # noqa: DTZ001 - a naive one stays naive
    (datetime, datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=45)))),
    (date, date(9999, 12, 31)),
    (time, time(12, 30, 15, 1)),
    (timedelta, timedelta(days=-999_999, microseconds=1)),
    (Colour, Colour.DEEP),
    (Level, Level.LOW),
    (Access, Access.READ | Access.WRITE),
    (Literal[1, "one"], "one"),
    (int | str | None, None),
    (int | float, 1),
    (int | float, 1.0),
    (Point | Box[int], Box(7)),
    (list[Point], [Point(1.5), Point(2.0, -0.0)]),
    (tuple[int, ...], ()),
    (tuple[str, int], ("a", 1)),
    (set[str], {"b", "a"}),
    (frozenset[int], frozenset({3, 1, 2})),
    (dict[int, date], {-1: date(2024, 1, 1)}),
    (dict[str, Any], {"": [None, True, 1, 1.0, "x", {"deep": []}]}),
    (Box[Box[list[Decimal]]], Box(Box([Decimal(0)]))),
]


@pytest.fixture(scope="module")
def spec():
    fields = {f"value_{number}": attrs.field(type=declared) for number, (declared, _value) in enumerate(VALUES)}
    return StatusSpec("awkward", attrs.make_class("Awkward", fields, frozen=True))


def test_every_value_comes_back_exactly_and_of_its_type(url, spec):
    with App.open(url, plugins=[plugin(spec)]) as app:
        status = app.scope(spec).status
        for number, (_declared, value) in enumerate(VALUES):
            status.set(f"value_{number}", value)
        loaded = status.load()
        for number, (declared, value) in enumerate(VALUES):
            for found in (status.get(f"value_{number}"), getattr(loaded, f"value_{number}")):
                assert found == value, declared
                assert type(found) is type(value), declared
                assert repr(found) == repr(value) or isinstance(value, set | frozenset), declared
