from __future__ import annotations

import dataclasses

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
