"""What a record says of one name: the `field()` that a module's author writes, and the `FieldSpec` that is read from it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perdure.codes.lifecycle import Lifecycle

METADATA_KEY = "perdure"
"""Where the options of `field()` lie in an attribute's metadata."""

MASK = "•••"
"""What stands for a secret wherever it would be shown."""


@attrs.frozen
class FieldOptions:
    """What `field()` adds to an attribute; for a dataclass, put one under `"perdure"` in `dataclasses.field(metadata=…)`.

    Attributes:
        secret: Whether the value is masked wherever it would be shown.
        stored_as: The name in the table, where it is not the attribute's own.
        history: How many changes of this name are kept, where it is not as many as the spec says; 0 keeps none.
        description: What the name is for, in a sentence.
        lifecycle: How the value, a status code, may move.
    """

    secret: bool = False
    stored_as: str | None = None
    history: int | None = None
    description: str = ""
    lifecycle: type[Lifecycle] | None = None


def field(  # noqa: PLR0913 - each is given by name
    *,
    secret: bool = False,
    lifecycle: type[Lifecycle] | None = None,
    stored_as: str | None = None,
    history: int | None = None,
    description: str = "",
    metadata: Mapping[Any, Any] | None = None,
    **attrs_arguments: Any,
) -> Any:
    """Declare one name of a record, as `attrs.field` does, with what only a status needs to know.

    Args:
        secret: Mask the value in repr, errors, logs and listings.
        lifecycle: How the value may move; the attribute is annotated `StatusCode`. Every write obeys it.
        stored_as: The name in the table. A renamed attribute keeps its values by naming its former name here.
        history: How many changes of this name are kept; None means as many as the spec says, 0 none.
        description: What the name is for, in a sentence; shown by the command line.
        metadata: As for `attrs.field`; what is given stays beside what perdure adds.
        attrs_arguments: Everything else `attrs.field` takes: `default`, `factory`, `validator`, `converter`, ….

    Returns:
        What `attrs.field` returns, to be assigned in the body of an attrs class.
    """
    options = FieldOptions(secret, stored_as, history, description, lifecycle)
    if secret:
        attrs_arguments.setdefault("repr", masked)
    return attrs.field(metadata={**(metadata or {}), METADATA_KEY: options}, **attrs_arguments)


def masked(_value: object) -> str:
    """Return what stands for a secret in the repr of a record."""
    return MASK


@attrs.frozen
class FieldSpec:
    """One name of a record, as perdure reads it.

    Attributes:
        name: The attribute's name: what `get` and `set` are called with.
        argument: What the record's constructor calls it.
        annotation: Its declared type, resolved.
        default: Its declared default, an `attrs.Factory` of one, or `attrs.NOTHING`.
        converter: What attrs applies to a value of the declared type, or None.
        validator: What attrs calls with (record, attribute, value), or None.
        attribute: What attrs or dataclasses know of it.
        stored_name: Its name in the table.
        secret: Whether the value is masked wherever it would be shown.
        history: How many changes of it are kept, or None for as many as the spec says.
        description: What it is for, in a sentence.
        lifecycle: How its value may move, as the lifecycle is written, or None.
    """

    name: str
    argument: str
    annotation: Any
    default: Any = attrs.field(repr=False)  # a secret's may be one
    converter: Any
    validator: Callable[[Any, Any, Any], Any] | None
    attribute: Any = attrs.field(repr=False)
    stored_name: str
    secret: bool
    history: int | None
    description: str
    lifecycle: type[Lifecycle] | None

    @classmethod
    def of(cls, attribute: attrs.Attribute[Any] | dataclasses.Field[Any], annotation: Any) -> FieldSpec:
        """Read one attribute of an attrs class or dataclass whose declared type resolves to `annotation`."""
        options: FieldOptions = attribute.metadata.get(METADATA_KEY) or FieldOptions()
        if isinstance(attribute, dataclasses.Field):
            argument, default, converter, validator = attribute.name, dataclass_default(attribute), None, None
        else:
            argument, default = attribute.alias or attribute.name, attribute.default
            converter, validator = attribute.converter, attribute.validator
        return cls(
            name=attribute.name,
            argument=argument,
            annotation=annotation,
            default=default,
            converter=converter,
            validator=validator,
            attribute=attribute,
            stored_name=attribute.name if options.stored_as is None else options.stored_as,
            secret=options.secret,
            history=options.history,
            description=options.description,
            lifecycle=options.lifecycle,
        )

    @property
    def has_default(self) -> bool:
        """Whether the record declares a default."""
        return self.default is not attrs.NOTHING

    def make_default(self) -> Any:
        """Return the declared default, a new one where a factory makes it."""
        return self.default.factory() if isinstance(self.default, attrs.Factory) else self.default  # type: ignore[arg-type]


def dataclass_default(attribute: dataclasses.Field[Any]) -> Any:
    """Return a dataclass field's default in the terms of attrs."""
    if attribute.default_factory is not dataclasses.MISSING:
        return attrs.Factory(attribute.default_factory)
    return attrs.NOTHING if attribute.default is dataclasses.MISSING else attribute.default
