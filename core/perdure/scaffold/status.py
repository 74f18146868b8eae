"""A status for a package that exists: what `perdure new status` writes, and what it changes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from perdure.scaffold.entry_points import with_entry_point
from perdure.scaffold.identity import Identity, checked_distribution, normalized
from perdure.scaffold.plan import Plan, PlannedFile
from perdure.scaffold.project import Project
from perdure.scaffold.refused import Refused
from perdure.scaffold.source import requirement, status_source, suite_source

if TYPE_CHECKING:
    from pathlib import Path

HOOK = "perdure_status_specs"


def new_status(
    package: str, path: Path | None = None, *, module: str | None = None, force: bool = False
) -> tuple[Identity, Plan]:
    """Plan a status for a package: its record, its tests, and the entry point by which applications find it.

    Args:
        package: The package, with dots where it lies within another.
        path: Its folder, or that of its project; else the current folder and what can be imported are looked through.
        module: What the module is called, where that is not its distribution's name.
        force: Whether a `status.py` that is there is to be replaced.

    Returns:
        What it is called, and the files.

    Raises:
        InvalidName: The package or the module cannot be used.
        Refused: There is no such package or project, it has the hook already, or its pyproject.toml cannot be edited.
    """
    project = Project.of(package, path)
    name = checked_distribution(project.distribution if module is None else module, "module")
    identity = Identity(normalized(project.distribution), name, project.package, f"{project.package}.status")
    source = project.folder / "status.py"
    refuse_second_hook(project.folder, identity, but=source if force else None)
    edited = with_entry_point(project.text, identity, project.pyproject)
    tests = project.root / "tests" / f"test_{identity.package.replace('.', '_')}_status.py"
    files = [PlannedFile(source, status_source(identity)), PlannedFile(tests, suite_source(identity))]
    if edited != project.text:
        files.append(PlannedFile(project.pyproject, edited, project.text))
    missing = f'{project.pyproject} does not depend on perdure: add "{requirement()}" to its dependencies.'
    return identity, Plan(project.root, tuple(files), () if project.depends_on_perdure else (missing,))


def refuse_second_hook(folder: Path, identity: Identity, but: Path | None) -> None:
    """Refuse where a package declares a status already, and say what to add by hand.

    Args:
        folder: The package's.
        identity: What its status would be called.
        but: A file that will be replaced.

    Raises:
        Refused: One of its files has the hook.
    """
    for file in sorted(folder.rglob("*.py")):
        if file != but and file.is_file() and has_hook(file.read_bytes()):
            problem = f"{file} implements the hook {HOOK} already, and one for a package is enough"
            spec = f'StatusSpec("{identity.module}", {identity.record})'
            advice = f"Write a record of your own there, and add {spec} to the list that the hook returns."
            raise Refused(problem, advice)


def has_hook(source: bytes) -> bool:
    """Whether Python source defines a function that is called like the hook, or names it as the one that it is for."""
    if HOOK.encode() not in source:
        return False
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError):
        return True  # who knows
    return any(
        (isinstance(node, ast.FunctionDef) and node.name == HOOK) or (isinstance(node, ast.Constant) and node.value == HOOK)
        for node in nodes
    )
