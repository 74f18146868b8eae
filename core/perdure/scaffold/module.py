"""A new distribution: what `perdure new module` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure.scaffold.identity import Identity
from perdure.scaffold.installed import refuse_taken
from perdure.scaffold.plan import Plan, PlannedFile
from perdure.scaffold.source import authors, filled, requirement, status_source, suite_source

if TYPE_CHECKING:
    from pathlib import Path


def new_module(name: str, directory: Path, *, package: str | None = None, author: str | None = None) -> tuple[Identity, Plan]:
    """Plan a distribution that declares a status.

    Args:
        name: Its name, in any spelling that pip accepts; the folder, the module and the entry point go by pip's own.
        directory: Where its folder is made.
        package: Its package, where that is not the name with underscores.
        author: Who wrote it, as `Ada Lovelace <ada@example.org>`; nobody is named otherwise.

    Returns:
        What it is called, and the files.

    Raises:
        InvalidName: The name, the package or the author cannot be used.
        Refused: What is installed goes by that name.
    """
    identity = Identity.of_distribution(name, package)
    folder = directory / identity.module
    refuse_taken(identity, folder)
    source = f"{identity.package}/__init__.py"
    names = {"module": identity.module, "package": identity.package, "plugin": identity.plugin, "record": identity.record}
    texts = {
        "pyproject.toml": filled("pyproject.toml", **names, authors=authors(author), requirement=requirement()),
        "README.md": filled("README.md", **names, file=source),
        ".gitignore": filled("gitignore"),
        source: status_source(identity),
        f"{identity.package}/py.typed": "",
        "tests/test_status.py": suite_source(identity),
    }
    return identity, Plan(folder, tuple(PlannedFile(folder / path, text) for path, text in texts.items()))
