"""What the application decides about the values of its modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from perdure.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime


@attrs.frozen
class Policy:
    """The decisions of `App.open`, which hold for every module.

    Attributes:
        defaults: What the application knows better than a module, below stored values: module to name to value.
        pinned: The same above stored values.
        max_value_bytes: How long a value's JSON text may be, in bytes of UTF-8.
        actor: Who writes where neither the call nor `acting_as` says.
        opened_at: When the App was opened, and its pins came into force.
    """

    defaults: Mapping[str, Mapping[str, Any]] = attrs.field(repr=False)  # secrets may be among them
    pinned: Mapping[str, Mapping[str, Any]] = attrs.field(repr=False)
    max_value_bytes: int
    actor: str | None
    opened_at: datetime

    def named(self, current: Callable[[str], str]) -> Policy:
        """Return the same decisions by the modules' current names, where the application still calls one by a former name.

        Args:
            current: Returns what a module is called now.

        Raises:
            InvalidArgument: A module is named twice.
        """
        return attrs.evolve(
            self,
            defaults=renamed("defaults", self.defaults, current),
            pinned=renamed("pinned", self.pinned, current),
        )


def renamed(
    argument: str, given: Mapping[str, Mapping[str, Any]], current: Callable[[str], str]
) -> Mapping[str, Mapping[str, Any]]:
    """Return values by the current names of their modules.

    Raises:
        InvalidArgument: A module is named twice, by its present name and a former one.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for module, names in given.items():
        if current(module) in found:
            expected = f"{current(module)!r} once: {module!r} is a name of the same module"
            raise InvalidArgument(argument, repr(sorted(given)), expected)
        found[current(module)] = names
    return found
