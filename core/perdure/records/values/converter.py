"""The cattrs converter that both ways build on: its hooks are found by the form of a type, and made once for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
from cattrs import Converter

from perdure.records.values.shapes import form_of, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from perdure.records.values.shapes import Form

    Hook: TypeAlias = Callable[..., Any]
    Factory: TypeAlias = Callable[[Any, "ShapedConverter"], Hook]


@attrs.define(eq=False)
class HookTable:
    """The hooks of one direction.

    Attributes:
        factories: What makes the hook for a type of each form.
        made: The hooks there are, by the type in its one spelling.
        in_making: The types whose hooks are being made: a recursive type is among its own parts.
    """

    factories: Mapping[Form | None, Factory]
    made: dict[Any, Hook] = attrs.field(factory=dict)
    in_making: set[Any] = attrs.field(factory=set)

    def hook(self, declared: Any, converter: ShapedConverter) -> Hook:
        """Return the hook for a declared type; for one that is being made, what will call it."""
        shape = plain(declared)
        if (found := self.made.get(shape)) is not None:
            return found
        if shape in self.in_making:
            return lambda value, _declared=None: self.made[shape](value)
        self.in_making.add(shape)
        try:
            self.made[shape] = made = self.factories[form_of(shape)](shape, converter)
        finally:
            self.in_making.discard(shape)
        return made


class ShapedConverter(Converter):
    """A converter whose hooks come from two tables.

    cattrs' own registry asks for the classes that it knows first, so that an IntEnum would be read as any int. Here the form of
    a type decides. Make hooks under a lock; use them from any thread.
    """

    def __init__(
        self, structure: Mapping[Form | None, Factory], unstructure: Mapping[Form | None, Factory], *, detailed: bool
    ) -> None:
        super().__init__(detailed_validation=detailed)
        self.structuring = HookTable(structure)
        self.unstructuring = HookTable(unstructure)

    def get_structure_hook(self, type: Any, cache_result: bool = True) -> Hook:  # noqa: A002, ARG002, FBT001, FBT002 - cattrs' signature
        """Return the hook that makes a value of this type."""
        return self.structuring.hook(type, self)

    def get_unstructure_hook(self, type: Any, cache_result: bool = True) -> Hook:  # noqa: A002, ARG002, FBT001, FBT002 - cattrs' signature
        """Return the hook that takes a value of this type apart."""
        return self.unstructuring.hook(type, self)
