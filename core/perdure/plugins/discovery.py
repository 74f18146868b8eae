"""Finding plugins: the entry points of what is installed, or what the application chooses: objects, and names of installed ones.

The loop over entry points is our own: pluggy's stops at the first that fails to import and skips a second of the same name
without a word.
"""

from __future__ import annotations

import re
from collections import Counter
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import attrs

from perdure.errors import InvalidArgument
from perdure.plugins.hookspecs import PROJECT
from perdure.plugins.report import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from importlib.metadata import EntryPoint


@attrs.frozen
class Candidate:
    """A plugin that was found and not yet imported.

    Attributes:
        origin: Where it comes from.
        load: Imports it.
    """

    origin: Origin
    load: Callable[[], object]


def installed() -> list[Candidate]:
    """Return the plugins of everything that is pip-installed, in the order of their names; imports none of them."""
    found = [Candidate(origin_of(each), each.load) for each in entry_points(group=PROJECT)]
    return sorted(found, key=lambda candidate: (candidate.origin.plugin, candidate.origin.distribution or ""))


def origin_of(entry_point: EntryPoint) -> Origin:
    """Return where an entry point comes from."""
    if entry_point.dist is None:
        return Origin(entry_point.name)
    metadata = entry_point.dist.metadata  # parsed anew whenever it is asked for
    return Origin(entry_point.name, metadata["Name"], metadata["Version"])


def chosen(plugins: str | Iterable[object]) -> list[Candidate]:
    """Return plugins as candidates, in the order of their names; imports none of them.

    Args:
        plugins: Plugin objects, and names of entry points or distributions.

    Raises:
        InvalidArgument: Nothing that is installed goes by one of the names, or None is among them.
    """
    given = [plugins] if isinstance(plugins, str) else list(plugins)
    names = [each for each in given if isinstance(each, str)]
    there = installed() if names or None in given else []
    if None in given:
        raise unusable(None, there)
    found = {each.origin: each for name in names for each in called(name, there)}
    objects = handed_in(plugin for plugin in given if not isinstance(plugin, str))
    return sorted([*found.values(), *objects], key=lambda candidate: candidate.origin.plugin)


def called(name: str, there: Iterable[Candidate]) -> list[Candidate]:
    """Return those plugins that go by a name, or raise `InvalidArgument` if there is none."""
    if found := [each for each in there if goes_by(each.origin, name)]:
        return found
    raise unusable(name, there)


def unusable(given: str | None, there: Iterable[Candidate]) -> InvalidArgument:
    """Return the error for what is no plugin, with the names of those that are installed."""
    names = ", ".join(dict.fromkeys(repr(each.origin.plugin) for each in there)) or "none is"
    return InvalidArgument("plugins", repr(given), f"a plugin object, or the name of one that is installed: {names}")


def handed_in(plugins: Iterable[object]) -> list[Candidate]:
    """Return the given plugin objects as candidates, in the order of their names."""
    found: list[Candidate] = []
    names: Counter[str] = Counter()
    for plugin in plugins:
        name = name_of(plugin)
        names[name] += 1
        several = f"{name} {names[name]}" if names[name] > 1 else name
        found.append(Candidate(Origin(several), lambda plugin=plugin: plugin))  # type: ignore[misc]
    return sorted(found, key=lambda candidate: candidate.origin.plugin)


def name_of(plugin: object) -> str:
    """Return what a plugin object is called: a module's own name, else that of its class."""
    return getattr(plugin, "__name__", None) or type(plugin).__qualname__


@attrs.frozen
class Selection:
    """Which of the candidates are loaded.

    Attributes:
        candidates: Those to load.
        blocked: Where those come from that must not be imported.
        unmatched: The names that were to block something, and no candidate goes by.
    """

    candidates: tuple[Candidate, ...]
    blocked: tuple[Origin, ...]
    unmatched: tuple[str, ...]


def without_blocked(candidates: Iterable[Candidate], blocked: Iterable[str]) -> Selection:
    """Split candidates into those to load and those that are blocked.

    Args:
        candidates: What was found.
        blocked: Names of entry points or distributions; a distribution's in any spelling that pip accepts.
    """
    found, names = list(candidates), list(blocked)
    matches = {name: [each.origin for each in found if goes_by(each.origin, name)] for name in names}
    left_out = {origin for origins in matches.values() for origin in origins}
    return Selection(
        tuple(each for each in found if each.origin not in left_out),
        tuple(each.origin for each in found if each.origin in left_out),
        tuple(name for name, origins in matches.items() if not origins),
    )


def goes_by(origin: Origin, name: str) -> bool:
    """Whether a plugin's entry point, or its distribution, is called so."""
    return origin.plugin == name or (origin.distribution is not None and normalized(origin.distribution) == normalized(name))


def normalized(distribution: str) -> str:
    """Return a distribution's name as PEP 503 normalizes it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()
