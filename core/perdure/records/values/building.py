"""Hooks for what has named fields (classes, NamedTuples, TypedDicts), shared by both ways: from a dict of parts to the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_origin

import attrs
from cattrs.errors import AttributeValidationNote, ClassValidationError
from cattrs.gen import make_dict_structure_fn_from_attrs

from perdure.errors import nearest
from perdure.records.values.classes import Part, attributes_of, parts_of
from perdure.records.values.mismatch import Flaw
from perdure.records.values.shapes import Form, form_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from perdure.records.values.converter import Hook, ShapedConverter


class Bound(dict[str, Any]):
    """Tells cattrs that every type variable is bound, and of none that it would have to be replaced: `parts_of` did that."""

    def __missing__(self, _name: str) -> Any:
        """Return what a type variable is bound to, as far as cattrs needs to know."""
        return object


@attrs.frozen
class Whole:
    """What a class or TypedDict is made of.

    Attributes:
        cls: The class, or dict.
        parts: What its constructor takes.
        names: Their names.
        build: Makes the whole of a dict with a value for each required part.
    """

    cls: Any
    parts: tuple[Part, ...]
    names: frozenset[str]
    build: Hook

    @classmethod
    def of(cls, shape: Any, converter: ShapedConverter) -> Whole:
        """Read a class or TypedDict, and have `converter` make the hooks for its parts."""
        parts = parts_of(shape)
        names = frozenset(part.name for part in parts)
        if form_of(shape) is Form.TYPED_DICT:
            return cls(dict, parts, names, typed_dict_builder(shape, parts, converter))
        whole = get_origin(shape) or shape
        return cls(whole, parts, names, make_dict_structure_fn_from_attrs(attributes_of(parts), whole, converter, Bound()))

    def refuse_missing(self, given: Mapping[Any, Any]) -> None:
        """Raise `Flaw` where a required part is not given."""
        if missing := [part.name for part in self.parts if part.required and part.name not in given]:
            problem = f"{', '.join(map(repr, missing))} {'is' if len(missing) == 1 else 'are'} missing"
            raise Flaw(problem, problem)

    def refuse_unknown(self, given: Iterable[Any]) -> None:
        """Raise `Flaw` where what is given is no part."""
        for key in given:
            if key not in self.names:
                advice = nearest(str(key), self.names)
                raise Flaw(f"unknown key {key!r} ({advice[0].lower()}{advice[1:].rstrip('.')})", "unknown key")


def typed_dict_builder(shape: Any, parts: tuple[Part, ...], converter: ShapedConverter) -> Hook:
    """Make what builds a TypedDict: the declared keys that are there, in the order of the declaration."""
    hooks = {part.name: (converter.get_structure_hook(part.type), part.type) for part in parts}

    def build(given: Mapping[str, Any], _declared: Any = None) -> dict[str, Any]:
        built = {}
        for name, (hook, declared) in hooks.items():
            if name in given:
                try:
                    built[name] = hook(given[name])
                except Exception as error:  # noqa: BLE001 - as cattrs does: it is told with its place
                    error.add_note(AttributeValidationNote(f"@ key {name}", name, declared))
                    raise ClassValidationError("a key does not fit", [error], shape) from None  # pyright: ignore[reportCallIssue]
        return built

    return build
