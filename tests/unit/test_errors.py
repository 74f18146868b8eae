from __future__ import annotations

import copy
import inspect
import pickle
import re
from pathlib import Path

import attrs
import pytest

from perdure import errors
from perdure.errors import PerdureError, StoreUnavailable, UnknownModule, nearest, place
from perdure.names import Key

ROOT = Path(__file__).parents[2]
CLASSES = [each for each in vars(errors).values() if inspect.isclass(each) and issubclass(each, PerdureError)]
FACTS = {"size": 7, "limit": 5, "known": ("one", "two"), "names": ("one", "two"), "key": Key("t", "m", "n")}


def made(cls):
    return cls(*(FACTS.get(each.name, each.name) for each in attrs.fields(cls))) if attrs.has(cls) else cls("said")


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_error_survives_pickling_and_copying_with_its_facts(cls):
    error = made(cls)
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is cls
        assert str(twin) == str(error) != ""
        for fact in attrs.fields(cls) if attrs.has(cls) else ():
            assert getattr(twin, fact.name) == getattr(error, fact.name)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_error_is_drawn_in_the_tree_where_it_belongs(cls):
    lines = re.findall(r"^(?:([│ ├└─]*)── )?([A-Z]\w+)", errors.__doc__ or "", re.MULTILINE)
    path: list[str] = []
    parents = {}
    for indent, name in lines:
        depth = 0 if not indent and name == "PerdureError" else len(indent) // 4 + 1
        path[depth:] = [name]
        parents[name] = path[depth - 1] if depth else None
    assert cls.__name__ in parents
    if cls is not PerdureError:
        assert parents[cls.__name__] == cls.__bases__[0].__name__


@pytest.mark.parametrize("cls", CLASSES[1:], ids=lambda cls: cls.__name__)
def test_every_error_and_every_fact_of_its_own_is_in_the_reference(cls):
    rows = [
        line.split("|") for line in (ROOT / "docs/reference/errors.md").read_text("utf-8").splitlines() if line.startswith("|")
    ]
    row = next((cells for cells in rows if f"`{cls.__name__}`" in cells[1]), None)
    assert row is not None, f"{cls.__name__} has no row in docs/reference/errors.md"
    inherited = {each.name for base in cls.__bases__ if attrs.has(base) for each in attrs.fields(base)}
    own = {each.name for each in attrs.fields(cls)} - inherited if attrs.has(cls) else set()
    assert own <= set(re.findall(r"`(\w+)`", row[3]))


def test_a_near_miss_is_suggested_and_a_far_one_lists_what_is_known():
    assert nearest("trainng", ["training", "demo"]) == "Did you mean 'training'?"
    assert nearest("xyz", ["b", "a"]) == "Known: 'a', 'b'."
    assert nearest("xyz", []) == "None is known."
    assert nearest("xyz", [f"n{number}" for number in range(9)]).endswith("'n7', ….")
    assert "Did you mean 'training-student'?" in str(UnknownModule("training_student", ("training-student",)))


def test_a_place_names_the_tenant_where_there_is_one():
    assert place("", "m", "n") == "m.n"
    assert place("acme", "m") == "m (tenant 'acme')"


def test_a_store_error_names_the_key_it_is_about():
    assert str(StoreUnavailable("sqlite:///x", "it is away", Key("", "m", "n"))) == (
        "m.n: the store is unavailable (sqlite:///x): it is away"
    )
