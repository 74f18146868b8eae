"""The templates, filled in."""

from __future__ import annotations

import json
import re
from importlib import metadata
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from perdure.errors import InvalidName

if TYPE_CHECKING:
    from perdure.scaffold.identity import Identity

COLUMNS = 88
"""How long formatters let a line become, where they are not told otherwise."""

AUTHOR = re.compile(r"(?P<name>[^<>]*?)\s*(?:<(?P<email>[^<>\s@]+@[^<>\s@]+)>)?")


def filled(template: str, **values: str) -> str:
    """Return a template of this package with its placeholders filled in."""
    text = (files("perdure.scaffold") / "templates" / f"{template}.template").read_text("utf-8")
    return Template(text).substitute(values)


def status_source(identity: Identity) -> str:
    """Return the Python module that declares a status."""
    record = identity.record
    spec = f'STATUS = StatusSpec("{identity.module}", {record})'
    if len(spec) > COLUMNS:
        spec = f'STATUS = StatusSpec(\n    "{identity.module}",\n    {record},\n)'
    hook = f"def perdure_status_specs() -> list[StatusSpec[{record}]]:"
    if len(hook) > COLUMNS:
        hook = f"def perdure_status_specs() -> list[\n    StatusSpec[{record}]\n]:"
    return filled("status.py", module=identity.module, record=record, spec=spec, hook=hook)


def suite_source(identity: Identity) -> str:
    """Return the tests of a status."""
    return filled("test_status.py", distribution=identity.distribution, module=identity.module, plugin=identity.plugin)


def requirement() -> str:
    """Return the dependency on the perdure that is running, or on any where it is not installed but only there."""
    try:
        version = metadata.version("perdure")
    except metadata.PackageNotFoundError:
        return "perdure"
    return f"perdure>={version.partition('+')[0]}"  # a local version cannot be asked for


def authors(author: str | None) -> str:
    """Return the line of a pyproject.toml that names the author, with its end; nothing for nobody.

    Args:
        author: A name, with an e-mail address in angle brackets or without.

    Raises:
        InvalidName: It is neither.
    """
    if author is None:
        return ""
    found = AUTHOR.fullmatch(author.strip())
    if found is None or not author.isprintable() or not any(found.groups()):
        raise InvalidName("author", author, "is neither a name nor of the form 'Ada Lovelace <ada@example.org>'")
    parts = (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in found.groupdict().items() if value)
    return f"authors = [{{ {', '.join(parts)} }}]\n"
