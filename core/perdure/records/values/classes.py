"""What declares fields (attrs, dataclasses, NamedTuple, TypedDict): what their constructors take, every type variable bound."""

from __future__ import annotations

import dataclasses
import inspect
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, get_args, get_origin, get_type_hints

import attrs

from perdure.records.values.shapes import plain, substituted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@attrs.frozen
class Part:
    """One field of a class, or one key of a TypedDict.

    Attributes:
        name: Its name, in the class and in JSON.
        argument: What the constructor calls it.
        type: Its declared type, in its one spelling.
        required: Whether it has no default.
    """

    name: str
    argument: str
    type: Any
    required: bool


@cache  # asked for several times on the way to a class's hooks, which are kept as long
def parts_of(shape: Any) -> tuple[Part, ...]:
    """Return what a class is made of.

    Raises:
        NameError: An annotation names what does not exist where the class is defined.
    """
    cls = get_origin(shape) or shape
    hints = field_types(cls, get_args(shape))
    fields = typed_dict_keys(cls, hints) if issubclass(cls, dict) else constructor_fields(cls)
    return tuple(
        Part(name, argument, plain(hints.get(name, inspect.Parameter.empty)), required) for name, argument, required in fields
    )


def attributes_of(parts: tuple[Part, ...]) -> list[attrs.Attribute[Any]]:
    """Return the parts as cattrs wants them; of a default it needs to know only that there is one."""
    fields = {
        part.name: attrs.field(
            type=part.type, alias=part.argument, default=attrs.NOTHING if part.required else None, kw_only=True
        )
        for part in parts
    }
    return list(attrs.fields(attrs.make_class("Parts", fields)))


def constructor_fields(cls: type) -> Iterator[tuple[str, str, bool]]:
    """Yield the name of each field, what the constructor calls it, and whether it is required."""
    if attrs.has(cls):
        for attribute in attrs.fields(cls):
            if attribute.init:
                yield attribute.name, attribute.alias or attribute.name, attribute.default is attrs.NOTHING
    elif dataclasses.is_dataclass(cls):
        for field in dataclasses.fields(cls):
            if field.init:
                yield field.name, field.name, field.default is field.default_factory is dataclasses.MISSING
    else:
        for name in cls._fields:  # type: ignore[attr-defined]
            yield name, name, name not in cls._field_defaults  # type: ignore[attr-defined]


def typed_dict_keys(cls: type, hints: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Yield the same of a TypedDict; what the hints say counts first, as Python does not look into annotations that are texts."""
    for name, hint in hints.items():
        said = getattr(get_origin(hint), "__name__", getattr(get_origin(hint), "_name", None))
        yield name, name, said == "Required" or (said != "NotRequired" and name in cls.__required_keys__)  # type: ignore[attr-defined]


def field_types(cls: type, args: tuple[Any, ...]) -> dict[str, Any]:
    """Return the declared types of a class's fields, with the type variables of each class bound as its heirs bind them."""
    bound = bindings(cls, args)
    found: dict[str, Any] = {}
    if attrs.has(cls):
        found = {each.name: each.type for each in attrs.fields(cls) if each.type is not None and not isinstance(each.type, str)}
    for each in reversed(cls.__mro__[:-1]):
        own = inspect.get_annotations(each)
        hints = get_type_hints(each, include_extras=True) if own else {}
        found |= {name: substituted(hint, bound.get(each, {})) for name, hint in hints.items() if name in own}
    return found


def bindings(cls: type, args: tuple[Any, ...]) -> dict[type, Mapping[Any, Any]]:
    """Return what the type variables of a class and of its bases are bound to."""
    own = dict(zip(getattr(cls, "__parameters__", ()), args, strict=False))
    found: dict[type, Mapping[Any, Any]] = {cls: own}
    for base in vars(cls).get("__orig_bases__", cls.__bases__):
        origin = get_origin(base) or base
        if isinstance(origin, type) and origin not in (object, Generic):
            found |= bindings(origin, tuple(substituted(arg, own) for arg in get_args(base)))
    return found


def constructor_problem(cls: type, parts: tuple[Part, ...]) -> str | None:
    """Return why a class cannot be built from its fields alone, or None."""
    try:
        parameters = inspect.signature(cls).parameters.values()
    except (TypeError, ValueError):
        return None
    arguments = {part.argument for part in parts}
    for parameter in parameters:
        variadic = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        if parameter.name not in arguments and parameter.default is parameter.empty and not variadic:
            return f"its constructor needs {parameter.name!r}, which is no field. Give that a default, or make it a field"
    return None


def is_frozen(cls: type) -> bool:
    """Whether instances keep the values they were made of, and have no others, whose types nobody has looked at."""
    if attrs.has(cls):
        return attrs.inspect(cls).is_frozen and all(each.init for each in attrs.fields(cls))
    if dataclasses.is_dataclass(cls):
        frozen: bool = cls.__dataclass_params__.frozen  # type: ignore[attr-defined]
        return frozen and all(each.init for each in dataclasses.fields(cls))
    return issubclass(cls, tuple)


def has_value_equality(cls: type) -> bool:
    """Whether instances that hold the same are equal."""
    return getattr(cls, "__eq__", None) is not object.__eq__
