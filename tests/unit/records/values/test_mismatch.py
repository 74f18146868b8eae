"""Problems show what came, cut to a line, and nothing of a secret."""

import traceback

import attrs
import pytest

from perdure.records.fields import FieldSpec, field
from perdure.records.values.codec import Codec, Mismatch


@attrs.frozen
class Login:
    user: str
    password: str


def codec_of(declared, **arguments):
    record = attrs.make_class("Record", {"x": field(**arguments)})
    return Codec.of("demo", FieldSpec.of(attrs.fields(record).x, declared))


def no_such_value(_record, _attribute, value):
    raise ValueError(f"hunter2 is refused: {value}")


SECRETS = [
    (int, "hunter2", '"hunter2"', "expected int, got a secret (str)"),
    (Login, {"user": "a", "password": 5}, '{"user":"a","password":5}', "expected str, got a secret (int)"),
    (dict[str, int], {"hunter2": "a"}, '{"hunter2":"a"}', "expected int, got a secret (str)"),
    (dict[int, int], {"hunter2": 1}, '{"hunter2":1}', None),
]


@pytest.mark.parametrize(("declared", "given", "text", "problem"), SECRETS)
def test_a_secret_is_shown_neither_on_its_way_in_nor_out(declared, given, text, problem):
    codec = codec_of(declared, secret=True)
    for attempt in (lambda: codec.accept(given), lambda: codec.decode(text)):
        with pytest.raises(Mismatch) as caught:
            attempt()
        assert caught.value.path == "x"
        assert problem in (None, caught.value.problem)
        assert "hunter2" not in "".join(traceback.format_exception(caught.value))
        assert caught.value.__context__ is None


def test_no_message_of_others_is_shown_of_a_secret():
    codec = codec_of(str, secret=True, validator=no_such_value)
    for attempt in (lambda: codec.accept("hunter2"), lambda: codec.decode('"hunter2"')):
        with pytest.raises(Mismatch, match=r"^x: it was refused \(ValueError\)$"):
            attempt()


def test_unknown_keys_and_broken_text_of_a_secret_are_not_shown():
    codec = codec_of(Login, secret=True)
    with pytest.raises(Mismatch, match=r"^x: unknown key$"):
        codec.accept({"user": "a", "password": "b", "hunter2": 1})
    with pytest.raises(Mismatch, match=r"^x: it is not JSON$"):
        codec.decode("hunter2")


def test_long_values_and_messages_are_cut():
    with pytest.raises(Mismatch) as caught:
        codec_of(int).accept("a" * 1000)
    assert caught.value.problem == f"expected int, got '{'a' * 78}… (str)"
    with pytest.raises(Mismatch) as caught:
        codec_of(str, validator=no_such_value).accept("a" * 1000)
    assert len(caught.value.problem) == 300


def test_a_value_whose_repr_fails_is_told_all_the_same():
    class Shy:
        def __repr__(self):
            raise RuntimeError

    with pytest.raises(Mismatch, match=r"^x: expected int, got a value whose repr raises RuntimeError \(Shy\)$"):
        codec_of(int).accept(Shy())
