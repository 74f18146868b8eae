"""What attrs would apply to one field: its converter and its validators, as far as they get by without the whole record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure.records.fields import FieldSpec


class RecordNeeded(BaseException):
    """A validator or converter asks for the record, and there is only one value.

    No `Exception`, so that `except Exception` in a validator does not take it for a failure of its own.
    """


class AbsentRecord:
    """What stands for the record where a single value is checked."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> NoReturn:
        """Refuse to be read."""
        raise RecordNeeded(name)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse to be changed."""
        raise RecordNeeded(name)


ABSENT = AbsentRecord()


@attrs.frozen
class FieldRules:
    """The converter and the validators of one field.

    Attributes:
        converter: The converter, or None.
        validators: The validators, each on its own: one that needs the record does not keep the others from running.
        attribute: What they are told of the field.
    """

    converter: Any
    validators: tuple[Callable[[Any, Any, Any], Any], ...]
    attribute: Any

    @classmethod
    def of(cls, field: FieldSpec) -> FieldRules:
        """Read the rules of a field; several validators come from attrs as one that holds them."""
        validators = () if field.validator is None else getattr(field.validator, "_validators", (field.validator,))
        return cls(field.converter, tuple(validators), field.attribute)

    def convert(self, value: Any) -> Any:
        """Return what the converter makes of a value; the value itself where the converter needs the record."""
        convert: Any = self.converter
        if not isinstance(self.converter, attrs.Converter):
            return convert(value) if convert else value
        try:
            return convert(value, ABSENT, self.attribute)
        except RecordNeeded:
            return value

    def validate(self, value: Any) -> None:
        """Call each validator; one that needs the record is left to `load`, which builds it."""
        for validator in self.validators:
            try:
                validator(ABSENT, self.attribute, value)
            except RecordNeeded:
                continue
