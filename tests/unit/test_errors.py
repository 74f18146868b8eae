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


def facts_of(cls):
    return list(inspect.signature(cls).parameters)


def made(cls):
    return cls(*(FACTS.get(name, name) for name in facts_of(cls)))


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_error_survives_pickling_and_copying_with_its_facts(cls):
    error = made(cls)
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is cls
        assert str(twin) == str(error)
        assert str(twin) or cls.__subclasses__()
        for fact in facts_of(cls):
            assert getattr(twin, fact) == getattr(error, fact)


def test_an_error_takes_its_facts_in_order_or_by_name_and_nothing_else():
    assert vars(errors.ValueTooLarge("t", "m", "n", "n", problem="long", size=7, limit=5)) == {
        "tenant": "t",
        "module": "m",
        "name": "n",
        "path": "n",
        "problem": "long",
        "size": 7,
        "limit": 5,
    }
    assert StoreUnavailable("sqlite://", "it is away").key is None
    for given, named in (
        (("m",), {}),
        (("m", "p", "more"), {}),
        (("m",), {"problem": "p", "other": 1}),
        (("m", "p"), {"module": "m"}),
    ):
        with pytest.raises(TypeError):
            errors.InvalidSpec(*given, **named)


def test_a_strangers_error_says_what_it_is_given_or_takes_facts_of_its_own():
    class Plain(PerdureError):
        pass

    @attrs.define
    class Generated(PerdureError):
        problem: str

    class Again(StoreUnavailable):
        problem: str = "it is away"

    assert str(Plain("no room")) == "no room"
    assert Generated("no room").problem == "no room"
    assert Again("sqlite://").problem == "it is away"


def test_some_facts_of_an_error_are_replaced_in_another():
    error = StoreUnavailable("sqlite://", "it is away")
    error.add_note("on a Sunday")
    other = error.with_facts(key=Key("t", "m", "n"))
    assert (other.store, other.problem, other.key) == ("sqlite://", "it is away", Key("t", "m", "n"))
    assert other.args == ("sqlite://", "it is away", Key("t", "m", "n"))
    assert error.key is None


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
    own = set(facts_of(cls)) - set(facts_of(cls.__bases__[0]))
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
