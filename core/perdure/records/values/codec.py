"""The codec of one name: from what a caller gives to JSON text, and back, exactly."""

from __future__ import annotations

import os
from threading import RLock
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import attrs

from perdure.records.values.fieldrules import FieldRules
from perdure.records.values.intake import INTAKE, LOST
from perdure.records.values.jsonform import EXPLAINING, JSON
from perdure.records.values.jsontext import from_text, to_text
from perdure.records.values.mismatch import Flaw, Mismatch, TooDeep, explain
from perdure.records.values.support import is_immutable, refuse_unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from perdure.records.fields import FieldSpec

__all__ = ["Codec", "Mismatch"]

T = TypeVar("T")


class Accepted(NamedTuple):
    """A value that fits.

    Attributes:
        value: The value as it will be read.
        text: Its JSON text.
    """

    value: Any
    text: str


DEEPEST = 64
"""How many objects and arrays may lie in one another."""

PLAIN = frozenset({bool, int, str, type(None)})
"""What has one text only."""

NOWHERE = object()
"""Stands for a key that is not there."""

MAKING = RLock()
"""Held while hooks are made: the converters are shared, and know by what is in the making that a type is recursive."""

# Held over a fork too, or a child would inherit it from a thread that it does not have, and wait for that for ever.
os.register_at_fork(before=MAKING.acquire, after_in_parent=MAKING.release, after_in_child=MAKING.release)


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

    def accept(self, value: object) -> Accepted:
        """Return what will be read once `value` is written, with its text.

        The value is written and read once here, so that nothing is stored that comes back as something else.

        Raises:
            Mismatch: The value is not of the declared type, is refused by the field's validator, or would not come back.
        """
        try:
            data = self.write(self.ruled(self.take(value)))
            refuse_depth(data)
            text = to_text(data)
            accepted = self.ruled(self.read(from_text(text)))
            refuse_loss(data, text, self.write(accepted))
        except (Exception, TooDeep) as error:  # noqa: BLE001 - validators and converters raise anything
            mismatch = explain(error, self.name, secret=self.secret)
        else:
            return Accepted(accepted, text)
        raise mismatch  # outside of the except block, so that no traceback shows a secret

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

    def text(self, value: T) -> str:
        """Return the JSON text of a value that was read."""
        return to_text(self.write(value))

    def unknown_key(self, text: str, value: T) -> str | None:
        """Return the path of a key that a text has and its value, written again, would not: newer code has added it; or None."""
        return missing_key(from_text(text), self.write(value), self.name)

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


def refuse_depth(data: Any) -> None:
    """Refuse data that is nested more deeply than every reader can follow, wherever on its stack it is."""
    level, depth = [data] if isinstance(data, dict | list) else [], 0
    while level:
        level = [
            part
            for whole in level
            if isinstance(whole, dict | list)
            for part in (whole.values() if isinstance(whole, dict) else whole)
        ]
        depth += 1
        if depth > DEEPEST:
            raise TooDeep


def missing_key(old: Any, new: Any, path: str) -> str | None:
    """Return the path of the first key of `old` that `new` lacks, or None."""
    if isinstance(old, dict) and isinstance(new, dict):
        steps: Iterable[tuple[str, Any, Any]] = ((f"{path}.{key}", part, new.get(key, NOWHERE)) for key, part in old.items())
    elif isinstance(old, list) and isinstance(new, list):
        steps = ((f"{path}[{index}]", *parts) for index, parts in enumerate(zip(old, new, strict=False)))
    else:
        return None
    for step, part, again in steps:
        if again is NOWHERE:
            return step
        if found := missing_key(part, again, step):
            return found
    return None


def refuse_loss(data: Any, text: str, again: Any) -> None:
    """Refuse a value whose text is another one after it was read.

    Args:
        data: What was written.
        text: Its text.
        again: What is written of what was read.
    """
    if again.__class__ is data.__class__ and data.__class__ in PLAIN and again == data:
        return  # as their texts are, which take longer to make
    if to_text(again) != text:
        raise Flaw(LOST, LOST)
