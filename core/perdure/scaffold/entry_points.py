"""An entry point, put into a pyproject.toml as text, so that its comments and layout stay.

One line is added, or one table at the end. The file is parsed before and after: if anything but that entry point is
different, it stays as it was, and the author is told what to add.
"""

from __future__ import annotations

import re
import tomllib
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from perdure.scaffold.project import parsed
from perdure.scaffold.refused import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from perdure.scaffold.identity import Identity

GROUP = "perdure"
TABLE = f"[project.entry-points.{GROUP}]"
HEADER = re.compile(rf"^\[project\.entry-points\.[\"']?{GROUP}[\"']?\][^\n]*$", re.MULTILINE)


def with_entry_point(text: str, identity: Identity, file: Path) -> str:
    """Return the text of a pyproject.toml with the entry point of a status in it; the same text where it has it already.

    Args:
        text: What the file holds.
        identity: What the status is called.
        file: Where it lies, for the errors.

    Raises:
        Refused: It cannot be added without a change to something else.
    """
    before = parsed(text, file)
    project = before["project"]
    group = project.get("entry-points", {}).get(GROUP, {})
    if identity.plugin in group.values():
        return text
    name = free_name(group, identity, file)
    line = f'{name} = "{identity.plugin}"'
    by_hand = f"and run the command again:\n\n{TABLE}\n{line}\n"
    if "entry-points" in project.get("dynamic", ()):
        raise Refused(f"{file} leaves its entry points to its build (dynamic)", f"Move them there with this one, {by_hand}")
    expected = deepcopy(before)
    expected["project"].setdefault("entry-points", {}).setdefault(GROUP, {})[name] = identity.plugin
    edited = added(text, line)
    if says(edited) != expected:
        problem = f"{file} is written in a way that cannot be added to without a change to something else"
        raise Refused(problem, f"Add this entry point where the others are, {by_hand}")
    return edited


def free_name(group: dict[str, Any], identity: Identity, file: Path) -> str:
    """Return the name of an entry point that there is not yet, or raise `Refused`."""
    for name in (identity.module, f"{identity.module}-status"):
        if name not in group:
            return name
    raise Refused(f"{file} has entry points {identity.module} and {name} already", "Choose a name with --module NAME.")


def added(text: str, line: str) -> str:
    """Return a text with a line under the table's header; with the whole table at its end, where it has none."""
    newline = "\r\n" if "\r\n" in text else "\n"
    header = HEADER.search(text)
    if header is None:
        body = text.rstrip("\r\n")
        return f"{body}{newline}{newline}{TABLE}{newline}{line}{newline}"
    end = header.end() - header[0].endswith("\r")
    return f"{text[:end]}{newline}{line}{text[end:]}"


def says(text: str) -> dict[str, Any] | None:
    """Return what TOML says, or None where it is none."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
