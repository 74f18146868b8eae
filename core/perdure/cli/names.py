"""Names as arguments, which a shell can complete."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from perdure.cli.command import session_of
from perdure.cli.examples import choices
from perdure.codes.graph import graph
from perdure.errors import PerdureError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from perdure.codes.lifecycle import Lifecycle
    from perdure.plugins.registry import Registry


def lifecycles_by_name(registry: Registry) -> dict[str, type[Lifecycle]]:
    """Return every lifecycle with what plugins added, by the names of its class and of its extensions, as `plugins` tells them.

    Where two classes have one name, each goes by its module's name too: `package.JobLifecycle`.
    """
    used = [field.lifecycle for spec in registry.specs.values() for field in spec.fields.values() if field.lifecycle is not None]
    handed_in = [each for contribution in registry.contributions for each in contribution.lifecycles]
    classes = dict.fromkeys([*registry.lifecycles, *handed_in, *used])
    names = [each.__qualname__ for each in classes]
    found = {
        each.__qualname__ if names.count(each.__qualname__) == 1 else f"{each.__module__}.{each.__qualname__}": each
        for each in classes
    }
    return {name: registry.lifecycles[each] for name, each in sorted(found.items())}


class Name(click.ParamType[str]):
    """A name of something that is installed.

    Args:
        name: What it is called in usage and help.
        offered: Returns all there are, in view of what was typed before it.
    """

    def __init__(self, name: str, offered: Callable[[Registry, Mapping[str, Any]], Iterable[str]]) -> None:
        self.name = name
        self.offered = offered

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 - click's
        """Offer what goes on from what was begun; nothing, and no word, where plugins or the host cannot be loaded."""
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            try:
                offered = list(self.offered(session_of(ctx).registry(), ctx.params))
            except (PerdureError, click.ClickException):
                return []
        return [CompletionItem(each) for each in offered if each.startswith(incomplete)]


def status_names(registry: Registry, typed: Mapping[str, Any]) -> Iterable[str]:
    """Return the names that the module before declares."""
    spec = registry.specs.get(str(typed.get("module")))
    return spec.fields if spec else ()


def values(registry: Registry, typed: Mapping[str, Any]) -> Iterable[str]:
    """Return the values of the name before, where the declared type has only a few."""
    spec = registry.specs.get(str(typed.get("module")))
    field = spec.fields.get(str(typed.get("name"))) if spec else None
    if field is None:
        return ()
    if field.lifecycle is not None:
        return map(str, graph(registry.lifecycles[field.lifecycle]).codes)
    return choices(field.annotation)


MODULE = Name("module", lambda registry, _: registry.specs)
NAME = Name("name", status_names)
VALUE = Name("value", values)
FAMILY = Name("family", lambda registry, _: registry.families)
LIFECYCLE = Name("lifecycle", lambda registry, _: lifecycles_by_name(registry))
