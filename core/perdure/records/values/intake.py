"""The way in: the converter that checks Python values strictly and returns them in their canonical form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args, get_origin

from cattrs.cols import list_structure_factory, mapping_structure_factory
from cattrs.errors import BaseValidationError

from perdure.records.values.building import Whole
from perdure.records.values.classes import has_value_equality
from perdure.records.values.converter import ShapedConverter
from perdure.records.values.kinds import EVERY_KIND
from perdure.records.values.leaves import LEAVES, MORE_THAN_INSTANCES
from perdure.records.values.mismatch import Flaw, TooDeep, Unfit, located
from perdure.records.values.scalars import accept_enum, accept_literal
from perdure.records.values.shapes import Form, alias_target, spelled
from perdure.records.values.unions import accept_union

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perdure.records.values.converter import Factory, Hook


def contained(cls: type, shape: Any, hook: Hook) -> Hook:
    """Return a hook for what has parts: it takes exact instances of `cls`, and stops where values are nested too deeply."""

    def accept(value: Any, _declared: Any = None) -> Any:
        if value.__class__ is not cls:
            raise Unfit(spelled(shape), value)
        return bounded(hook, value, shape)

    return accept


def bounded(hook: Hook, value: Any, shape: Any) -> Any:
    """Call a hook, and end the whole intake where the stack ends: see `TooDeep`."""
    try:
        return hook(value, shape)
    except RecursionError:
        raise TooDeep from None
    except BaseValidationError as group:
        if any(isinstance(error, RecursionError) for error in group.exceptions):
            raise TooDeep from None
        raise


def accept_leaf(shape: Any, _converter: ShapedConverter) -> Hook:
    """Make the hook for a type without parts."""
    return MORE_THAN_INSTANCES.get(shape) or LEAVES[shape].accept


def accept_any(_shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook that takes plain JSON values, whatever is in them."""
    exact = {cls: converter.get_structure_hook(cls) for cls in EVERY_KIND}

    def accept(value: Any, _declared: Any = None) -> Any:
        if hook := exact.get(value.__class__):
            return hook(value)
        for base in (str, int, float):
            if isinstance(value, base):
                return LEAVES[base].accept(value)
        raise Unfit("plain JSON (None, bool, int, float, str, list, dict)", value)

    return accept


def accept_list(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook for a list."""
    return contained(list, shape, list_structure_factory(shape, converter))


def accept_sequence_tuple(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook for a tuple of any length."""
    items = list_structure_factory(shape, converter)
    return contained(tuple, shape, lambda value, declared: tuple(items(value, declared)))


def accept_fixed_tuple(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook for a tuple of a certain length."""
    return contained(tuple, shape, fixed_tuple(shape, converter))


def fixed_tuple(shape: Any, converter: ShapedConverter) -> Hook:
    """Make what builds a tuple of a certain length from as many items."""
    hooks = [converter.get_structure_hook(part) for part in get_args(shape)]

    def build(items: Any, _declared: Any = None) -> tuple[Any, ...]:
        if len(items) != len(hooks):
            raise Unfit(f"{spelled(shape)}, {len(hooks)} long", items)
        return tuple(each(hooks, items, shape))

    return build


def each(hooks: Any, items: Any, shape: Any) -> list[Any]:
    """Return what each hook makes of its item, or raise for the first that does not fit."""
    made = []
    for index, (hook, item) in enumerate(zip(hooks, items, strict=False)):
        try:
            made.append(hook(item))
        except Exception as error:  # noqa: BLE001 - as cattrs does: it is told with its place
            raise located(error, index, shape) from None
    return made


def accept_set(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook for a set or frozenset."""
    cls = get_origin(shape)
    hook = converter.get_structure_hook(*get_args(shape))
    return contained(cls, shape, lambda value, _declared: cls(each([hook] * len(value), value, cls)))


def accept_dict(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook for a dict."""
    return contained(dict, shape, mapping_structure_factory(shape, converter))


def accept_typed_dict(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook for a TypedDict."""
    return contained(dict, shape, from_dict(Whole.of(shape, converter)))


def from_dict(whole: Whole) -> Hook:
    """Make what builds a whole from a dict that has all its keys, and no others."""

    def build(value: Any, _declared: Any = None) -> Any:
        whole.refuse_unknown(value)
        whole.refuse_missing(value)
        return whole.build(value)

    return build


def accept_class(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook for a class: it takes exact instances, and dicts of what they are made of.

    An instance is built anew from its attributes, so that its validators see what they are now.
    """
    whole = Whole.of(shape, converter)
    given = from_dict(whole)
    compared = has_value_equality(whole.cls)

    def rebuild(value: Any, _declared: Any) -> Any:
        built = whole.build({name: getattr(value, name) for name in whole.names})
        if compared and not bool(built == value):
            raise Flaw(f"{spelled(shape)} does not survive being written and read: what is rebuilt from it is not equal", LOST)
        return built

    def accept(value: Any, _declared: Any = None) -> Any:
        if value.__class__ is whole.cls:
            return bounded(rebuild, value, shape)
        if value.__class__ is dict:
            return bounded(given, value, shape)
        raise Unfit(f"{'exactly ' if isinstance(value, whole.cls) else ''}{spelled(shape)}", value)

    return accept


LOST = "it does not survive being written and read"


def accept_alias(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook for the name of a type."""
    return converter.get_structure_hook(alias_target(shape))


ACCEPTING: Mapping[Form | None, Factory] = {
    Form.ANY: accept_any,
    Form.LEAF: accept_leaf,
    Form.ENUM: accept_enum,
    Form.LITERAL: accept_literal,
    Form.LIST: accept_list,
    Form.SEQUENCE_TUPLE: accept_sequence_tuple,
    Form.FIXED_TUPLE: accept_fixed_tuple,
    Form.SET: accept_set,
    Form.DICT: accept_dict,
    Form.TYPED_DICT: accept_typed_dict,
    Form.CLASS: accept_class,
    Form.UNION: accept_union,
    Form.ALIAS: accept_alias,
}

INTAKE = ShapedConverter(ACCEPTING, {}, detailed=True)
"""Shared by all specs. Make hooks under `codec.MAKING`."""
