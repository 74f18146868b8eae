"""Values of every supported type come back equal, of the same type, and only they are taken."""

# ruff: noqa: DTZ001, DTZ901, PYI051, PYI061, UP007, UP045 - naive times and every spelling of a union are what is tested

import enum
import json
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, NotRequired, Optional, TypedDict, TypeVar, Union
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import TypeAliasType

from perdure.errors import UnsupportedType
from perdure.records.fields import FieldSpec, field
from perdure.records.values.codec import Codec, Mismatch

T = TypeVar("T")
U = TypeVar("U")
UserId = NewType("UserId", int)


def codec_of(declared, name="x", **arguments):
    record = attrs.make_class("Record", {name: field(**arguments)})
    return Codec.of("demo", FieldSpec.of(attrs.fields_dict(record)[name], declared))


class Color(enum.Enum):
    RED = "red"
    GREEN = 2


class Size(enum.IntEnum):
    S = 1
    L = 2


class Mode(enum.StrEnum):
    ON = "on"
    OFF = "off"


class Point3(enum.Enum):
    ORIGIN = (0, 0, 0)
    UP = (0, 0, 1)


class Access(enum.Flag):
    READ = 1
    WRITE = 2


class Loose(enum.IntFlag):
    A = 1
    B = 2


@attrs.frozen
class User:
    name: str
    age: int


@attrs.frozen
class Admin(User):
    rights: int = 0


@attrs.define
class Team:
    lead: User
    members: list[User] = attrs.field(factory=list)
    _secret: str | None = None


@attrs.frozen
class Box(Generic[T]):
    content: T


@attrs.frozen
class Pair(Box[T], Generic[T, U]):
    other: U


@attrs.frozen
class IntBox(Box[int]):
    label: str = ""


@attrs.frozen
class Node:
    value: int
    next: Optional["Node"] = None


@attrs.define
class Tree:
    children: "list[Tree]" = attrs.field(factory=list)
    named: "dict[str, Tree]" = attrs.field(factory=dict)


@dataclass(frozen=True)
class Plain:
    when: datetime
    tags: frozenset[str] = frozenset()


@dataclass
class Area:
    width: int
    height: int

    def __post_init__(self):
        if self.width < 0:
            raise ValueError("negative width")


class Spot(NamedTuple):
    x: int
    y: float = 0.0


class Options(TypedDict):
    depth: int
    label: NotRequired[str]


Keyed = TypedDict("Keyed", {"my-key": int, "in": "NotRequired[str]"})


class Holder(TypedDict, Generic[T]):
    held: T


class Cell(NamedTuple, Generic[T]):
    held: T


class Vacant(enum.Enum):
    A = None
    B = 1


class NotFinite(enum.Enum):
    A = float("inf")
    B = 1


@attrs.frozen
class Named:
    """Its fields are named as the arguments of the functions that build it."""

    attrs: int
    cl: int
    converter: int
    o: int = 0
    res: int = 0


Twice = TypeAliasType("Twice", tuple[T, T], type_params=(T,))


def recursive_alias():
    """Return what `type JsonLike = int | list[JsonLike]` is on Python 3.12; the backport does not evaluate late."""
    parts = {
        "__type_params__": (),
        "__name__": "JsonLike",
        "__value__": property(lambda self: int | list[self]),
        "__repr__": lambda self: self.__name__,
    }
    return type("TypeAliasType", (), parts)()


JsonLike = recursive_alias()

BERLIN = ZoneInfo("Europe/Berlin")
AWKWARD = [
    (type(None), [None]),
    (None, [None]),
    (bool, [True, False]),
    (int, [0, -1, 2**63, -(2**63), 2**200, 10**4299]),
    (float, [1.0, -0.0, 1e-320, 1.7976931348623157e308, 0.1, 1e16, 1e22, 5e-324]),
    (str, ["", "\0", "a\0b", "😀", "é", "\u2028", '"\\', "null", "\\ud800", "x" * 10_000]),
    (bytes, [b"", b"\0", bytes(range(256))]),
    (date, [date.min, date.max]),
    (datetime, [datetime.min, datetime.max, datetime(2024, 1, 1, 0, 0, 0, 1), datetime(2024, 1, 1, tzinfo=UTC)]),
    (datetime, [datetime(2024, 1, 1, 1, 2, 3, 4, timezone(timedelta(hours=-3, minutes=-30, seconds=-7, microseconds=-1)))]),
    (time, [time.min, time.max, time(1, 2, 3, 4, UTC)]),
    (timedelta, [timedelta.min, timedelta.max, timedelta(microseconds=-1), timedelta(0)]),
    (Decimal, [Decimal("1.0"), Decimal("-0"), Decimal("1E+3"), Decimal("0." + "3" * 60)]),
    (UUID, [UUID(int=0), UUID(int=2**128 - 1)]),
    (Color, list(Color)),
    (Size, list(Size)),
    (Mode, list(Mode)),
    (Point3, list(Point3)),
    (Access, [Access(0), Access.READ, Access.READ | Access.WRITE]),
    (Loose, [Loose.A, Loose.A | Loose.B, Loose(8)]),
    (Literal[1, "a", True, None, b"x"], [1, "a", True, None, b"x"]),
    (Literal[Mode.ON], [Mode.ON]),
    (list[int], [[], [1, 2]]),
    (list, [[], [1, "a", None, [2.5, {"k": [True]}]]]),
    (dict, [{}, {"a": {"b": [None]}}]),
    (tuple, [(), (1, "a")]),
    (set, [set(), {1, "a", 2.5, None}]),
    (frozenset[int], [frozenset(), frozenset({3, 1, 2})]),
    (set[float], [{1.0, 2.0}]),
    (tuple[int, ...], [(), (1, 2)]),
    (tuple[int, str], [(1, "a")]),
    (tuple[()], [()]),
    (dict[str, int], [{}, {"": 1, "\0": 2, "😀": 3}]),
    (dict[int, str], [{-1: "a", 2**70: "b"}]),
    (dict[float, int], [{1.0: 1, 2.5: 2}]),
    (dict[bool, int], [{True: 1, False: 0}]),
    (dict[UUID, int], [{UUID(int=7): 1}]),
    (dict[date, int], [{date(2024, 1, 1): 1}]),
    (dict[timedelta, int], [{timedelta(seconds=1): 1}]),
    (dict[Decimal, int], [{Decimal("1.0"): 1}]),
    (dict[bytes, int], [{b"\xff": 1}]),
    (dict[Color, int], [{Color.RED: 1, Color.GREEN: 2}]),
    (dict[Mode, int], [{Mode.ON: 1}]),
    (dict[Size, int], [{Size.L: 1}]),
    (dict[int | str, int], [{1: 1, "1": 2}]),
    (dict[str | None, int], [{None: 1, "null": 2}]),
    (Mapping[str, int], [{"a": 1}]),
    (int | float, [1, 1.0]),
    (int | str | None, [1, "1", None]),
    (Union[bool, int, float, str, list[int], dict[str, int]], [True, 1, 1.0, "1", [1], {"a": 1}]),
    (date | datetime, [date(2024, 1, 1), datetime(2024, 1, 1)]),
    (str | UUID | bytes, ["a", str(UUID(int=1)), UUID(int=1), b"a"]),
    (Literal["a"] | str, ["a", "b"]),
    (User | Team | None, [User("a", 1), Team(User("a", 1)), None]),
    (Optional[Literal[None, 1]], [None, 1]),
    (Any, [None, True, 1, 1.0, "a", [1, [2]], {"a": {"b": 1}}]),
    (object, [{"a": [1]}]),
    (Any | None, [None, [1]]),
    (User, [User("a", 1)]),
    (Team, [Team(User("a", 1), [User("b", 2)], "s")]),
    (Box[int], [Box(1)]),
    (Box[Box[list[int]]], [Box(Box([1]))]),
    (Pair[int, str], [Pair(1, "a")]),
    (IntBox, [IntBox(1, "a")]),
    (Node, [Node(1, Node(2, Node(3)))]),
    (Tree, [Tree([Tree(), Tree([Tree()])], {"a": Tree()})]),
    (Plain, [Plain(datetime(2024, 1, 1), frozenset({"a"}))]),
    (Area, [Area(1, 2)]),
    (Spot, [Spot(1), Spot(1, 2.5)]),
    (Options, [{"depth": 1}, {"depth": 1, "label": "a"}]),
    (Keyed, [{"my-key": 1, "in": "a"}, {"my-key": 1}]),
    (Holder[int], [{"held": 1}]),
    (Cell[int], [Cell(1)]),
    (Vacant | None, [Vacant.A, Vacant.B, None]),
    (NotFinite, list(NotFinite)),
    (list[int] | dict[str, Any] | None, [[1], {"a": [None]}, None]),
    (UserId, [UserId(1)]),
    (Annotated[int, []], [1]),
    (list[Annotated[int, []]], [[1]]),
    (JsonLike, [1, [1, [2, []]]]),
    (Twice[int], [(1, 2)]),
    (Named, [Named(1, 2, 3, 4, 5)]),
]


def exact(value):
    """Return what tells 1 from 1.0, -0.0 from 0.0, and an aware time from a naive one."""
    if isinstance(value, (list, tuple)):
        return type(value), [exact(each) for each in value]
    if isinstance(value, (set, frozenset)):
        return type(value), {exact(each) for each in value}
    if isinstance(value, dict):
        return dict, [(exact(key), exact(item)) for key, item in value.items()]
    if attrs.has(type(value)):
        return type(value), [exact(getattr(value, each.name)) for each in attrs.fields(type(value))]
    if isinstance(value, (datetime, time)):
        value = value.replace(fold=0)  # equality ignores it, and so do we
    return type(value), repr(value)


@pytest.mark.parametrize(("declared", "values"), AWKWARD, ids=[str(declared) for declared, _ in AWKWARD])
def test_awkward_values_come_back_equal_and_of_the_same_type(declared, values):
    codec = codec_of(declared)
    for value in values:
        accepted, text = codec.accept(value)
        back = codec.decode(text)
        assert (accepted, back) == (value, value)
        assert exact(accepted) == exact(value)
        assert exact(back) == exact(value)
        assert codec.accept(back).text == text
        text.encode()


NAN, INFINITY = float("nan"), float("inf")


class Text(str):
    __slots__ = ()


class Stamp(datetime):
    """As freezegun's and pandas' datetimes are."""


class DriverUUID(UUID):
    """As asyncpg's UUID is."""


class Nanoseconds(timedelta):
    """A subclass that holds more than its base."""

    def __eq__(self, other):
        return False

    __hash__ = timedelta.__hash__


CANONICAL = [
    (str, Text("a"), "a"),
    (str, Mode.ON, "on"),
    (int, Size.L, 2),
    (float, 1, 1.0),
    (float, 2**53, float(2**53)),
    (list[float], [1], [1.0]),
    (UUID, DriverUUID(int=1), UUID(int=1)),
    (datetime, Stamp(2024, 1, 1), datetime(2024, 1, 1)),
    (date, type("Day", (date,), {})(2024, 1, 1), date(2024, 1, 1)),
    (Any, {Text("a"): Mode.ON}, {"a": "on"}),
    (int | str, Size.L, 2),
    (int | float, Size.L, 2),
    (User, {"name": "a", "age": 1}, User("a", 1)),
    (Area, {"width": 1, "height": 2}, Area(1, 2)),
    (User | Team, {"name": "a", "age": 1}, User("a", 1)),
    (Optional[User], {"name": "a", "age": 1}, User("a", 1)),
    (Box[float], Box(1), Box(1.0)),
]


@pytest.mark.parametrize(("declared", "given", "expected"), CANONICAL)
def test_what_equals_a_plain_value_becomes_it(declared, given, expected):
    accepted = codec_of(declared).accept(given).value
    assert exact(accepted) == exact(expected)


REFUSED = [
    (int, True, "expected int, got True (bool)"),
    (int, 1.7, "expected int, got 1.7 (float)"),
    (int, "18", "expected int, got '18' (str)"),
    (int, None, "expected int, got None"),
    (int, 10**4300, "expected int of at most 4300 digits, got a value whose repr raises ValueError"),
    (bool, "yes", "expected bool, got 'yes' (str)"),
    (bool, 1, "expected bool, got 1 (int)"),
    (str, None, "expected str, got None"),
    (str, b"a", "expected str, got b'a' (bytes)"),
    (str, "\ud800", "expected str without lone surrogates, got '\\ud800'"),
    (float, NAN, "expected a finite float, got nan"),
    (float, INFINITY, "expected a finite float, got inf"),
    (float, True, "expected float, got True (bool)"),
    (float, 2**53 + 1, "expected float, or an int that a float can hold exactly, got 9007199254740993"),
    (float, 10**400, None),
    (Decimal, Decimal("sNaN"), "expected a finite Decimal, got Decimal('sNaN')"),
    (Decimal, Decimal("Infinity"), "expected a finite Decimal, got Decimal('Infinity')"),
    (Decimal, 1, "expected Decimal, got 1 (int)"),
    (date, datetime(2024, 1, 1), "expected date, got datetime.datetime(2024, 1, 1, 0, 0) (datetime)"),
    (timedelta, Nanoseconds(1), None),
    (time, time(1, tzinfo=BERLIN), None),
    (list[int], (1,), "expected list[int], got (1,) (tuple)"),
    (list[str], "ab", "expected list[str], got 'ab' (str)"),
    (tuple[int, str], (1,), "expected tuple[int, str], 2 long, got (1,) (tuple)"),
    (tuple[int, ...], Spot(1), "expected tuple[int, ...], got Spot(x=1, y=0.0) (Spot)"),
    (Literal[1, "a"], True, "expected one of 1, 'a', got True (bool)"),
    (Literal[1], [], "expected one of 1, got [] (list)"),
    (Color, "red", "expected Color, got 'red' (str)"),
    (int | str, 1.5, "expected int | str, got 1.5 (float)"),
    (User, 5, "expected User, got 5 (int)"),
    (User, Admin("a", 1), "expected exactly User, got Admin(name='a', age=1, rights=0) (Admin)"),
    (User, {"name": "a"}, "'age' is missing"),
    (User, {}, "'name', 'age' are missing"),
    (User, {"name": "a", "age": 1, "agee": 2}, "unknown key 'agee' (did you mean 'age'?)"),
    (Options, {"depth": 1, "lable": "a"}, "unknown key 'lable' (did you mean 'label'?)"),
    (Area, {"width": -1, "height": 1}, "negative width"),
    (User | Admin, {"name": "a", "age": 1}, "it fits several of User | Admin: give an instance"),
    (Any, (1,), "expected plain JSON (None, bool, int, float, str, list, dict), got (1,) (tuple)"),
    (dict, {1: 1}, None),
    (str, "x" * 10 + "\udfff", None),
    (int, "x" * 200, None),
]


@pytest.mark.parametrize(("declared", "given", "problem"), REFUSED, ids=lambda given: str(type(given)))
def test_what_is_not_declared_is_refused(declared, given, problem):
    with pytest.raises(Mismatch) as caught:
        codec_of(declared).accept(given)
    assert len(caught.value.problem) < 250
    if problem is not None:
        # Equal unions are one type, which is spelled as the first of them was, in whatever test that came.
        assert caught.value.problem.replace("str | int", "int | str") == problem
        assert caught.value.path == "x"


PATHS = [
    (User, User("a", "18"), "user.age: expected int, got '18' (str)"),
    (User, {"name": "a", "age": "18"}, "user.age: expected int, got '18' (str)"),
    (list[int], [1, 2, "3", "4"], "user[2]: expected int, got '3' (str)"),
    (dict[str, int], {"a": "1"}, "user['a']: expected int, got '1' (str)"),
    (dict[str, int], {1: 1}, "user[1]: expected str, got 1 (int)"),
    (dict[str, int], {"\udc00": 1}, "user['\\udc00']: expected str without lone surrogates, got '\\udc00'"),
    (set[int], {"a"}, "user[]: expected int, got 'a' (str)"),
    (tuple[int, list[str]], (1, ["a", 2]), "user[1][1]: expected str, got 2 (int)"),
    (tuple[int, ...], (1, None), "user[1]: expected int, got None"),
    (Any, {"a": [1, {"b": NAN}]}, "user['a'][1]['b']: expected a finite float, got nan"),
    (Team, Team(User("a", 1), [User("b", None)]), "user.members[0].age: expected int, got None"),
    (Optional[User], {"name": "a", "age": None}, "user.age: expected int, got None"),
    (Options, {"depth": "1"}, "user.depth: expected int, got '1' (str)"),
    (Spot, Spot("a"), "user.x: expected int, got 'a' (str)"),
    (Node, Node(1, Node(2, Node("3"))), "user.next.next.value: expected int, got '3' (str)"),
    (JsonLike, [1, ["a"]], "user[1][0]: expected int | list[JsonLike], got 'a' (str)"),
]


@pytest.mark.parametrize(("declared", "given", "line"), PATHS, ids=lambda given: str(given)[:40])
def test_a_problem_names_the_part(declared, given, line):
    with pytest.raises(Mismatch) as caught:
        codec_of(declared, "user").accept(given)
    assert line is None or str(caught.value) == line


def test_aware_datetimes_keep_instant_and_offset():
    codec = codec_of(datetime)
    for fold in (0, 1):
        value = datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=fold)
        back = codec.accept(value).value
        assert back.utcoffset() == value.utcoffset()
        assert back.astimezone(UTC) == value.astimezone(UTC)
    assert codec_of(Plain).accept(
        Plain(datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=1))
    ).value.when.utcoffset() == timedelta(hours=1)


JSON_REFUSED = [
    (bool, '"yes"', "expected bool, got 'yes' (str)"),
    (bool, "1", "expected bool, got 1 (int)"),
    (int, "1.0", "expected int, got 1.0 (float)"),
    (int, "true", "expected int, got True (bool)"),
    (str, "null", "expected str, got None"),
    (float, '"1"', "expected float, got '1' (str)"),
    (float, "1e999", "it holds '1e999', which is no finite float"),
    (float, "NaN", "it is not JSON: NaN is no JSON number"),
    (int, "", "it is not JSON: Expecting value at character 0"),
    (int, '{"a":', "it is not JSON: Expecting value at character 5"),
    (int, "1" * 5000, None),
    (str, '"\\ud800"', "it holds a lone surrogate, which is no character"),
    (Any, '{"a":["\\udc00"]}', "it holds a lone surrogate, which is no character"),
    (UUID, '"{00000000-0000-0000-0000-000000000001}"', None),
    (Decimal, '" 1_0"', None),
    (Decimal, '"x"', "expected Decimal as str, got 'x'"),
    (datetime, '"2024-01-01"', None),
    (date, '"20240101"', None),
    (bytes, '"a"', None),
    (timedelta, "1" + "0" * 30, None),
    (Color, '"blue"', "expected a member of Color, got 'blue' (str)"),
    (Color, "2.0", "expected a member of Color, got 2.0 (float)"),
    (Access, "8", "expected a member of Access, got 8 (int)"),
    (Literal[1], "true", "expected one of 1, got True (bool)"),
    (list[int], "{}", "expected list[int], got {} (dict)"),
    (tuple[int, int], "[1]", None),
    (set[Any], "[[]]", None),
    (dict[int, int], '{"01":1}', "expected int as a key, got '01' (str)"),
    (dict[int, int], '{"1.0":1}', "expected int as a key, got '1.0' (str)"),
    (User, '"ab"', "expected User, got 'ab' (str)"),
    (Box[int] | None, "[]", "expected Box[int] | None, got [] (list)"),
    (date | datetime, '"2024-01-01"', "expected one of date, datetime under its name, got '2024-01-01' (str)"),
    (date | datetime, '{"time":"2024-01-01"}', None),
    (User, '{"name":"a"}', "'age' is missing"),
    (Options, "{}", "'depth' is missing"),
    (Area, '{"width":-1,"height":1}', "negative width"),
]


@pytest.mark.parametrize(("declared", "text", "problem"), JSON_REFUSED, ids=lambda given: str(given)[:40])
def test_stored_text_that_does_not_fit_is_refused(declared, text, problem):
    with pytest.raises(Mismatch) as caught:
        codec_of(declared).decode(text)
    assert caught.value.path.startswith("x")
    assert problem is None or str(caught.value) == f"x: {problem}"


def test_a_stored_part_that_does_not_fit_is_named():
    with pytest.raises(Mismatch, match=r"^x\.members\[0\]\.age: expected int, got '1' \(str\)$"):
        codec_of(Team).decode('{"lead":{"name":"a","age":1},"members":[{"name":"a","age":"1"}]}')


def test_reading_ignores_what_newer_code_has_added_and_uses_defaults_for_what_older_code_did_not_know():
    assert codec_of(User).decode('{"name":"a","age":1,"added":[]}') == User("a", 1)
    assert codec_of(Options).decode('{"depth":1,"added":[]}') == {"depth": 1}
    assert codec_of(IntBox).decode('{"content":1}') == IntBox(1)
    assert codec_of(Spot).decode('{"x":1}') == Spot(1)


def test_a_float_written_by_hand_as_an_int_is_read_as_a_float():
    assert exact(codec_of(float).decode("1")) == exact(1.0)
    assert exact(codec_of(float | None).decode("1")) == exact(1.0)
    assert exact(codec_of(int | float).decode("1")) == exact(1)


def test_unions_are_bare_where_the_kind_of_data_tells_and_tagged_where_not():
    bare = codec_of(int | float | str | User | None)
    assert [bare.accept(value).text for value in (1, 1.0, "a", None)] == ["1", "1.0", '"a"', "null"]
    assert bare.accept(User("a", 1)).text == '{"name":"a","age":1}'
    tagged = codec_of(User | Team | None)
    assert tagged.accept(User("a", 1)).text == '{"User":{"name":"a","age":1}}'
    assert tagged.accept(None).text == "null"


def test_sets_have_one_text_whatever_their_order():
    assert codec_of(set[str]).accept({"b", "a", "c"}).text == '["a","b","c"]'
    assert codec_of(frozenset[int]).accept(frozenset({10, 9})).text == "[10,9]"


def test_enums_are_written_by_value_or_by_name():
    assert codec_of(Color).accept(Color.GREEN).text == "2"
    assert codec_of(Point3).accept(Point3.UP).text == '"UP"'
    assert codec_of(Access).accept(Access.READ | Access.WRITE).text == "3"


def test_our_text_does_not_depend_on_a_replaced_json_dumps(monkeypatch):
    monkeypatch.setattr(json, "dumps", lambda *_args, **_kwargs: "broken")
    assert codec_of(dict[str, int]).accept({"ä": 1}).text == '{"ä":1}'


# --------------------------------------------------------------------------- hypothesis

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
USERS = st.builds(User, st.text(), st.integers())
NODES = st.recursive(st.builds(Node, st.integers()), lambda inner: st.builds(Node, st.integers(), inner), max_leaves=5)
ZONES = st.none() | st.timezones() | st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23)))


@pytest.mark.parametrize(
    ("declared", "strategy"),
    [
        (Any, JSON_VALUES),
        (list[int | float | str | None], st.lists(st.integers() | FINITE | st.text() | st.none())),
        (dict[UUID, tuple[date, ...]], st.dictionaries(st.uuids(), st.lists(st.dates()).map(tuple))),
        (
            dict[int | bool, set[Decimal]],
            st.dictionaries(st.booleans(), st.sets(st.decimals(allow_nan=False, allow_infinity=False))),
        ),
        (Team, st.builds(Team, USERS, st.lists(USERS), st.none() | st.text())),
        (Node, NODES),
        (Pair[bytes, time], st.builds(Pair, st.binary(), st.times())),
        (date | datetime | timedelta, st.dates() | st.datetimes() | st.timedeltas()),
        (frozenset[Mode | Size], st.frozensets(st.sampled_from(list(Mode) + list(Size)))),
    ],
    ids=str,
)
def test_any_value_comes_back(declared, strategy):
    codec = codec_of(declared)

    @given(strategy)
    def comes_back(value):
        accepted, text = codec.accept(value)
        assert exact(accepted) == exact(value)
        assert exact(codec.decode(text)) == exact(value)

    comes_back()


@given(st.datetimes(timezones=ZONES))
def test_any_datetime_keeps_its_instant_and_offset(value):
    back = DATETIMES.accept(value).value
    assert back.replace(tzinfo=None) == value.replace(tzinfo=None)
    assert back.utcoffset() == value.utcoffset()


DATETIMES = codec_of(datetime)


@given(st.text() | JSON_VALUES.map(json.dumps))
def test_no_text_makes_reading_fail_otherwise_than_told(text):
    for codec in SEVERAL:
        try:
            value = codec.decode(text)
        except Mismatch:
            continue
        assert exact(codec.decode(codec.accept(value).text)) == exact(value)


SEVERAL = [codec_of(each) for each in (bool, float, list[int], dict[int, str], User, date | datetime, Any, Options)]


# --------------------------------------------------------------------------- depth, size, threads


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def test_nesting_without_end_is_told():
    codec = codec_of(Any)
    twice = []
    twice += [twice, twice, twice]
    deep_node = Node(0)
    for _ in range(5000):
        deep_node = Node(0, deep_node)
    loop = Tree()
    loop.children += [loop, loop]
    for each, value in ((codec, nested(100_000)), (codec, twice), (codec_of(Node), deep_node), (codec_of(Tree), loop)):
        with pytest.raises(Mismatch, match=r"^x: it is nested too deeply, or contains itself$"):
            each.accept(value)
    with pytest.raises(Mismatch, match="nested too deeply"):
        codec.decode("[" * 100_000 + "]" * 100_000)
    with pytest.raises(Mismatch, match="nested too deeply"):
        codec_of(Node).decode('{"value":1,"next":' * 700 + "null" + "}" * 700)


def test_what_is_accepted_at_the_brink_is_read_with_less_stack():
    codec, deepest = codec_of(list[Any]), 0
    for depth in range(1, sys.getrecursionlimit(), 10):
        try:
            text = codec.accept(nested(depth)).text
        except Mismatch:
            break
        deepest = depth

    def deeper(frames):
        return deeper(frames - 1) if frames else codec.decode(text)

    assert deepest > 50
    assert deeper(200) == nested(deepest)


def test_codecs_are_made_from_many_threads():
    @attrs.define
    class Local:
        value: "Box[list[Node | int]]"

    Local.__annotations__["value"] = Box[list[Node | int]]
    attrs.resolve_types(Local, globals(), locals())
    errors = []

    def work():
        try:
            codec = codec_of(dict[str, Local])
            assert codec.accept({"a": Local(Box([Node(1), 2]))}).value == {"a": Local(Box([Node(1), 2]))}
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


# --------------------------------------------------------------------------- classes


@attrs.define
class Range:
    low: int = attrs.field(validator=attrs.validators.ge(0))
    high: int = 10
    span: int = attrs.field(init=False)

    def __attrs_post_init__(self):
        self.span = self.high - self.low


@attrs.define(eq=False)
class Identity:
    name: str


@attrs.define
class Shouting:
    word: str = attrs.field(converter=str.upper, on_setattr=attrs.setters.NO_OP)


@attrs.frozen
class Growing:
    word: str = attrs.field(converter=lambda word: word + "!")


def test_validators_run_on_an_instance_that_was_changed():
    value = Range(1)
    value.low = 5
    codec = codec_of(Range)
    with pytest.raises(Mismatch, match=r"^x: Range does not survive being written and read"):
        codec.accept(value)
    object.__setattr__(value, "low", -1)
    with pytest.raises(Mismatch, match=r"^x: 'low' must be >= 0: -1"):
        codec.accept(value)
    assert codec.accept(Range(1, 3)).value.span == 2


def test_a_class_without_value_equality_is_rebuilt():
    value = Identity("a")
    back = codec_of(Identity).accept(value).value
    assert back is not value
    assert back.name == "a"


def test_a_class_that_changes_what_it_is_given_is_refused():
    value = Shouting("a")
    value.word = "b"
    with pytest.raises(Mismatch, match="survive"):
        codec_of(Shouting).accept(value)
    with pytest.raises(Mismatch, match="survive"):
        codec_of(Growing).accept({"word": "a"})
    assert codec_of(Shouting).accept({"word": "a"}).value == Shouting("A")


def test_what_is_accepted_shares_nothing_with_what_was_given():
    given_list = [1]
    accepted = codec_of(list[int]).accept(given_list).value
    given_list.append(2)
    assert accepted == [1]


IMMUTABLE = [int, Color, Literal[1], tuple[int, ...], frozenset[str], int | None, User, Plain, Spot, Box[int], Twice[str]]
MUTABLE = [list[int], dict, set[int], Any, Team, Area, Options, Node, Box[list[int]], tuple[list[int]], User | Team]


def test_what_nobody_can_change_may_be_shared():
    assert [each for each in IMMUTABLE if not codec_of(each).immutable] == []
    assert [each for each in MUTABLE if codec_of(each).immutable] == []


def test_unresolvable_declarations_say_so():
    @attrs.define
    class Broken:
        value: "Nowhere"  # noqa: F821 - that is the point

    with pytest.raises(UnsupportedType, match=r"^demo: x is declared as Broken, .*Nowhere"):
        codec_of(Broken)
