"""perdure: durable, typed status for every pip-installed module, and status codes that plugins extend.

What is listed here is public. Every name is imported when it is first used, so that a module which only declares its status
does not load a database library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perdure.app import App
    from perdure.plugins.hookspecs import hookimpl
    from perdure.records.entry import Entry
    from perdure.records.fields import field
    from perdure.records.spec import StatusSpec
    from perdure.scope.field import Field
    from perdure.scope.scope import Scope
    from perdure.scope.status import ModuleStatus

EXPORTS = {
    "App": "perdure.app",
    "Entry": "perdure.records.entry",
    "Field": "perdure.scope.field",
    "ModuleStatus": "perdure.scope.status",
    "Scope": "perdure.scope.scope",
    "StatusSpec": "perdure.records.spec",
    "field": "perdure.records.fields",
    "hookimpl": "perdure.plugins.hookspecs",
}

__all__ = ["App", "Entry", "Field", "ModuleStatus", "Scope", "StatusSpec", "field", "hookimpl"]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used (PEP 562)."""
    try:
        module = EXPORTS[name]
    except KeyError:
        raise AttributeError(f"module 'perdure' has no attribute {name!r}") from None
    found = getattr(import_module(module), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """List the public names."""
    return sorted({*globals(), *__all__})
