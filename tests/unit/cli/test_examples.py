from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal, NamedTuple, TypedDict
from uuid import UUID

import attrs
import pytest

from perdure import StatusCode, StatusSpec
from perdure.cli.examples import choices, example_of, sample
from perdure.records.values.codec import Codec
from perdure.records.values.jsontext import to_text


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Pair(enum.Enum):
    ONE = (1, 1)
    TWO = (2, 2)


class Numbered(enum.IntEnum):
    ONE = 1
    TWO = 2


class Right(enum.Flag):
    READ = 1
    WRITE = 2


@attrs.frozen
class User:
    name: str
    age: int
    friends: list[User] = attrs.field(factory=list)


@dataclass(frozen=True)
class Place:
    latitude: float
    longitude: float


@attrs.frozen
class Node:
    value: int
    following: Node | None = None


@attrs.frozen
class Tree:
    left: Tree | int
    right: dict[str, Tree]


class Point(NamedTuple):
    x: int
    y: int = 0


class Options(TypedDict, total=False):
    colour: Colour
    depth: int


EVERY = [
    *(bool, int, float, str, bytes, date, datetime, time, timedelta, Decimal, UUID, StatusCode, type(None), Any, object),
    *(Colour, Pair, Numbered, Right, Literal["a", 1, True], User, Place, Node, Tree, Point, Options),
    *(list[int], list[User], set[str], frozenset[int], tuple[int, ...], tuple[int, str], dict[str, int], dict[UUID, User]),
    *(dict[int, list[Colour]], int | None, User | None, Place | User, Place | User | None, str | int, list, dict, tuple),
    *(list[list[Place | None]], dict[Colour, Any], bool | None, Colour | None, datetime | date),
]


def codec_of(annotation):
    record = attrs.make_class("Record", {"value": attrs.field(type=annotation)})
    return Codec.of("module", StatusSpec("module", record).fields["value"])


@pytest.mark.parametrize("annotation", EVERY, ids=str)
def test_what_is_shown_as_an_example_is_taken(annotation):
    codec = codec_of(annotation)
    text = to_text(sample(annotation))
    value = codec.decode(text)
    assert codec.unknown_key(text, value) is None
    assert codec.accept(value).value == value
    assert example_of(annotation)


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (bool, "true or false"),
        (int, "such as 42"),
        (str, "such as some text"),
        (float, "such as 1.5"),
        (Colour, "red or blue"),
        (Pair, "ONE or TWO"),
        (Numbered, "1 or 2"),
        (Right, "such as 1 (a sum of its members)"),
        (Literal["a", 1, True], "a, 1 or true"),
        (Literal["true", "b"], '"true" or b'),
        (timedelta, "such as 60000000 (in microseconds)"),
        (datetime, "such as 2026-01-31T12:30:00+00:00 (in ISO 8601, with T and the offset from UTC)"),
        (datetime | None, "such as 2026-01-31T12:30:00+00:00 (in ISO 8601, with T and the offset from UTC), or null"),
        (bool | None, "true, false or null"),
        (User, 'such as {"name": "some text", "age": 42, "friends": []}'),
        (list[bool], "such as [true]"),
        (dict[str, int], 'such as {"some text": 42}'),
        (Place | User, 'such as {"Place": {"latitude": 1.5, "longitude": 1.5}}'),
        (None, "null"),
    ],
    ids=str,
)
def test_examples_are_written_as_people_type_them(annotation, words):
    assert example_of(annotation) == words


def test_codes_that_are_possible_count_more_than_the_type():
    assert example_of(StatusCode, [StatusCode("201_OPEN")]) == "201_OPEN"
    many = [StatusCode(f"2{number:02}_X{number}") for number in range(20)]
    assert example_of(StatusCode, many).endswith("211_X11 or …")


def test_every_choice_is_taken_as_it_is_typed():
    for annotation in (bool, Colour, Numbered, Pair, Literal["true", "b", 1], bool | None):
        codec = codec_of(annotation)
        assert choices(annotation)
        for word in choices(annotation):
            try:
                codec.decode(word)
            except Exception:  # noqa: BLE001 - then it is a plain word
                codec.decode(to_text(word))
