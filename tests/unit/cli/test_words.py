from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure import App, StatusSpec, ValueRefused, hookimpl
from perdure.cli.examples import as_typed
from perdure.cli.words import typed


@attrs.frozen
class Words:
    text: str = ""
    number: int = 0
    anything: Any = None
    either: str | int | None = None
    counts: dict[str, int] = attrs.field(factory=dict)


@pytest.fixture(scope="module")
def status():
    plugin = ModuleType("words_plugin")

    @hookimpl
    def perdure_status_specs():
        return [StatusSpec("words", Words)]

    plugin.perdure_status_specs = perdure_status_specs
    with App.open("sqlite://", plugins=[plugin]) as app:
        yield app.scope("words").status


texts = st.text(st.characters(exclude_categories=["Cs"]))
data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=8,
)


@given(text=texts)
def test_every_text_can_be_typed(status, text):
    assert typed(status.field_named("text"), as_typed(text)) == text


@given(value=data)
def test_every_value_can_be_typed_where_any_will_do(status, value):
    assert typed(status.field_named("anything"), as_typed(value)) == value


@given(words=texts)
def test_whatever_is_typed_is_taken_or_refused_in_words(status, words):
    for name in ("text", "number", "anything", "either"):
        field = status.field_named(name)
        try:
            field.set(typed(field, words))
        except ValueRefused as error:
            refused = error
        else:
            continue
        assert name in str(refused)
        assert refused.__notes__


def test_what_is_json_wins_where_a_type_takes_both(status):
    field = status.field_named("either")
    assert [typed(field, words) for words in ("7", '"7"', "null", "x")] == [7, "7", None, "x"]
    assert json.loads(as_typed("7")) == "7"


def test_of_a_key_that_is_there_twice_no_value_is_lost(status):
    for name, words in (("counts", '{"a": 1, "a": 2}'), ("anything", '[{"b": {"a": 1, "a": 1}}]')):
        with pytest.raises(ValueRefused, match="an object of 2 keys has one of them twice"):
            typed(status.field_named(name), words)
    assert typed(status.field_named("text"), '{"a": 1, "a": 2}') == '{"a": 1, "a": 2}'


def test_of_a_type_that_takes_texts_what_fits_nothing_else_is_a_text(status):
    field = status.field_named("either")
    assert [typed(field, words) for words in ("true", "7.5", "[]")] == ["true", "7.5", "[]"]
