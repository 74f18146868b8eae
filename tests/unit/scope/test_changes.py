from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure import Change, InvalidArgument, StatusSpec, UnknownModule, UnknownStatusName, ValueCorrupt, field
from perdure.records.entry import EPOCH, moment
from perdure.scope.changes import FIRST, LAST, counted, mark_before, told, told_in, told_of_none
from perdure.scope.changeset import ChangeSet, count_in, new_id, whole_change_set
from perdure.scope.declared import DeclaredModule
from perdure.scope.policy import Policy
from perdure.store.rows import PLAIN, ChangeRow, Mark

FIRST_MICROSECOND = (FIRST - EPOCH) // timedelta(microseconds=1)
LAST_MICROSECOND = (LAST - EPOCH) // timedelta(microseconds=1)
A_DAY = 24 * 60 * 60 * 10**6


@attrs.frozen
class Record:
    count: int = 0
    renamed: int = field(default=0, stored_as="former")
    password: str = field(default="", secret=True)


SPEC = StatusSpec("now-called", Record, formerly="then-called")
DECLARED = DeclaredModule(SPEC, Policy({}, {}, 65536, None, datetime.now(UTC)), None)


def row(name="count", text="1", at=1_700_000_000_123_457, **facts):
    facts = {"encoding": PLAIN, "record_version": 1, "change_set": "c-2", "actor": "ada", "reason": "why", **facts}
    return ChangeRow("t", "then-called", name, 3, "set", text, at=at, **facts)


# --------------------------------------------------------------------------- as they are told


def test_a_row_is_told_with_declared_names_and_a_typed_value():
    assert told_in(DECLARED, row("former", "7")) == Change(
        tenant="t",
        module="now-called",
        name="renamed",
        operation="set",
        value=7,
        version=3,
        record_version=1,
        change_set="c-2",
        actor="ada",
        reason="why",
        at=datetime(2023, 11, 14, 22, 13, 20, 123457, tzinfo=UTC),
    )


def test_an_unset_has_no_value_and_no_error():
    change = told(DECLARED.names["count"], row(text=None, encoding="whatever"))
    assert (change.value, change.error) == (None, None)


@pytest.mark.parametrize(
    ("facts", "problem"), [({"text": "{"}, "count"), ({"encoding": "sealed"}, "'sealed'"), ({"at": "x"}, "'x'")]
)
def test_what_cannot_be_read_is_its_error(facts, problem):
    change = told_in(DECLARED, row(**facts))
    assert isinstance(change.error, ValueCorrupt)
    assert problem in str(change.error)
    assert change.version == 3
    with pytest.raises(ValueCorrupt):
        change.value  # noqa: B018


def test_a_name_or_module_that_nobody_declares_is_told_as_it_is_stored_and_as_a_secret():
    gone = told_in(DECLARED, row("gone", '"hunter2"'))
    assert (gone.module, gone.name, gone.secret, type(gone.error)) == ("now-called", "gone", True, UnknownStatusName)
    module = told_of_none(row(text='"hunter2"'), "then-called", UnknownModule("then-called", ()))
    assert (module.module, module.name, module.secret, type(module.error)) == ("then-called", "count", True, UnknownModule)
    assert "hunter2" not in repr([gone, module, gone.shown_value(), module.shown_value()])


@pytest.mark.parametrize(
    ("at", "told_at"),
    [
        (2**62, LAST),
        (-(2**62), FIRST),
        (LAST_MICROSECOND, LAST),
        (LAST_MICROSECOND + 1, LAST),
        (FIRST_MICROSECOND - 1, FIRST),
        (1e300, LAST),
        (-1e300, FIRST),
        ("x", LAST),
        (b"x", LAST),
    ],
)
def test_a_time_that_is_none_is_told_as_the_end_at_which_it_is(at, told_at):
    for change in (told_in(DECLARED, row(at=at)), told_in(DECLARED, row("gone", at=at))):
        assert change.at == told_at


# --------------------------------------------------------------------------- where a page begins


def test_a_page_begins_with_the_latest_unless_it_is_said_where():
    assert mark_before(None, "t") is None


@given(st.integers(FIRST_MICROSECOND + A_DAY, LAST_MICROSECOND - A_DAY), st.integers(-12, 14))
def test_a_time_is_exact_to_the_microsecond_in_any_zone(at, hours):
    assert mark_before(moment(at).astimezone(timezone(timedelta(hours=hours))), "t") == Mark(at, "", "", 0)


@pytest.mark.parametrize("at", [0, 2**62, -(2**63), 2**63 - 1, "x", 1e300, LAST_MICROSECOND])
@pytest.mark.parametrize("name", ["former", "gone"])
def test_a_change_is_found_again_where_it_is_stored_whatever_is_told_of_it(at, name):
    assert mark_before(told_in(DECLARED, row(name, at=at)), "t", "then-called") == Mark(at, "then-called", name, 3)


def test_a_change_of_an_unknown_module_is_found_where_it_is_stored():
    leftover = told_of_none(row("renamed", at=5)._replace(module="gone"), "gone", UnknownModule("gone", ()))
    assert mark_before(leftover, "t") == Mark(5, "gone", "renamed", 3)


@pytest.mark.parametrize(("tenant", "module"), [("other", "then-called"), ("t", "another")])
def test_a_change_of_another_history_is_refused(tenant, module):
    with pytest.raises(InvalidArgument, match=r"before=Change.*: expected a Change "):
        mark_before(told_in(DECLARED, row()), tenant, module)


def test_a_change_that_came_from_no_history_is_refused():
    with pytest.raises(InvalidArgument, match="returned by a history"):
        mark_before(attrs.evolve(told_in(DECLARED, row()), mark=None), "t")


@pytest.mark.parametrize("before", [0, 3, True, "3", 1.0, datetime.now()])  # noqa: DTZ005 - it is to be refused
def test_what_is_no_place_in_a_history_is_refused(before):
    with pytest.raises(InvalidArgument, match="a Change of this history, or an aware datetime"):
        mark_before(before, "t")


@pytest.mark.parametrize("given", [True, False, -1, 1.0, "1", None])
def test_what_is_no_count_is_refused(given):
    with pytest.raises(InvalidArgument, match=r"limit=.+: expected an int of 0 or more"):
        counted("limit", given)


def test_a_count_has_a_least():
    assert (counted("limit", 0), counted("limit", 1, least=1)) == (0, 1)
    with pytest.raises(InvalidArgument, match="an int of 1 or more"):
        counted("limit", 0, least=1)


# --------------------------------------------------------------------------- change sets


@given(st.integers(0, 10**9 - 1))
def test_the_id_of_a_change_set_tells_how_many_names_it_has(count):
    id_ = new_id(count)
    assert count_in(id_) == count
    assert len(id_) <= 64
    assert id_ != new_id(count)


@pytest.mark.parametrize("id_", ["", "-", "a", "a-", "a-b", "a-²", "a--", "a-1.5", "a-" + "9" * 5000])
def test_an_id_of_somebody_elses_tells_no_count(id_):
    assert count_in(id_) == 0


def test_a_change_set_is_whole_or_unknown():
    rows = [row(), row("former")]
    assert whole_change_set("t", "m", "c-2", rows) == rows
    assert whole_change_set("t", "m", "an-older-id", rows) == rows
    for id_, found in (("c-3", rows), ("c-0", []), ("unknown", [])):
        with pytest.raises(LookupError) as raised:
            whole_change_set("t", "m", id_, found)
        assert (raised.value.kept, raised.value.made) == (len(found), count_in(id_))


def test_a_change_set_is_a_mapping_that_nobody_writes_to():
    made = ChangeSet("c-1", {"count": None})
    assert (dict(made), len(made), "count" in made, made["count"]) == ({"count": None}, 1, True, None)
    with pytest.raises(TypeError):
        made["count"] = 1
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        made.id = "c-2"
