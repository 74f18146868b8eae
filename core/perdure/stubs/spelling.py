"""Declared types as source: what a checker reads where a record's annotation stood."""

from __future__ import annotations

import enum
import sys
from typing import TYPE_CHECKING, Any, Literal, NewType, TypeVar, get_args, get_origin

import attrs

import perdure
from perdure.records.values.shapes import WRAPPERS, is_alias, is_union, is_unpacked, spelled
from perdure.stubs.layout import quoted

if TYPE_CHECKING:
    from perdure.stubs.imports import Imports

BARE = {dict: "dict[str, Any]", list: "list[Any]", tuple: "tuple[Any, ...]", set: "set[Any]", frozenset: "frozenset[Any]"}
"""Containers of which an annotation says no more."""


@attrs.define
class Spelling:
    """Spells types, and remembers those that it could not.

    Attributes:
        imports: What takes the classes.
        lost: For what `Any` stands, and why.
    """

    imports: Imports
    lost: list[str] = attrs.field(factory=list)

    def text(self, annotation: Any) -> str:  # noqa: PLR0911 - one line for each kind of type
        """Return a type as source; `Any` for what no other module could import."""
        if annotation is None or annotation is type(None):
            return "None"
        if annotation is Any or annotation is Ellipsis:
            return "Any" if annotation is Any else "..."
        if annotation in BARE:
            return BARE[annotation]
        origin, args = get_origin(annotation), get_args(annotation)
        if getattr(origin, "__name__", getattr(origin, "_name", None)) in WRAPPERS:
            return self.text(args[0])
        if is_union(annotation):
            return " | ".join(dict.fromkeys(map(self.text, args)))
        if origin is Literal:
            return self.literal(annotation, args)
        if isinstance(annotation, TypeVar) or is_unpacked(annotation):
            return self.any_for(annotation, "is bound to no type")
        if not args and origin is not None:  # a bare alias of typing, or an empty tuple
            return "tuple[()]" if origin is tuple and repr(annotation).endswith("[()]") else self.text(origin)
        return self.named(annotation, origin or annotation, args)

    def named(self, annotation: Any, cls: Any, args: tuple[Any, ...]) -> str:
        """Return a class, or another type that has a name, with its arguments."""
        name = self.imported(cls)
        if name is None:
            return self.text(cls.__supertype__) if isinstance(cls, NewType) else self.any_for(annotation, "cannot be imported")
        if not args and (parameters := getattr(cls, "__parameters__", ())) and not is_alias(cls):
            args = (Any,) * len(parameters)
        return f"{name}[{', '.join(map(self.text, args))}]" if args else name

    def imported(self, found: Any) -> str | None:
        """Return what a class is called in the generated module, or None if nobody can import it."""
        module, path = getattr(found, "__module__", None), getattr(found, "__qualname__", getattr(found, "__name__", ""))
        if not isinstance(module, str) or module == "__main__":
            return None
        there: Any = sys.modules.get(module)
        for part in path.split("."):
            there = getattr(there, part, None) if part.isidentifier() else None
        if there is not found:
            return None
        if module == "builtins":
            return str(path)
        outer, dot, inner = path.partition(".")
        public = perdure.EXPORTS.get(outer) == module
        return self.imports.name_of("perdure" if public else module, outer) + dot + inner

    def literal(self, annotation: Any, values: tuple[Any, ...]) -> str:
        """Return a Literal."""
        spelt: list[str] = []
        for value in values:
            of = self.imported(type(value)) if isinstance(value, enum.Enum) else ""
            if of is None:
                return self.any_for(annotation, "cannot be imported")
            spelt.append(f"{of}.{value.name}" if of else quoted(value) if isinstance(value, str) else repr(value))
        return f"Literal[{', '.join(spelt)}]"

    def any_for(self, annotation: Any, why: str) -> str:
        """Return `Any`, and remember for what it stands."""
        self.lost.append(f"Any stands for {spelled(annotation)}, which {why}")
        return "Any"
