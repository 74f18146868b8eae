"""Text goes from one record version to another by the steps of its name, and what fails in them is told plainly."""

from __future__ import annotations

import json
import traceback

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure import StatusSpec, field
from perdure.records.evolution import Evolution
from perdure.records.values.codec import Mismatch

DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(), part, max_size=3),
    max_leaves=8,
)


@attrs.frozen
class Record:
    x: str
    y: int = 0
    key: str = field(secret=True, default="")


def evolution(name="x", **arguments):
    spec = StatusSpec("m", Record, **arguments)
    return Evolution.of(spec, spec.fields[name])


def upgrading(step, name="x"):
    return evolution(name, record_version=2, upgrades={name: {1: step}})


def downgrading(step, name="x"):
    return evolution(name, record_version=2, write_version=1, downgrades={name: {2: step}})


def add(tag):
    return lambda data: [*data, tag]


def drop(tag):
    def step(data):
        assert data.pop() == tag
        return data

    return step


def text_of(data):
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def nested(depth):
    data = []
    for _ in range(depth - 1):
        data = [data]
    return data


def test_it_is_read_from_the_spec():
    spec = StatusSpec("m", Record, record_version=3, write_version=2, downgrades={"key": {3: str}}, upgrades={"key": {2: str}})
    of_key, of_x = (Evolution.of(spec, spec.fields[name]) for name in ("key", "x"))
    assert (of_key.name, of_key.reads, of_key.writes, of_key.secret) == ("key", 3, 2, True)
    assert (of_key.upgrades, of_key.downgrades) == ({2: str}, {3: str})
    assert (of_x.upgrades, of_x.downgrades, of_x.secret) == ({}, {}, False)


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_what_no_step_leads_from_is_the_same_text_that_nobody_looks_into(version):
    text = "no JSON at all"
    assert evolution("y", record_version=4, upgrades={"x": {1: str}}).upgraded(text, version) is text
    if version > 1:
        assert evolution(record_version=4, upgrades={"x": {1: str}}).upgraded(text, version) is text


def test_what_no_step_leads_to_is_the_same_text_that_nobody_looks_into():
    text = "no JSON at all"
    assert evolution(record_version=3, write_version=1).downgraded(text) is text
    assert evolution(record_version=3, write_version=2, downgrades={"x": {2: str}}).downgraded(text) is text
    assert evolution(record_version=3, downgrades={"x": {2: str, 3: str}}).downgraded(text) is text


def test_steps_are_taken_from_the_stored_version_on_in_order_and_versions_may_be_left_out():
    upgrades = {"x": {4: add(4), 1: add(1), 2: add(2)}}
    steps = evolution(record_version=5, upgrades=upgrades)
    assert [steps.upgraded("[]", version) for version in (1, 2, 3, 4, 5)] == ["[1,2,4]", "[2,4]", "[4]", "[4]", "[]"]


def test_steps_back_end_at_the_version_that_is_written():
    downgrades = {"x": {2: add(2), 5: add(5), 3: add(3)}}
    found = [evolution(record_version=5, write_version=n, downgrades=downgrades).downgraded("[]") for n in (1, 2, 3, 4, 5)]
    assert found == ["[5,3,2]", "[5,3]", "[5]", "[5]", "[]"]


def test_the_distance_between_two_versions_costs_nothing():
    steps = evolution(record_version=2**31 - 1, write_version=1, upgrades={"x": {1: add(1)}}, downgrades={"x": {2: drop(1)}})
    assert steps.downgraded(steps.upgraded("[]", 1)) == "[]"


@given(data=DATA, versions=st.sets(st.integers(1, 7)), writes=st.integers(1, 8))
def test_up_and_down_again_is_where_it_began(data, versions, writes):
    steps = evolution(
        record_version=8,
        write_version=writes,
        upgrades={"x": {n: lambda data, n=n: {"from": n, "was": data} for n in versions}},
        downgrades={"x": {n + 1: lambda data: data["was"] for n in versions}},
    )
    text = text_of(data)
    newest = steps.upgraded(text, writes)
    assert steps.downgraded(newest) == text
    assert json.loads(newest) == wrapped(data, sorted(n for n in versions if n >= writes))


def wrapped(data, versions):
    for n in versions:
        data = {"from": n, "was": data}
    return data


@given(DATA)
def test_a_step_gets_what_json_loads_gives(data):
    got = []
    steps = upgrading(lambda data: got.append(data) or data)
    assert steps.upgraded(text_of(data), 1) == text_of(data)
    assert got == [data]


def test_what_a_step_keeps_is_safe_from_the_next_one():
    kept = ["kept"]
    steps = evolution(record_version=3, upgrades={"x": {1: lambda _data: kept, 2: lambda data: data.append("more") or data}})
    assert [steps.upgraded("0", 1) for _ in range(2)] == ['["kept","more"]'] * 2
    assert kept == ["kept"]


def test_what_a_step_gives_is_text_as_every_other_value():
    assert upgrading(lambda data: (data, "é")).upgraded("1.0", 1) == '[1.0,"é"]'
    assert upgrading(lambda data: {1: data}).upgraded("1", 1) == '{"1":1}'


@pytest.mark.parametrize("version", [0, -1])
def test_a_version_below_the_first_is_damage_with_steps_or_without(version):
    for steps in (evolution(), upgrading(add(1))):
        with pytest.raises(Mismatch) as raised:
            steps.upgraded("[]", version)
        assert str(raised.value) == f"x: it is stored in record version {version}, and the first is 1"


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("an exception that cannot say what it is")


def failing(error):
    def step(_data):
        raise error

    return step


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        (lambda data: data["x"], "failed: KeyError: 'x'"),
        (failing(ValueError()), "failed: ValueError"),
        (failing(Mute()), "failed: Mute"),
        (failing(ValueError("a" * 1000)), f"failed: ValueError: {'a' * 299}…"),
        (lambda _data: {1, 2}, "gave what cannot be kept: TypeError: Object of type set is not JSON serializable"),
        (lambda _data: {(1, 2): 3}, "gave what cannot be kept: TypeError: keys must be str, int, float, bool or None, not tuple"),
        (
            lambda _data: {1: "a", "1": "b"},
            "gave what cannot be kept: two keys of an object become one, since JSON knows no keys but strings",
        ),
        (lambda _data: "\ud800", "gave what cannot be kept: it holds a lone surrogate, which is no character"),
        (lambda _data: nested(65), "gave what cannot be kept: it is nested too deeply"),
    ],
)
def test_what_fails_in_a_step_is_told_with_the_version_that_it_is_from(step, problem):
    for act, which in (
        (lambda: upgrading(step).upgraded("{}", 1), "upgrade from record version 1"),
        (lambda: downgrading(step).downgraded("{}"), "downgrade from record version 2"),
    ):
        with pytest.raises(Mismatch) as raised:
            act()
        assert (raised.value.path, raised.value.problem) == ("x", f"its {which} {problem}")
        assert (raised.value.__cause__, raised.value.__context__) == (None, None)


@pytest.mark.parametrize(
    "data", [float("nan"), float("inf"), 10**5000, nested(100_000), b"bytes", object()], ids=lambda data: type(data).__name__
)
def test_what_is_no_json_is_not_kept(data):
    with pytest.raises(Mismatch, match="its upgrade from record version 1 gave what cannot be kept"):
        upgrading(lambda _data: data).upgraded("1", 1)


def test_what_contains_itself_is_not_kept():
    around = []
    around += [around, around]
    with pytest.raises(Mismatch, match="gave what cannot be kept: ValueError: Circular reference detected"):
        upgrading(lambda _data: around).upgraded("1", 1)


def test_as_deep_as_a_value_may_be_is_not_too_deep():
    assert upgrading(lambda _data: nested(64)).upgraded("1", 1) == text_of(nested(64))


def test_a_step_without_end_fails():
    def endless(data):
        return endless(data)

    with pytest.raises(Mismatch, match="its upgrade from record version 1 failed: RecursionError"):
        upgrading(endless).upgraded("1", 1)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "it is not JSON: Expecting property name enclosed in double quotes at character 1"),
        ("[NaN]", "it is not JSON: NaN is no JSON number"),
        ("[" * 100_000, "it is nested too deeply, or contains itself"),
    ],
)
def test_a_damaged_text_is_told_of_as_such(text, problem):
    with pytest.raises(Mismatch) as raised:
        upgrading(add(1)).upgraded(text, 1)
    assert raised.value.problem == problem


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_to_end_the_process_passes(stop):
    with pytest.raises(stop):
        upgrading(failing(stop())).upgraded("1", 1)


# --------------------------------------------------------------------------- secrets


def reveal(data):
    raise ValueError(f"{data} is refused")


def reveal_chained(data):
    try:
        reveal(data)
    except ValueError as error:
        raise LookupError(data) from error


SECRETS = [
    (reveal, '"hunter2"', "its {} failed (ValueError)"),
    (reveal_chained, '"hunter2"', "its {} failed (LookupError)"),
    (lambda data: {(data,): 1}, '"hunter2"', "its {} gave what cannot be kept (TypeError)"),
    (lambda data: data + "\ud800", '"hunter2"', "its {} gave what cannot be kept: it holds a lone surrogate"),
    (str, '"hunter2', "it is not JSON"),
    (str, '{"hunter2":1e999}', "it holds a float that is not finite"),
]


@pytest.mark.parametrize(("step", "text", "problem"), SECRETS)
def test_a_secret_is_shown_neither_by_what_failed_nor_by_its_chain(step, text, problem):
    for act, which in (
        (lambda: upgrading(step, "key").upgraded(text, 1), "upgrade from record version 1"),
        (lambda: downgrading(step, "key").downgraded(text), "downgrade from record version 2"),
    ):
        with pytest.raises(Mismatch) as raised:
            act()
        assert (raised.value.path, raised.value.problem) == ("key", problem.format(which))
        assert (raised.value.__cause__, raised.value.__context__) == (None, None)
        assert "hunter2" not in "".join(traceback.format_exception(raised.value))


def test_the_control_shows_what_is_no_secret():
    with pytest.raises(Mismatch, match="hunter2 is refused"):
        upgrading(reveal).upgraded('"hunter2"', 1)
