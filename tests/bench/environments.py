"""Virtual environments of the benchmark's own: perdure, what it needs, and as many other distributions as are wanted."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULE = '''"""A module as somebody would publish it."""

import attrs
from perdure import StatusSpec, hookimpl


@attrs.frozen
class User:
    name: str
    age: int


@attrs.frozen
class Status:
    enable: bool
    user: User
    visits: int = 0


STATUS = StatusSpec("{name}", Status)


@hookimpl
def perdure_status_specs():
    return [STATUS]
'''


class Environment:
    """A virtual environment, whose perdure and dependencies are links to those of the one that runs now.

    Args:
        folder: Where to make it.
    """

    def __init__(self, folder: Path) -> None:
        venv.EnvBuilder(symlinks=True).create(folder)
        self.python = folder / "bin" / "python"
        (self.site,) = folder.glob("lib/python*/site-packages")
        self.count = 0
        for needed in closure("perdure"):
            self.link(needed)

    def link(self, needed: Distribution) -> None:
        """Install a distribution by links."""
        self.count += 1
        for name in {file.parts[0] for file in needed.files or () if file.parts[0] not in ("..", "__pycache__")}:
            (self.site / name).symlink_to(Path(str(needed.locate_file(name))))

    def publish(self, number: int) -> None:
        """Install a distribution with a module for perdure."""
        name = f"bench-module-{number:02}"
        (self.site / f"{name.replace('-', '_')}.py").write_text(MODULE.format(name=name), "utf-8")
        self.write(name, f"[perdure]\n{name} = {name.replace('-', '_')}\n")

    def fill(self, count: int) -> None:
        """Install distributions that have nothing to do with perdure, until there are so many; a third have entry points."""
        for number in range(count - self.count):
            name = f"other-{number:03}"
            self.write(name, "" if number % 3 else f"[console_scripts]\n{name} = {name.replace('-', '_')}:main\n")

    def write(self, name: str, entry_points: str) -> None:
        """Write what pip would leave of a distribution."""
        self.count += 1
        folder = self.site / f"{name.replace('-', '_')}-1.0.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\nSummary: {'x' * 2000}\n", "utf-8")
        (folder / "RECORD").write_text("", "utf-8")
        if entry_points:
            (folder / "entry_points.txt").write_text(entry_points, "utf-8")

    def run(self, code: str, *arguments: str) -> str:
        """Run code in a process of its own, and return what it prints."""
        return python(str(self.python), code, *arguments)


def python(executable: str, code: str, *arguments: str, folder: Path | None = None) -> str:
    """Run code in a process of its own, and return what it prints.

    Args:
        executable: The interpreter.
        code: What it is to run.
        arguments: What else it is told.
        folder: Where it runs.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PERDURE_", "PYTHON", "COV_", "COVERAGE_"))}
    command = [executable, "-c", code, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=kept, cwd=folder).stdout


def bare(code: str, *arguments: str) -> str:
    """Run code in the environment of now, at the root of the repository."""
    return python(sys.executable, code, *arguments, folder=Path(__file__).parents[2])


def closure(name: str, known: set[str] | None = None) -> Iterator[Distribution]:
    """Yield a distribution and what it needs, each once."""
    known = set() if known is None else known
    if (normalized := canonicalize_name(name)) in known:
        return
    known.add(normalized)
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return  # needed on other systems
    yield found
    for line in found.requires or ():
        needed = Requirement(line)
        if needed.marker is None or needed.marker.evaluate({"extra": ""}):
            yield from closure(needed.name, known)
