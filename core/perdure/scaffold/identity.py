"""What a new module is called: its distribution, its package, its record, and which names can be these."""

from __future__ import annotations

import keyword
import re
import sys

import attrs

from perdure.errors import InvalidName

DISTRIBUTION = re.compile(r"[A-Z0-9]([A-Z0-9._-]*[A-Z0-9])?", re.IGNORECASE | re.ASCII)
"""Names of distributions, as the packaging standards have them."""

PACKAGE = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
"""Names of packages, as style guides and linters want them."""

NAME_LENGTH = 56
"""The longest name whose lines fit the 88 columns that formatters leave it."""

NEIGHBOURS = frozenset({"test", "tests"})
"""Packages that would be mistaken for a distribution's tests."""


@attrs.frozen
class Identity:
    """What a module with a status is called.

    Attributes:
        distribution: What pip calls its distribution, in lower case and with hyphens.
        module: Its own name, by which `app.scope(…)` finds it.
        package: The package that it lies in, with dots where it lies within another.
        plugin: The Python module that declares the status and holds the hook.
    """

    distribution: str
    module: str
    package: str
    plugin: str

    @classmethod
    def of_distribution(cls, name: str, package: str | None = None) -> Identity:
        """Return what a new distribution is called.

        Args:
            name: Its name, in any spelling that pip accepts.
            package: Its package, where that is not the name with underscores.

        Raises:
            InvalidName: Either cannot be used.
        """
        module = checked_distribution(name, "name")
        if package is not None:
            found = checked_package(package)
        else:
            found = checked_package(module.replace("-", "_"), "; choose another with --package NAME")
        return cls(module, module, found, found)

    @property
    def record(self) -> str:
        """The name of the record's class."""
        last = self.package.rpartition(".")[2]
        return "".join(part.capitalize() for part in last.split("_")) + "Status"


def checked_distribution(name: str, what: str) -> str:
    """Return a distribution's name as pip compares it: in lower case, with hyphens.

    Args:
        name: The name.
        what: What it is called in the error.

    Raises:
        InvalidName: It is none, or too long.
    """
    if not DISTRIBUTION.fullmatch(name):
        problem = (
            "is no name of a distribution: expected ASCII letters, digits, '-', '_' and '.', and at either end a letter or digit"
        )
        raise InvalidName(what, name, problem)
    if len(name) > NAME_LENGTH:
        raise InvalidName(what, name, f"has {len(name)} characters, and {NAME_LENGTH} fit")
    return normalized(name)


def normalized(name: str) -> str:
    """Return a distribution's name as PEP 503 normalizes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def checked_package(package: str, advice: str = "; choose another") -> str:
    """Return a package's name as it is.

    Args:
        package: The name.
        advice: What to do, where it cannot be used.

    Raises:
        InvalidName: Python, or what belongs to Python, has that name for itself, or it is none.
    """
    if not PACKAGE.fullmatch(package):
        problem = "is no name of a package: expected a lower-case letter, and then lower-case letters, digits and '_'"
    elif keyword.iskeyword(package):
        problem = "is a keyword of Python"
    elif package in sys.stdlib_module_names:
        problem = "is a module of Python's standard library"
    elif package in NEIGHBOURS:
        problem = "is what a folder of tests is called"
    elif len(package) > NAME_LENGTH:
        problem = f"has {len(package)} characters, and {NAME_LENGTH} fit"
    else:
        return package
    raise InvalidName("package", package, problem + advice)
