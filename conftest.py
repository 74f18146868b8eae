"""Runs the blocks of README and docs as tests, each page in an empty folder of its own; says which servers were missing."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack, chdir
from doctest import ELLIPSIS
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sybil import Sybil
from sybil.parsers.markdown import SkipParser
from tests.docs.parsers import ConsoleParser, FileParser, PythonBlockParser, TOMLBlockParser
from tests.services.required import missing

pytest_plugins = ["pytester"]


def taken_from_environment() -> dict[str, str]:
    """Remove what the environment says to perdure, and return it."""
    return {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("PERDURE_")}


class Page:
    """The surroundings of one page: an empty folder, and what it pretends to have pip-installed."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.stack = ExitStack()

    def enter(self, namespace: dict[str, Any]) -> None:
        """Go to an empty folder, and let the page publish modules."""
        self.stack = ExitStack()
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.stack.enter_context(chdir(folder))
        self.stack.callback(os.environ.update, taken_from_environment())
        self.stack.callback(taken_from_environment)  # before that: what the page itself has set
        namespace["publish"] = self.publish

    def publish(self, distribution: str, namespace: dict[str, Any]) -> None:
        """Make what a page has defined so far a module that is pip-installed, with an entry point of the distribution's name."""
        name = distribution.replace("-", "_")
        module = ModuleType(name)
        vars(module).update({key: value for key, value in namespace.items() if not key.startswith("__")})
        sys.modules[name] = module
        self.stack.callback(sys.modules.pop, name)
        installed = self.stack.enter_context(tempfile.TemporaryDirectory())
        metadata = Path(installed, f"{name}-1.0.0.dist-info")
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0.0\n", "utf-8")
        (metadata / "entry_points.txt").write_text(f"[perdure]\n{distribution} = {name}\n", "utf-8")
        sys.path.insert(0, installed)
        self.stack.callback(sys.path.remove, installed)

    def leave(self, namespace: dict[str, Any]) -> None:
        """Take everything back."""
        with self.stack:
            if shell := namespace.get("shell"):
                shell.close()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that prints the summary what this one has missed, where several share the tests."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["missing"] = missing


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear what another process has missed; one that crashed says nothing."""
    missing.update(getattr(node, "workeroutput", {}).get("missing", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end, where nobody overlooks it, what was not tested because a server was not there."""
    if missing:
        terminalreporter.section("NOT TESTED: servers that were not found", sep="!", red=True, bold=True)
        for message in missing.values():
            terminalreporter.write_line(message)


page = Page()

pytest_collect_file = Sybil(
    parsers=[PythonBlockParser(doctest_optionflags=ELLIPSIS), TOMLBlockParser(), FileParser(), ConsoleParser(), SkipParser()],
    patterns=["*.md"],
    setup=page.enter,
    teardown=page.leave,
).pytest()
