"""Hooks for unions: which member a value is, told by its class; and which one JSON data is, told by its kind or a tag."""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any, get_args

from cattrs.errors import BaseValidationError

from perdure.records.values.kinds import classes_of, is_tagged, kinds_of, members_of, tag_of
from perdure.records.values.mismatch import Flaw, Unfit
from perdure.records.values.shapes import spelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perdure.records.values.converter import Hook, ShapedConverter


def accept_union(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook that finds the member a Python value is of, and lets that one accept it."""
    choose = chooser(shape, converter)
    return lambda value, _declared=None: choose(value)[1]


def chooser(shape: Any, intake: ShapedConverter) -> Hook:
    """Make what finds the member that a value is of: by its class first, since `1` fits `float` too; else by what accepts it.

    Returns:
        A function from a value to the member and the accepted value, which raises where none or several would accept it.
    """
    hooks = {member: intake.get_structure_hook(member) for member in get_args(shape)}
    classes = {member: classes_of(member) for member in hooks}

    def choose(value: Any) -> tuple[Any, Any]:
        own = [member for member in hooks if value.__class__ in classes[member]]
        found, failures = accepting(own, hooks, value)
        if not found:
            found, further = accepting([member for member in hooks if member not in own], hooks, value)
            failures += further
            if len(found) > 1:
                raise Flaw(f"it fits several of {spelled(shape)}: give an instance", "it fits several types: give an instance")
        if found:
            return found[0]
        inner = [failure for failure in failures if isinstance(failure, (BaseValidationError, Flaw))]
        raise inner[0] if len(inner) == 1 else Unfit(spelled(shape), value)

    return choose


def accepting(members: Sequence[Any], hooks: dict[Any, Hook], value: Any) -> tuple[list[tuple[Any, Any]], list[Exception]]:
    """Return which members accept a value, each with what it makes of it, and why the others do not."""
    found: list[tuple[Any, Any]] = []
    failures: list[Exception] = []
    for member in members:
        try:
            found.append((member, hooks[member](value, member)))
        except Exception as error:  # noqa: BLE001 - whatever a validator raises, the value is not of this member
            failures.append(error)
    return found, failures


def write_union(shape: Any, converter: ShapedConverter, intake: ShapedConverter) -> Hook:
    """Make the hook that writes a value as the member it is of."""
    hooks = {member: converter.get_unstructure_hook(member) for member in get_args(shape)}
    if not is_tagged(shape):  # members that differ in the kind of their data differ in their classes
        by_class = {cls: hooks[member] for member in hooks for cls in classes_of(member)}
        return lambda value: by_class[value.__class__](value)
    choose = chooser(shape, intake)

    def write(value: Any) -> Any:
        if value is None:
            return None
        member, _accepted = choose(value)
        return {tag_of(member): hooks[member](value)}

    return write


def read_union(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook that reads JSON data as the member that it was written as."""
    return read_tagged(shape, converter) if is_tagged(shape) else read_bare(shape, converter)


def read_bare(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook that tells the member by the kind of data."""
    hooks = {kind: converter.get_structure_hook(member) for member in get_args(shape) for kind in kinds_of(member)}
    if float in hooks:
        hooks.setdefault(int, hooks[float])

    def read(data: Any, _declared: Any = None) -> Any:
        hook = hooks.get(data.__class__)
        if hook is None:
            raise Unfit(spelled(shape), data)
        return hook(data)

    return read


def read_tagged(shape: Any, converter: ShapedConverter) -> Hook:
    """Make the hook that tells the member by the tag it was written with."""
    hooks = {tag_of(member): converter.get_structure_hook(member) for member in members_of(shape)}
    optional = NoneType in get_args(shape)

    def read(data: Any, _declared: Any = None) -> Any:
        if data is None and optional:
            return None
        if isinstance(data, dict) and len(data) == 1:
            ((tag, inner),) = data.items()
            if hook := hooks.get(tag):
                return hook(inner)
        raise Unfit(f"one of {', '.join(hooks)} under its name", data)

    return read
