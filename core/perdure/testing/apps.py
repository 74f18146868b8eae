"""The App of a test: in memory, with the plugins that are named for it, and nothing of the developer's own."""

from __future__ import annotations

import os
from collections import ChainMap
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from perdure.app import App
from perdure.plugins.discovery import chosen, without_blocked
from perdure.plugins.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ARGUMENTS = ("actor", "allow_shared_numbers", "defaults", "max_value_bytes", "pinned", "tenant")
"""The arguments of `App.open` that a mark may give."""


@attrs.frozen
class Asked:
    """What a test wants its App opened with.

    Attributes:
        plugins: Plugin objects, and names of installed ones.
        arguments: Other arguments of `App.open`.
    """

    plugins: tuple[object, ...]
    arguments: Mapping[str, Any]

    @classmethod
    def of(cls, node: pytest.Item | pytest.Collector) -> Asked:
        """Return what the marks of a test, class or module ask for; each argument is that of the closest mark which has it."""
        marks = list(node.iter_markers("perdure"))
        arguments = ChainMap(*(dict(mark.kwargs) for mark in marks))
        if unknown := sorted(set(arguments) - set(ARGUMENTS)):
            known = ", ".join(f"{name}=" for name in ARGUMENTS)
            pytest.fail(f"pytest.mark.perdure takes names of plugins, {known}; not {unknown[0]}=.", pytrace=False)
        named = next((mark.args for mark in marks if mark.args), None)
        return cls(tuple(node.config.getini("perdure_plugins")) if named is None else named, arguments)

    def registry(self) -> Registry:
        """Return what the plugins contribute, without a database."""
        shared = self.arguments.get("allow_shared_numbers", False)
        return Registry.load(without_blocked(chosen(self.plugins), ()), "raise", allow_shared_numbers=shared)


@contextmanager
def opened(node: pytest.Item, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """Open the App that a test asks for, and close it at the end of the block.

    Args:
        node: The test.
        monkeypatch: The test's own, which takes back what the environment says to perdure, for the length of the test: of two
            that undo what both have changed, one would undo it last and wrongly.
    """
    asked = Asked.of(node)
    if not asked.plugins:
        where = '@pytest.mark.perdure("library-desk"), or perdure_plugins = ["library-desk"] in the configuration of pytest'
        pytest.fail(f"perdure_app is opened with the plugins that are named, and none is. Name them: {where}.", pytrace=False)
    for name in [each for each in os.environ if each.startswith("PERDURE_")]:
        monkeypatch.delenv(name)
    with App.open("sqlite://", plugins=asked.plugins, **asked.arguments) as app:
        yield app
