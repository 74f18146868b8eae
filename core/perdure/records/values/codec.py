"""The codec of one name: from what a caller gives to JSON text, and back, exactly."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from perdure.records.values.fieldrules import FieldRules
from perdure.records.values.intake import INTAKE, LOST
from perdure.records.values.jsonform import EXPLAINING, JSON
from perdure.records.values.jsontext import from_text, to_text
from perdure.records.values.mismatch import Flaw, Mismatch, TooDeep, explain
from perdure.records.values.support import is_immutable, refuse_unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure.records.fields import FieldSpec

__all__ = ["Codec", "Mismatch"]

T = TypeVar("T")

MAKING = RLock()
"""Held while hooks are made: the converters are shared, and know by what is in the making that a type is recursive."""


@attrs.frozen(eq=False)
class Codec(Generic[T]):
    """Checks, writes and reads the values of one name.

    What is read equals what was accepted, and is of the same type. Of an aware datetime that means its instant and its UTC
    offset; the name of its time zone is not kept.

    Attributes:
        name: The status name, with which every path begins.
        annotation: The declared type.
        secret: Whether problems must not show the value.
        immutable: Whether a decoded value may be handed out again to another caller.
        rules: The field's own converter and validators.
        own: Puts the application's own object in place of an equal one: the status code with its description; or None.
    """

    name: str
    annotation: Any
    secret: bool
    immutable: bool
    rules: FieldRules
    take: Callable[[Any], Any]
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    own: Callable[[Any], Any] | None = None

    @classmethod
    def of(cls, module: str, field: FieldSpec, own: Callable[[Any], Any] | None = None) -> Codec[Any]:
        """Make the codec of a field.

        Args:
            module: The module whose record it is.
            field: The field.
            own: Puts the application's own object in place of an equal one.

        Raises:
            UnsupportedType: The declared type, or a part of it, cannot be kept.
        """
        declared = field.annotation
        with MAKING:
            refuse_unsupported(module, field.name, declared)
            return cls(
                name=field.name,
                annotation=declared,
                secret=field.secret,
                immutable=is_immutable(declared),
                rules=FieldRules.of(field),
                take=INTAKE.get_structure_hook(declared),
                write=JSON.get_unstructure_hook(declared),
                read=JSON.get_structure_hook(declared),
                own=own,
            )

    def accept(self, value: object) -> T:
        """Return what will be read once `value` is written.

        The value is written and read once here, so that nothing is stored that comes back as something else.

        Raises:
            Mismatch: The value is not of the declared type, is refused by the field's validator, or would not come back.
        """
        try:
            text = to_text(self.write(self.ruled(self.take(value))))
            accepted = self.ruled(self.read(from_text(text)))
            refuse_loss(text, to_text(self.write(accepted)))
        except (Exception, TooDeep) as error:  # noqa: BLE001 - validators and converters raise anything
            mismatch = explain(error, self.name, secret=self.secret)
        else:
            return accepted
        raise mismatch  # outside of the except block, so that no traceback shows a secret

    def encode(self, value: T) -> str:
        """Return the JSON text of a value that `accept` has returned."""
        return to_text(self.write(value))

    def decode(self, text: str) -> T:
        """Return the value that a JSON text holds.

        Raises:
            Mismatch: The text is not JSON, does not fit the declared type, or is refused by the field's validator.
        """
        try:
            return self.ruled(self.read(from_text(text)))
        except (Exception, TooDeep):  # noqa: BLE001, S110 - read again below, slowly, to tell where
            pass
        raise self.explained(text)

    def ruled(self, value: Any) -> T:
        """Return a value as the field's converter and validators leave it."""
        rules = self.rules
        if rules.converter is not None:
            value = self.take(rules.convert(value))
        if rules.validators:
            rules.validate(value)
        accepted: T = value if self.own is None else self.own(value)
        return accepted

    def explained(self, text: str) -> Mismatch:
        """Return what is wrong with a text that could not be read."""
        with MAKING:
            read = EXPLAINING.get_structure_hook(self.annotation)
        try:
            self.ruled(read(from_text(text)))
        except (Exception, TooDeep) as error:  # noqa: BLE001 - validators and converters raise anything
            return explain(error, self.name, secret=self.secret)
        return Mismatch(self.name, "it could not be read, and then it could: a converter or validator is not steady")


def refuse_loss(written: str, again: str) -> None:
    """Refuse a value whose text is another one after it was read."""
    if written != again:
        raise Flaw(LOST, LOST)
