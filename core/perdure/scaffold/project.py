"""The project that a package belongs to: its folder, and its pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import attrs

from perdure.errors import InvalidName
from perdure.scaffold.installed import package_place
from perdure.scaffold.refused import Refused

DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*", re.ASCII)
INSTALLED = {"site-packages", "dist-packages"}
"""Folders in which packages lie that pip has copied: nobody edits these."""


@attrs.frozen
class Project:
    """A package in its source tree.

    Attributes:
        package: The package, with dots where it lies within another.
        folder: Its folder.
        pyproject: The project's pyproject.toml.
        text: What that file holds.
        distribution: The project's name.
        dependencies: What it says to depend on; None where something else says so.
    """

    package: str
    folder: Path
    pyproject: Path
    text: str
    distribution: str
    dependencies: tuple[str, ...] | None

    @classmethod
    def of(cls, package: str, path: Path | None = None) -> Project:
        """Find a package and its project.

        Args:
            package: The package; hyphens stand for underscores.
            path: Its folder, or its project's; None to look in the current folder, and through what can be imported.

        Raises:
            InvalidName: That is no name of a package.
            Refused: There is no such package, or it lies in no project that can be edited.
        """
        package = package.replace("-", "_")
        if not DOTTED.fullmatch(package):
            raise InvalidName("package", package, "is no name of a Python package")
        folder = package_folder(package, path)
        pyproject = pyproject_of(package, folder)
        text = read(pyproject)
        found = parsed(text, pyproject).get("project")
        if not isinstance(found, dict) or not isinstance(found.get("name"), str):
            problem = f"{pyproject} has no table [project] that names the distribution"
            raise Refused(problem, "Only such projects can be added to: see the standard for pyproject.toml.")
        listed = found.get("dependencies", None if "dependencies" in found.get("dynamic", ()) else [])
        return cls(package, folder, pyproject, text, found["name"], None if listed is None else tuple(listed))

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.pyproject.parent

    @property
    def depends_on_perdure(self) -> bool:
        """Whether it says so, as far as can be seen."""
        return self.dependencies is None or any(re.match(r"perdure(?![\w.-])", each, re.IGNORECASE) for each in self.dependencies)


def package_folder(package: str, path: Path | None) -> Path:
    """Return the folder of a package, or raise `Refused`."""
    inner = Path(*package.split("."))
    start = (path if path is not None else Path()).resolve()
    tried = [start / inner, start / "src" / inner]
    if start.name == inner.name:
        tried.append(start)
    if path is None and (place := package_place(package)) is not None:
        tried.append(place)
    for folder in tried:
        if (folder / "__init__.py").is_file():
            return folder
    where = "here, in src and among what can be imported" if path is None else f"at {path}, in it and in its src"
    advice = "Give --path with the package's folder, or that of its project; for a new one: perdure new module NAME."
    raise Refused(f"The package {package!r} was not found: looked {where} for a folder with an __init__.py", advice)


def pyproject_of(package: str, folder: Path) -> Path:
    """Return the pyproject.toml that stands beside a package, or above its src; or raise `Refused`."""
    if INSTALLED.intersection(folder.parts):
        raise Refused(f"{folder} is where pip has copied {package!r} to", "Give --path with the folder where it is developed.")
    beside = folder.parents[package.count(".")]
    for root in (beside, beside.parent):
        if (root / "pyproject.toml").is_file():
            return root / "pyproject.toml"
    problem = f"There is no pyproject.toml in {beside} or above it"
    raise Refused(problem, "An entry point is needed there: give --path with the package's folder within its project.")


def read(file: Path) -> str:
    """Return what a file holds, its line ends as they are."""
    try:
        return file.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{file} cannot be read: {error}", "Repair it first.") from error


def parsed(text: str, file: Path) -> dict[str, Any]:
    """Return what a TOML file says, or raise `Refused`."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Refused(f"{file} is no valid TOML: {error}", "Repair it first.") from error
