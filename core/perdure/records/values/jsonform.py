"""Between canonical Python values and JSON data: the converters that write, read, and explain what cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args, get_origin

from cattrs.cols import (
    iterable_unstructure_factory,
    list_structure_factory,
    mapping_structure_factory,
    mapping_unstructure_factory,
)
from cattrs.fns import identity
from cattrs.gen import make_dict_unstructure_fn_from_attrs, make_hetero_tuple_unstructure_fn

from perdure.records.values.building import Whole
from perdure.records.values.classes import attributes_of, parts_of
from perdure.records.values.converter import ShapedConverter
from perdure.records.values.intake import INTAKE, each, fixed_tuple
from perdure.records.values.jsontext import from_text, to_text
from perdure.records.values.kinds import kinds_of
from perdure.records.values.leaves import LEAVES, exact_float
from perdure.records.values.mismatch import Flaw, Unfit
from perdure.records.values.scalars import read_enum, read_literal, write_enum, write_literal
from perdure.records.values.shapes import Form, alias_target, spelled
from perdure.records.values.unions import read_union, write_union

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perdure.records.values.converter import Factory, Hook

# --------------------------------------------------------------------------- reading


def exact(kind: type, shape: Any, hook: Hook) -> Hook:
    """Return a hook that takes data of one kind only."""

    def read(data: Any, _declared: Any = None) -> Any:
        if data.__class__ is not kind:
            raise Unfit(spelled(shape), data)
        return hook(data, shape)

    return read


def read_any(_shape: Any, _converter: ShapedConverter) -> Hook:
    """Make the hook for plain JSON values: they are what the text holds."""
    return lambda data, _declared=None: data


def read_leaf(shape: Any, _converter: ShapedConverter) -> Hook:
    """Make the hook for a type without parts; a short one where JSON has that type, as it is called most."""
    leaf = LEAVES[shape]
    if shape is float:
        return read_float
    if leaf.read is not identity:
        return leaf.decode
    expected = spelled(shape)

    def read(data: Any, _declared: Any = None) -> Any:
        if data.__class__ is shape:
            return data
        raise Unfit(expected, data)

    return read


def read_float(data: Any, _declared: Any = None) -> float:
    """Return a float, also where a hand has written it as an int."""
    if data.__class__ is float:
        found: float = data
        return found
    if data.__class__ is int:
        return exact_float(data)
    raise Unfit("float", data)


def read_list(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook for a list."""
    return exact(list, shape, list_structure_factory(shape, converter))


def read_sequence_tuple(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook for a tuple of any length."""
    items = list_structure_factory(shape, converter)
    return exact(list, shape, lambda data, declared: tuple(items(data, declared)))


def read_fixed_tuple(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook for a tuple of a certain length."""
    return exact(list, shape, fixed_tuple(shape, converter))


def read_set(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook for a set or frozenset."""
    cls = get_origin(shape)
    hook = converter.get_structure_hook(*get_args(shape))
    return exact(list, shape, lambda data, _declared: cls(each([hook] * len(data), data, cls)))


def read_dict(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook for a dict; keys that are no texts are JSON texts themselves."""
    key, _value = get_args(shape)
    build = mapping_structure_factory(shape, converter)
    kinds = kinds_of(key)
    if kinds == {str}:
        return exact(dict, shape, build)

    def read_key(text: str) -> Any:
        try:
            data = from_text(text)
        except Flaw:
            raise Unfit(f"{spelled(key)} as a key", text) from None
        if data.__class__ not in kinds:
            raise Unfit(f"{spelled(key)} as a key", text)
        return data

    return exact(dict, shape, lambda data, declared: build({read_key(text): value for text, value in data.items()}, declared))


def read_class(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook for a class or TypedDict; keys that it does not know are left out, as newer code may have added them."""
    whole = Whole.of(shape, converter)
    if not converter.detailed_validation and whole.cls is not dict:
        return exact(dict, shape, whole.build)

    def build(data: Any, _declared: Any) -> Any:
        whole.refuse_missing(data)
        return whole.build(data)

    return exact(dict, shape, build)


def read_alias(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook for the name of a type."""
    return converter.get_structure_hook(alias_target(shape))


# --------------------------------------------------------------------------- writing


def write_as_it_is(_shape: Any, _converter: ShapedConverter) -> Hook:
    """Make the hook for what JSON has."""
    return identity


def write_leaf(shape: Any, _converter: ShapedConverter) -> Hook:
    """Make the hook for a type without parts."""
    return LEAVES[shape].write


def write_items(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook for a list, or a tuple of any length."""
    return iterable_unstructure_factory(shape, converter, unstructure_to=list)


def write_fixed_tuple(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook for a tuple of a certain length."""
    return make_hetero_tuple_unstructure_fn(shape, converter, unstructure_to=list)


def write_set(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook for a set: in the order of its items' texts, so that equal sets have one text."""
    items = write_items(shape, converter)
    return lambda value: sorted(items(value), key=to_text)


def write_dict(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook for a dict; keys that are no texts become JSON texts themselves."""
    key, _value = get_args(shape)
    write = converter.get_unstructure_hook(key)
    as_text: Any = write if kinds_of(key) == {str} else lambda value: to_text(write(value))
    return mapping_unstructure_factory(shape, converter, unstructure_to=dict, key_handler=as_text)


def write_class(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook for a class: an object with a key for each part."""
    cls = get_origin(shape) or shape
    return make_dict_unstructure_fn_from_attrs(attributes_of(parts_of(shape)), cls, converter)


def write_typed_dict(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook for a TypedDict."""
    hooks = {part.name: converter.get_unstructure_hook(part.type) for part in parts_of(shape)}
    return lambda value: {name: hooks[name](item) for name, item in value.items()}


def write_member(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook for a union."""
    return write_union(shape, converter, INTAKE)


def write_alias(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook for the name of a type."""
    return converter.get_unstructure_hook(alias_target(shape))


READING: Mapping[Form | None, Factory] = {
    Form.ANY: read_any,
    Form.LEAF: read_leaf,
    Form.ENUM: read_enum,
    Form.LITERAL: read_literal,
    Form.LIST: read_list,
    Form.SEQUENCE_TUPLE: read_sequence_tuple,
    Form.FIXED_TUPLE: read_fixed_tuple,
    Form.SET: read_set,
    Form.DICT: read_dict,
    Form.TYPED_DICT: read_class,
    Form.CLASS: read_class,
    Form.UNION: read_union,
    Form.ALIAS: read_alias,
}

WRITING: Mapping[Form | None, Factory] = {
    Form.ANY: write_as_it_is,
    Form.LEAF: write_leaf,
    Form.ENUM: write_enum,
    Form.LITERAL: write_literal,
    Form.LIST: write_items,
    Form.SEQUENCE_TUPLE: write_items,
    Form.FIXED_TUPLE: write_fixed_tuple,
    Form.SET: write_set,
    Form.DICT: write_dict,
    Form.TYPED_DICT: write_typed_dict,
    Form.CLASS: write_class,
    Form.UNION: write_member,
    Form.ALIAS: write_alias,
}

JSON = ShapedConverter(READING, WRITING, detailed=False)
"""Shared by all specs, and fast. Make hooks under `codec.MAKING`."""

EXPLAINING = ShapedConverter(READING, {}, detailed=True)
"""Reads what `JSON` could not, to tell the path of the part that does not fit."""
