from __future__ import annotations

from datetime import UTC, datetime

import pytest

from perdure import Entry, ValueCorrupt
from perdure.records.entry import moment


def entry(**facts):
    return Entry("visits", 3, 2, 1, moment(0), moment(1), "ada", module="m", tenant="", **facts)


def test_a_moment_is_exact_to_the_microsecond():
    assert moment(1_700_000_000_123_457) == datetime(2023, 11, 14, 22, 13, 20, 123457, tzinfo=UTC)


def test_an_entry_shows_what_matters():
    assert repr(entry()) == "Entry(name='visits', value=3, version=2, actor='ada', module='m')"


def test_a_secret_is_masked():
    assert "value='•••'" in repr(entry(secret=True))


def test_a_damaged_entry_shows_why_and_raises_when_its_value_is_asked_for():
    damaged = entry(error=ValueCorrupt("", "m", "visits", "visits", "expected int"))
    assert "ValueCorrupt" in repr(damaged)
    with pytest.raises(ValueCorrupt):
        damaged.value  # noqa: B018
