"""Which declared types can be kept: what to declare in place of those that cannot, and whose values nobody can change."""

from __future__ import annotations

import inspect
from collections.abc import Callable as AbstractCallable
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin

from perdure.errors import UnsupportedType
from perdure.records.values.classes import constructor_problem, is_frozen, parts_of
from perdure.records.values.kinds import SCALARS, is_tagged, kinds_of, literal_data, members_of, tag_of
from perdure.records.values.leaves import LEAVES
from perdure.records.values.shapes import Form, alias_target, form_of, is_leaf, plain, resolved, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXED = frozenset({Form.LEAF, Form.ENUM, Form.LITERAL})
"""Forms without parts that anybody could change."""


def refuse_unsupported(module: str, path: str, declared: Any, seen: set[Any] | None = None) -> None:
    """Raise `UnsupportedType` for the first part of a declared type that cannot be kept.

    Args:
        module: The module whose record it is.
        path: Where the type is declared.
        declared: The type.
        seen: What was looked at on the way here, as types may be recursive.
    """
    seen = set() if seen is None else seen
    try:
        shape = plain(declared)
        if is_leaf(shape) or shape in seen:
            return
        problem = problem_of(shape)
        seen.add(shape)
        parts = [] if problem else list(parts_with_paths(shape))
    except (NameError, TypeError, SyntaxError) as error:
        raise UnsupportedType(module, path, spelled(declared), f"its declaration cannot be resolved: {error}") from error
    except RecursionError:
        raise UnsupportedType(module, path, spelled(declared), "its declaration has no end") from None
    if problem:
        raise UnsupportedType(module, path, spelled(declared), problem)
    for suffix, part in parts:
        refuse_unsupported(module, path + suffix, part, seen)
    if problem := whole_problem(shape):
        raise UnsupportedType(module, path, spelled(declared), problem)


def parts_with_paths(shape: Any) -> Iterator[tuple[str, Any]]:
    """Yield the types that a type is made of, each with how a path goes on to it."""
    match form_of(shape):
        case Form.LIST | Form.SET | Form.SEQUENCE_TUPLE:
            yield "[]", get_args(shape)[0]
        case Form.FIXED_TUPLE:
            yield from ((f"[{index}]", part) for index, part in enumerate(get_args(shape)))
        case Form.DICT:
            key, value = get_args(shape)
            yield "{key}", key
            yield "[]", value
        case Form.CLASS | Form.TYPED_DICT:
            yield from ((f".{part.name}", part.type) for part in parts_of(shape))
        case Form.UNION:
            yield from (("", member) for member in get_args(shape))
        case Form.ALIAS:
            yield "", alias_target(shape)


def problem_of(shape: Any) -> str | None:
    """Return why a type cannot be kept whatever its parts are, and what to declare instead; None where it can."""
    form = form_of(shape)
    if form is None:
        return advice(shape)
    if form is Form.CLASS:
        return constructor_problem(get_origin(shape) or shape, parts_of(shape))
    if form is Form.UNION and object in get_args(shape):
        return "Any takes what the other members take. Declare Any alone"
    if form is Form.LITERAL and len({(type(data), data) for _, data in literal_data(shape)}) < len(get_args(shape)):
        return "two of its values would be written alike. Declare an Enum"
    return None


def whole_problem(shape: Any) -> str | None:
    """Return why a type cannot be kept whose parts can be; None where it can."""
    form = form_of(shape)
    if form is Form.SET and not may_be_hashable(*get_args(shape)):
        return f"{spelled(*get_args(shape))} is not hashable. Declare a list, or a frozen class inside"
    if form is Form.DICT and not kinds_of(get_args(shape)[0]) <= SCALARS:
        return "its keys cannot be written as texts. Declare str, int, UUID, date, an Enum or another type without parts as key"
    if form is Form.UNION and is_tagged(shape):
        tags = [tag_of(member) for member in members_of(shape)]
        if len(set(tags)) < len(tags):
            return "two of its members have the same name, by which a stored value tells which of them it is. Wrap one in a class"
    return None


def may_be_hashable(declared: Any) -> bool:
    """Whether values of a type can be in a set; one that may hold anything is asked when there is a value."""
    shape = resolved(declared)
    form = form_of(shape)
    if form in (Form.FIXED_TUPLE, Form.SEQUENCE_TUPLE, Form.UNION):
        return all(may_be_hashable(part) for _suffix, part in parts_with_paths(shape))
    if form is Form.ANY:
        return True
    cls = get_origin(shape) or shape
    return form in FIXED or (cls.__hash__ is not None and form is not Form.TYPED_DICT)


def advice(shape: Any) -> str:
    """Return why a type has no form, and what to declare instead."""
    if shape is inspect.Parameter.empty:
        return "it has no annotation. Declare its type"
    if isinstance(shape, TypeVar):
        return "the type variable is not bound. Give the generic class its argument, as in Box[int]"
    cls = get_origin(shape) or shape
    if not isinstance(cls, type):
        return "it is no type that JSON can hold. Declare a class, or a type without parts"
    return next((told for base, told in ADVICE.items() if issubclass(cls, base)), UNKNOWN)


ADVICE: Mapping[type, str] = {
    **{leaf: f"the subclass would be lost. Declare {leaf.__name__}" for leaf in reversed(tuple(LEAVES))},
    complex: "JSON has no such number. Declare tuple[float, float]",
    Mapping: "the kind of mapping would be lost. Declare dict",
    AbstractSet: "the kind of set would be lost. Declare set or frozenset",
    Iterable: "the kind of collection would be lost. Declare list or tuple",
    AbstractCallable: "code is no data. Declare a str or an Enum, and look the function up by that",  # type: ignore[dict-item]
}
"""What to declare in place of a subclass of these; the first that fits is told."""

UNKNOWN = "it does not say what it consists of. Declare an attrs class, a dataclass, or a type that JSON has"


def is_immutable(declared: Any, above: frozenset[Any] = frozenset()) -> bool:
    """Whether nobody can change a value of a supported type; False for a recursive type, which would take a proof."""
    shape = plain(declared)
    form = form_of(shape)
    if form in FIXED:
        return True
    cls = get_origin(shape) or shape
    if shape in above or form in (Form.ANY, Form.LIST, Form.DICT, Form.TYPED_DICT) or cls is set:
        return False
    if form is Form.CLASS and not is_frozen(cls):
        return False
    return all(is_immutable(part, above | {shape}) for _suffix, part in parts_with_paths(shape))
