"""Picking a name by a function of the record, so that type checkers know its type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable


@attrs.frozen
class Picked:
    """What an attribute of the stand-in is: a name that was picked."""

    name: str


class RecordStandIn:
    """Takes the place of a record in a selector, and answers every attribute with its name."""

    def __getattr__(self, name: str) -> Picked:
        """Note which name was picked."""
        return Picked(name)


def selected(selector: Callable[[Any], object]) -> str:
    """Return the name that a selector picks.

    Raises:
        TypeError: It does more than pick one name.
    """
    try:
        picked = selector(RecordStandIn())
    except AttributeError:
        picked = None
    if not isinstance(picked, Picked):
        raise TypeError("a selector picks one name of the record and nothing more: lambda record: record.visits")
    return picked.name
