"""A module with one name of each sort, pip-installed as far as anybody can tell, and a way to run commands."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from perdure.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

DESK = """
from __future__ import annotations

import enum
from datetime import datetime

import attrs

from perdure import Category, Lifecycle, StatusCode, Statuses, StatusFamily, StatusSpec, field, hookimpl, transition


class Size(enum.Enum):
    SMALL = "small"
    LARGE = "large"


@attrs.frozen
class Clerk:
    name: str
    age: int


class DeskStatuses(StatusFamily, name="desk"):
    CLOSED = StatusCode("001_CLOSED", "Nobody is served")
    OPEN = StatusCode("201_OPEN", "People are served")
    GONE = StatusCode("501_GONE", "There is no desk any more")


class DeskLifecycle(Lifecycle, family=DeskStatuses, initial=DeskStatuses.CLOSED):
    open = transition(DeskStatuses.CLOSED, to=DeskStatuses.OPEN)
    close = transition(Category.ACTIVE, to=DeskStatuses.GONE, when=lambda row: row.visits < 1000)


@attrs.frozen
class Desk:
    enable: bool
    clerk: Clerk
    sign: str = field(default="Welcome", description="What [red]is[/] written at the door")
    visits: int = 0
    size: Size = Size.SMALL
    opened: datetime | None = None
    tags: list[str] = attrs.field(factory=list)
    password: str = field(secret=True, default="hunter2")
    state: StatusCode = field(lifecycle=DeskLifecycle, default=DeskStatuses.CLOSED)
    unkept: int = field(history=0, default=0)


SPEC = StatusSpec("cli-desk", Desk)


@hookimpl
def perdure_status_specs():
    return [SPEC]


@hookimpl
def perdure_status_families():
    return [DeskStatuses]


@hookimpl
def perdure_lifecycles():
    return [DeskLifecycle]
"""


class Installed:
    """A folder on the path, in which distributions are installed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.monkeypatch = monkeypatch
        monkeypatch.syspath_prepend(str(folder))
        # Subprocesses find the same.
        monkeypatch.setenv("PYTHONPATH", str(folder))

    def add(self, distribution: str, source: str, *, plugin: bool = True) -> None:
        """Install a distribution of one module, with an entry point of its own name."""
        name = distribution.replace("-", "_")
        (self.folder / f"{name}.py").write_text(source, "utf-8")
        sys.modules.pop(name, None)
        if plugin:
            metadata = self.folder / f"{name}-1.0.0.dist-info"
            metadata.mkdir()
            (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0.0\n", "utf-8")
            (metadata / "entry_points.txt").write_text(f"[perdure]\n{distribution} = {name}\n", "utf-8")
        # It must not be found in the memory of the import system, nor stay there for other tests.
        self.monkeypatch.syspath_prepend(str(self.folder))

    def remove(self, distribution: str) -> None:
        """Uninstall it."""
        name = distribution.replace("-", "_")
        sys.modules.pop(name, None)
        (self.folder / f"{name}-1.0.0.dist-info" / "entry_points.txt").write_text("", "utf-8")
        self.monkeypatch.syspath_prepend(str(self.folder))

    def forget(self) -> None:
        for file in self.folder.glob("*.py"):
            sys.modules.pop(file.stem, None)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current folder, and an environment that says nothing to perdure."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in list(os.environ):
        if name.startswith("PERDURE_") or name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("USER", "ada")
    return folder


@pytest.fixture
def installed(here, tmp_path, monkeypatch):
    folder = tmp_path / "site"
    folder.mkdir()
    before = list(sys.path)
    made = Installed(folder, monkeypatch)
    made.add("cli-desk", DESK)
    yield made
    made.forget()
    for file in here.glob("*.py"):
        sys.modules.pop(file.stem, None)
    sys.path[:] = before


class Run:
    """Runs commands in this process."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, *args: str, code: int = 0, **more: Any) -> Result:
        """Run a command on the database of the test, and insist on how it exits."""
        env = {"PERDURE_URL": self.url, **more.pop("env", {})}
        result = CliRunner().invoke(main, args, prog_name="perdure", catch_exceptions=False, env=env, **more)
        assert result.exit_code == code, result.output
        return result

    def json(self, *args: str, **more: Any) -> Any:
        """Run it with --json, and return what it says."""
        return json.loads(self(*args, "--json", **more).stdout)


@pytest.fixture
def run(installed, here):
    """Runs commands on a database that is there."""
    made = Run(f"sqlite:///{here / 'app.db'}")
    made("migrate")
    return made
