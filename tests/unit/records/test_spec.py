from __future__ import annotations

import copy
import dataclasses
import pickle

import attr
import attrs
import pytest

from perdure import InvalidSpec, StatusSpec, field


@attrs.frozen
class Record:
    enable: bool
    visits: int = 0
    tags: list[str] = attrs.field(factory=list)
    password: str = field(secret=True, default="", description="Let nobody see it", metadata={"mine": 1})
    renamed: int = field(stored_as="former", default=1, history=3)


def test_the_names_are_those_of_the_record_in_its_order():
    assert list(StatusSpec("m", Record).fields) == ["enable", "visits", "tags", "password", "renamed"]


def test_what_field_says_is_read():
    fields = StatusSpec("m", Record).fields
    assert (fields["password"].secret, fields["password"].description) == (True, "Let nobody see it")
    assert (fields["renamed"].stored_name, fields["renamed"].history) == ("former", 3)
    assert (fields["enable"].secret, fields["enable"].stored_name, fields["enable"].history) == (False, "enable", None)
    assert attrs.fields(Record).password.metadata["mine"] == 1


def test_defaults_are_read_and_a_factory_makes_a_new_one_each_time():
    fields = StatusSpec("m", Record).fields
    assert not fields["enable"].has_default
    assert fields["visits"].make_default() == 0
    assert fields["tags"].make_default() == []
    assert fields["tags"].make_default() is not fields["tags"].make_default()


def test_a_dataclass_is_a_record_too():
    @dataclasses.dataclass
    class Data:
        enable: bool
        tags: list = dataclasses.field(default_factory=list)
        visits: int = 3

    fields = StatusSpec("m", Data).fields
    assert [fields[name].has_default for name in fields] == [False, True, True]
    assert (fields["tags"].make_default(), fields["visits"].make_default()) == ([], 3)


def test_an_empty_record_is_one():
    assert StatusSpec("m", attrs.make_class("Empty", [])).fields == {}


def test_a_private_attribute_goes_by_its_name_and_is_built_by_its_argument():
    @attrs.frozen
    class Private:
        _token: str

    only = StatusSpec("m", Private).fields["_token"]
    assert (only.name, only.argument) == ("_token", "token")


def test_a_record_may_name_classes_that_are_defined_further_down():
    spec = StatusSpec("m", Early)
    assert spec.fields["later"].annotation is Later


@attrs.frozen
class Early:
    later: Later


@attrs.frozen
class Later:
    x: int


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: StatusSpec("", Record), "module is empty"),
        (lambda: StatusSpec("m" * 256, Record), "256 characters"),
        (lambda: StatusSpec("m", int), "neither an attrs class nor a dataclass"),
        (lambda: StatusSpec("m", Record(enable=True)), "neither an attrs class nor a dataclass"),
        (lambda: StatusSpec("m", Record, history=-1), "no count of changes"),
        (lambda: StatusSpec("m", Record, history=True), "no count of changes"),
        (lambda: StatusSpec("m", attr.make_class("Untyped", ["x"])).fields, "'x' has no type; annotate it"),
        (lambda: StatusSpec("m", attrs.make_class("C", {"x": attrs.field(type=int, init=False)})).fields, "init=False"),
        (
            lambda: (
                StatusSpec(
                    "m", attrs.make_class("C", {"x": attrs.field(type=int, default=attrs.Factory(id, takes_self=True))})
                ).fields
            ),
            "needs the whole record",
        ),
        (lambda: StatusSpec("m", attrs.make_class("C", {"x": attrs.field(type="Nowhere")})).fields, "cannot be resolved"),
        (
            lambda: StatusSpec("m", attrs.make_class("C", {"a": field(type=int), "b": field(type=int, stored_as="a")})).fields,
            "'a' and 'b' are both stored as 'a'",
        ),
        (lambda: StatusSpec("m", attrs.make_class("C", {"a": field(type=int, stored_as="a\0")})).fields, "NUL"),
    ],
)
def test_a_spec_that_contradicts_itself_is_refused(make, problem):
    with pytest.raises(InvalidSpec, match=problem):
        make()


# --------------------------------------------------------------------------- evolution


def double(data):
    return data * 2


def halve(data):
    return data // 2


def evolving(**arguments):
    return StatusSpec("m", Record, **{"record_version": 3, "upgrades": {}, "downgrades": {}, **arguments})


def test_a_spec_is_of_version_one_and_writes_what_it_reads_unless_it_says():
    assert (StatusSpec("m", Record).record_version, StatusSpec("m", Record).writes) == (1, 1)
    assert evolving().writes == 3
    rolling = evolving(write_version=2)
    assert (rolling.record_version, rolling.write_version, rolling.writes) == (3, 2, 2)


def test_steps_are_those_that_were_given_whatever_becomes_of_the_dicts():
    upgrades, downgrades = {"visits": {1: double}}, {"visits": {2: halve}}
    spec = evolving(upgrades=upgrades, downgrades=downgrades)
    upgrades["visits"][2] = upgrades["tags"] = downgrades["visits"][3] = None
    assert (spec.upgrades, spec.downgrades) == ({"visits": {1: double}}, {"visits": {2: halve}})
    assert len(spec.upgrades["visits"]) == 1
    with pytest.raises(TypeError):
        spec.upgrades["tags"] = {}
    with pytest.raises(TypeError):
        spec.upgrades["visits"][2] = double


def test_specs_are_compared_hashed_copied_and_pickled_with_their_steps():
    spec = evolving(upgrades={"visits": {1: double}}, downgrades={"visits": {2: halve}}, formerly=["older", "old"])
    same = evolving(upgrades={"visits": {1: double}}, downgrades={"visits": {2: halve}}, formerly=("older", "old"))
    for other in (same, copy.deepcopy(spec), pickle.loads(pickle.dumps(spec)), attrs.evolve(spec)):
        assert other == spec
        assert hash(other) == hash(spec)
    assert spec != evolving(upgrades={"visits": {1: halve}}, downgrades={"visits": {2: halve}}, formerly=["older", "old"])
    assert spec != attrs.evolve(spec, formerly="older")
    assert "upgrades={'visits': {1: <function double" in repr(spec)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"record_version": 0}, "record_version=0 is none: expected an int from 1 to 2147483647"),
        ({"record_version": True}, "record_version=True is none"),
        ({"record_version": "2"}, "record_version='2' is none"),
        ({"record_version": 2**31}, "record_version=2147483648 is none"),
        ({"write_version": 0}, "write_version=0 is none: expected an int from 1 to 3, the record_version"),
        ({"write_version": 4}, "write_version=4 is none"),
        ({"write_version": True}, "write_version=True is none"),
        ({"write_version": 1.0}, "write_version=1.0 is none"),
        ({"upgrades": [double]}, r"upgrades=\[<function double .* is no dict: expected \{name: \{version: function\}\}"),
        ({"downgrades": None}, "downgrades=None is no dict"),
        ({"upgrades": {"visits": double}}, r"upgrades\['visits'\] is <function double .*: expected a dict of steps"),
        ({"upgrades": {"visits": {0: double}}}, r"upgrades\['visits'\] has a step from 0, .* they are from 1 to 2\."),
        ({"upgrades": {"visits": {3: double}}}, "has a step from 3, and with record_version=3 they are from 1 to 2"),
        ({"upgrades": {"visits": {True: double}}}, "has a step from True"),
        (
            {"upgrades": {"visits": {"1": double}}},
            "has a step from '1', .* A step goes by the int of the version that it is from",
        ),
        ({"downgrades": {"visits": {1: halve}}}, r"downgrades\['visits'\] has a step from 1, .* they are from 2 to 3\."),
        ({"downgrades": {"visits": {4: halve}}}, "has a step from 4"),
        ({"record_version": 1, "upgrades": {"visits": {1: double}}}, "from 1, and with record_version=1 there are none"),
        ({"record_version": 1, "downgrades": {"visits": {2: halve}}}, "from 2, and with record_version=1 there are none"),
        ({"upgrades": {"visits": {1: 5}}}, r"upgrades\['visits'\]\[1\] is 5: expected a function that takes JSON data"),
        ({"downgrades": {"visits": {2: "halve"}}}, r"downgrades\['visits'\]\[2\] is 'halve': expected a function"),
    ],
)
def test_versions_and_steps_that_cannot_be_are_refused_when_they_are_given(arguments, problem):
    with pytest.raises(InvalidSpec, match=f"The StatusSpec of 'm' is invalid: .*{problem}"):
        evolving(**arguments)


@pytest.mark.parametrize("downgrades", [{}, {"visits": {2: halve}}, {"tags": {3: halve}}])
def test_an_upgrade_without_its_way_back_is_refused_while_the_older_version_is_written(downgrades):
    arguments = {"upgrades": {"visits": {1: double, 2: double}}, "downgrades": downgrades}
    with pytest.raises(InvalidSpec) as refused:
        evolving(write_version=2, **arguments)
    assert str(refused.value) == (
        "The StatusSpec of 'm' is invalid: upgrades['visits'] has a step from version 2 to 3, and there is none back "
        "to what write_version=2 writes. Give downgrades={'visits': {3: …}}."
    )
    assert evolving(**arguments).writes == 3
    assert evolving(write_version=2, upgrades=arguments["upgrades"], downgrades={"visits": {3: halve}}).writes == 2


def test_a_downgrade_alone_is_no_contradiction_for_a_record_that_reads_both():
    assert evolving(write_version=1, downgrades={"visits": {2: halve}}).downgrades["visits"][2] is halve


@pytest.mark.parametrize("which", ["upgrades", "downgrades"])
def test_steps_for_a_name_that_there_is_not_are_refused_once_names_are_known(which):
    spec = evolving(**{which: {"visit": {2: double}}})
    with pytest.raises(InvalidSpec) as refused:
        spec.fields  # noqa: B018
    assert str(refused.value) == (
        "The StatusSpec of 'm' is invalid: there are steps for 'visit', and Record has no such attribute. "
        "Did you mean 'visits'? Steps go by the attributes' names."
    )
    with pytest.raises(InvalidSpec, match=r"steps for 'former', .* Known: .*'renamed'"):
        evolving(**{which: {"former": {2: double}}}).fields  # noqa: B018
    with pytest.raises(InvalidSpec, match="steps for 3, and Record has no such attribute"):
        evolving(**{which: {3: {2: double}}}).fields  # noqa: B018


def test_a_renamed_module_stays_stored_under_its_first_name():
    assert (StatusSpec("new", Record).formerly, StatusSpec("new", Record).stored_module) == ((), "new")
    once, twice = StatusSpec("new", Record, formerly="old"), StatusSpec("new", Record, formerly=["oldest", "old"])
    assert (once.formerly, once.stored_module) == (("old",), "old")
    assert (twice.formerly, twice.stored_module) == (("oldest", "old"), "oldest")


@pytest.mark.parametrize(
    ("formerly", "problem"),
    [
        ("new", "formerly has 'new', which is its name now; a module that goes back to its first name needs none"),
        (["old", "older", "old"], "formerly has 'old', which is there twice"),
        ("", "its former name '' is empty"),
        (["old", "o" * 256], "its former name 'o+ has 256 characters, and 255 fit"),
        (["old\0"], "its former name .* holds a NUL character"),
        ([5], "its former name 5 is no str but int"),
        ({"a", "b"}, "formerly={.*}: expected a name, or a list of names, the oldest first"),
        (5, "formerly=5: expected a name, or a list of names, the oldest first"),
        (None, "formerly=None: expected a name"),
        (b"old", "formerly=b'old': expected a name"),
    ],
)
def test_former_names_that_cannot_be_are_refused(formerly, problem):
    with pytest.raises(InvalidSpec, match=f"The StatusSpec of 'new' is invalid: {problem}"):
        StatusSpec("new", Record, formerly=formerly)
