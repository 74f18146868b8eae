"""Which declared types there are: each spelled in one way, and sorted by how its values become JSON."""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Literal, NewType, TypeVar, Union, get_args, get_origin

import attrs

from perdure.records.values.leaves import LEAVES

WRAPPERS = frozenset({"Annotated", "Final", "Required", "NotRequired", "ReadOnly"})
"""What typing puts around a type for readers of the declaration; by name, since `typing_extensions` has some of its own."""


class Form(enum.Enum):
    """The ways in which values become JSON; each has one hook factory in each direction."""

    ANY = enum.auto()
    LEAF = enum.auto()
    ENUM = enum.auto()
    LITERAL = enum.auto()
    LIST = enum.auto()
    SEQUENCE_TUPLE = enum.auto()
    FIXED_TUPLE = enum.auto()
    SET = enum.auto()
    DICT = enum.auto()
    TYPED_DICT = enum.auto()
    CLASS = enum.auto()
    UNION = enum.auto()
    ALIAS = enum.auto()


def plain(annotation: Any) -> Any:  # noqa: PLR0911 - one line for each spelling
    """Return a declared type in its one spelling: without Annotated and NewType, with what a bare container means.

    `Any` becomes `object`, and as the key of a dict `str`. The names of `type X = …` stay, as they may be recursive.
    """
    if is_leaf(annotation):
        return annotation
    if annotation is None:
        return NoneType
    if annotation is Any:
        return object
    if isinstance(annotation, NewType):
        return plain(annotation.__supertype__)
    if is_unpacked(annotation):
        return annotation
    origin, args = get_origin(annotation), get_args(annotation)
    if getattr(origin, "__name__", getattr(origin, "_name", None)) in WRAPPERS:
        return plain(args[0])
    if origin is Literal or isinstance(annotation, TypeVar):
        return annotation
    if origin in (Union, UnionType):
        return plain_union(args)
    return plain_container(annotation, origin, args)


def plain_container(annotation: Any, origin: Any, args: tuple[Any, ...]) -> Any:
    """Return a container, class or anything else in its one spelling, its arguments too."""
    container: Any = origin or annotation
    inner = tuple(arg if arg is Ellipsis else plain(arg) for arg in args)
    if container in (list, set, frozenset):
        return container.__class_getitem__(inner or object)
    if container in (dict, Mapping):
        key, value = inner or (object, object)
        return dict.__class_getitem__((str if key is object else key, value))
    if container is tuple:
        return tuple.__class_getitem__((object, ...) if annotation in (tuple, typing.Tuple) else inner)  # noqa: UP006 - the bare alias
    return container[inner] if inner and isinstance(origin, type) else annotation


def plain_union(args: tuple[Any, ...]) -> Any:
    """Return a union without unions inside; with None, `Any` is what it was."""
    members: list[Any] = []
    for arg in map(resolved, args):
        members.extend(get_args(arg) if is_union(arg) else [arg])
    return object if set(members) == {object, NoneType} else Union[tuple(members)]  # noqa: UP007 - the members are a tuple


def is_leaf(annotation: Any) -> bool:
    """Whether this is a type without parts; asked first, as most are."""
    return type(annotation) is type and annotation in LEAVES


def is_union(shape: Any) -> bool:
    """Whether this is a union, in either spelling."""
    return get_origin(shape) in (Union, UnionType)


def is_unpacked(shape: Any) -> bool:
    """Whether this stands for several types, as `*tuple[int, ...]` does inside a tuple."""
    return getattr(shape, "__unpacked__", False) is True


def is_alias(shape: Any) -> bool:
    """Whether this is the name of a `type X = …`, with arguments or without; `typing_extensions` has a class of its own."""
    return type(get_origin(shape) or shape).__name__ == "TypeAliasType"


def resolved(annotation: Any) -> Any:
    """Return the type in its one spelling, behind all aliases."""
    shape = plain(annotation)
    return resolved(alias_target(shape)) if is_alias(shape) else shape


def alias_target(shape: Any) -> Any:
    """Return what an alias stands for, its type variables bound."""
    alias = get_origin(shape) or shape
    return substituted(alias.__value__, dict(zip(alias.__type_params__, get_args(shape), strict=False)))


def substituted(annotation: Any, bound: Mapping[Any, Any]) -> Any:
    """Return a type with its type variables replaced by what they are bound to."""
    if isinstance(annotation, TypeVar):
        return bound.get(annotation, annotation)
    parameters = getattr(annotation, "__parameters__", ()) if get_args(annotation) else ()
    return annotation[tuple(bound.get(parameter, parameter) for parameter in parameters)] if parameters else annotation


def form_of(shape: Any) -> Form | None:  # noqa: PLR0911 - one line for each form
    """Return how values of a type in its one spelling become JSON, or None where they cannot."""
    if is_leaf(shape):
        return Form.LEAF
    if shape is object:
        return Form.ANY
    if is_alias(shape):
        return Form.ALIAS
    if is_union(shape):
        return Form.UNION
    origin = get_origin(shape) or shape
    if origin is Literal:
        return Form.LITERAL
    if not isinstance(origin, type) or is_unpacked(shape):
        return None
    if issubclass(origin, enum.Enum):
        return Form.ENUM
    if origin is tuple:
        return Form.SEQUENCE_TUPLE if Ellipsis in get_args(shape) else Form.FIXED_TUPLE
    return CONTAINERS.get(origin) or class_form(origin)


CONTAINERS: Mapping[type, Form] = types.MappingProxyType({list: Form.LIST, dict: Form.DICT, set: Form.SET, frozenset: Form.SET})


def class_form(cls: type) -> Form | None:
    """Return the form of a class that declares fields, or None for any other."""
    if issubclass(cls, dict) and hasattr(cls, "__required_keys__"):
        return Form.TYPED_DICT
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return Form.CLASS
    declares = attrs.has(cls) or dataclasses.is_dataclass(cls)
    return Form.CLASS if declares and not issubclass(cls, (*MIXABLE, *CONTAINERS, tuple)) else None


MIXABLE = tuple(leaf for leaf in LEAVES if leaf is not NoneType)


def spelled(annotation: Any) -> str:
    """Return how messages name a type: `list[int]`, `User | None`."""
    if annotation in (Any, object):
        return "Any"
    if annotation in (None, NoneType):
        return "None"
    if annotation is Ellipsis:
        return "..."
    origin, args = get_origin(annotation), get_args(annotation)
    if is_union(annotation):
        return " | ".join(map(spelled, args))
    if origin is Literal:
        return f"Literal[{', '.join(map(repr, args))}]"
    name = getattr(origin or annotation, "__name__", None) or repr(annotation).removeprefix("typing.")
    return f"{name}[{', '.join(map(spelled, args))}]" if args and all(map(is_hashable, args)) else name


def is_hashable(value: object) -> bool:
    """Whether a value can be a key; what Annotated carries, and the parameters of a Callable, need not be."""
    try:
        hash(value)
    except TypeError:
        return False
    return True
