"""A type that cannot be written and read back exactly is refused when it is declared, with what to declare instead."""

import collections
import enum
import subprocess
import sys
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import InitVar, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Generic, Literal, TypedDict, TypeVar
from uuid import UUID

import attrs
import pytest

from perdure.errors import UnsupportedType
from perdure.records.fields import FieldSpec, field
from perdure.records.values.codec import Codec

T = TypeVar("T")


def codec_of(declared):
    record = attrs.make_class("Record", {"x": field()})
    return Codec.of("demo", FieldSpec.of(attrs.fields(record).x, declared))


@attrs.frozen
class Box(Generic[T]):
    content: T


@attrs.frozen
class Shapeless:
    inner: "Sequence[int]"


@attrs.frozen
class Unannotated:
    a: int
    b = attrs.field()


@attrs.define
class Endless(Generic[T]):
    inner: "Endless[list[T]] | None"


@dataclass
class Needs:
    a: int
    seed: InitVar[int]

    def __post_init__(self, seed):
        self.a += seed


@attrs.frozen
class Code(str):  # noqa: SLOT000 - attrs makes them
    a: int


class Size(enum.Enum):
    S = 1


class First(TypedDict):
    a: int


class Second(TypedDict):
    a: int


class Text(str):
    __slots__ = ()


REFUSED = [
    (Sequence[int], "x", "Declare list or tuple"),
    (list[Iterable[int]], "x[]", "Declare list or tuple"),
    (collections.deque[int], "x", "Declare list or tuple"),
    (collections.defaultdict[str, int], "x", "Declare dict"),
    (MutableMapping[str, int], "x", "Declare dict"),
    (AbstractSet[int], "x", "Declare set or frozenset"),
    (Callable[[int], int], "x", "Declare a str or an Enum"),
    (complex, "x", r"Declare tuple\[float, float\]"),
    (Text, "x", "Declare str"),
    (Code, "x", "Declare str"),
    (Path, "x", "Declare an attrs class"),
    (bytearray, "x", "Declare"),
    (tuple[int, *tuple[str, ...]], "x[1]", "Declare list or tuple"),
    (type[int], "x", "Declare a str or an Enum"),
    (Literal[Size.S, 1], "x", "Declare an Enum"),
    (Box, "x.content", r"as in Box\[int\]"),
    (dict[str, Box[T]], r"x[].content", r"as in Box\[int\]"),
    (Shapeless, "x.inner", "Declare list or tuple"),
    (tuple[int, Sequence[int]], "x[1]", "Declare list or tuple"),
    (Needs, "x", "'seed'"),
    (Endless[int], "x", "no end"),
    (set[list[int]], "x", "not hashable"),
    (set[tuple[int, dict[str, int]]], "x", "not hashable"),
    (dict[tuple[int, int], int], "x", "keys"),
    (dict[str | UUID, int], "x", "keys"),
    (Any | int, "x", "Declare Any alone"),
    (Box[int] | Box[str], "x", "same name"),
    (First | dict[str, str] | Literal["dict"] | list[int] | set[int], "x", None),
    (collections.namedtuple("Bare", "a"), "x.a", "no annotation"),  # noqa: PYI024 - that is the point
]


@pytest.mark.parametrize(("declared", "path", "advice"), REFUSED, ids=lambda given: str(given)[:40])
def test_unsupported_types_are_refused_with_what_to_declare(declared, path, advice):
    if advice is None:
        codec_of(declared)
        return
    with pytest.raises(UnsupportedType, match=advice) as caught:
        codec_of(declared)
    assert caught.value.path.startswith(path)
    assert caught.value.module == "demo"


def test_members_of_a_tagged_union_need_names_of_their_own():
    same = type("First", (), {"__annotations__": {"a": int}})
    with pytest.raises(UnsupportedType, match="same name"):
        codec_of(First | attrs.frozen(same))
    codec_of(First | Second)
    codec_of(date | datetime)


def test_declaring_a_record_does_not_import_cattrs():
    code = "import sys, perdure.records.spec, perdure.records.fields; sys.exit('cattrs' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
