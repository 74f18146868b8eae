"""A field's own converter and validators run on a single value, both ways, as far as they need no record."""

import attrs
import pytest
from attrs import validators

from perdure.records.fields import FieldSpec, field
from perdure.records.values.codec import Codec, Mismatch


def codec_of(declared, **arguments):
    record = attrs.make_class("Record", {"x": field(**arguments)})
    return Codec.of("demo", FieldSpec.of(attrs.fields(record).x, declared))


def test_a_validator_runs_both_ways():
    codec = codec_of(int, validator=validators.ge(0))
    assert codec.accept(1).value == 1
    for attempt in (lambda: codec.accept(-1), lambda: codec.decode("-1")):
        with pytest.raises(Mismatch, match=r"^x: 'x' must be >= 0: -1$"):
            attempt()


def test_a_converter_runs_both_ways_between_two_checks_of_the_type():
    codec = codec_of(str, converter=str.strip)
    assert codec.accept(" a ").value == "a"
    assert codec.decode('" a "') == "a"
    with pytest.raises(Mismatch, match=r"^x: expected str, got 5 \(int\)$"):
        codec.accept(5)
    with pytest.raises(Mismatch, match=r"^x: expected str, got 1 \(int\)$"):
        codec_of(str, converter=len).accept("a")


def test_the_validator_sees_what_the_converter_made():
    assert codec_of(str, converter=str.lower, validator=validators.in_(["a"])).accept("A").value == "a"


def test_a_converter_whose_result_it_would_convert_again_is_refused():
    with pytest.raises(Mismatch, match="survive"):
        codec_of(int, converter=lambda n: n + 1).accept(1)


@pytest.mark.parametrize(
    "converter",
    [
        attrs.Converter(lambda value: value * 1),
        attrs.Converter(lambda value, attribute: value if attribute.name == "x" else 0, takes_field=True),
        attrs.Converter(lambda value, _record: value, takes_self=True),
        attrs.Converter(lambda value, _record, _attribute: value, takes_self=True, takes_field=True),
        attrs.converters.pipe(attrs.converters.optional(int), int),
    ],
)
def test_converters_of_attrs_are_called_as_attrs_does(converter):
    assert codec_of(int, converter=converter).accept(3).value == 3


def test_a_converter_that_needs_the_record_is_left_out():
    codec = codec_of(int, converter=attrs.Converter(lambda value, record: value + record.other, takes_self=True))
    assert codec.accept(3).value == 3


def below_high(record, _attribute, value):
    try:
        too_high = value >= record.high
    except Exception:  # noqa: BLE001 - a validator that swallows too much
        raise ValueError("swallowed") from None
    if too_high:
        raise ValueError("too high")


def test_a_validator_that_needs_the_record_is_left_out_and_the_others_run():
    codec = codec_of(int, validator=[below_high, validators.ge(0)])
    assert codec.accept(5).value == 5
    with pytest.raises(Mismatch, match="must be >= 0"):
        codec.accept(-1)


def test_a_validator_that_writes_to_the_record_is_left_out():
    def writes(record, _attribute, value):
        record.seen = value

    assert codec_of(int, validator=writes).accept(5).value == 5


def test_a_message_is_told_without_the_arguments_of_the_exception():
    with pytest.raises(Mismatch) as caught:
        codec_of(int | str, validator=validators.instance_of(int)).accept("a")
    assert caught.value.problem == "'x' must be <class 'int'> (got 'a' that is a <class 'str'>)"


def test_an_exception_without_a_message_is_told_by_its_type():
    def refuse(_record, _attribute, _value):
        raise LookupError

    with pytest.raises(Mismatch, match=r"^x: LookupError$"):
        codec_of(int, validator=refuse).accept(1)


def test_an_unsteady_validator_is_told():
    answers = iter([False, True])

    def unsteady(_record, _attribute, _value):
        if not next(answers):
            raise ValueError("now not")

    with pytest.raises(Mismatch, match="not steady"):
        codec_of(int, validator=unsteady).decode("1")
