"""What Alembic writes for a `CodeType`: `sa.String(length=64)`, so that no migration imports perdure.

Alembic 1.18 and later find this by itself, as the plugin `alembic.autogenerate.perdure` that the distribution brings. For an
earlier one, or with a `render_item` of the host's own, it takes one line in `env.py`:
`context.configure(…, render_item=render_item)`. Alembic is not imported here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from perdure.codes.category import CODE_LENGTH
from perdure.columns.codetype import CodeType

if TYPE_CHECKING:
    from collections.abc import Callable


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Return what a migration says for a `CodeType`, and False, which is Alembic's default, for everything else.

    Args:
        kind: What Alembic is about to render.
        item: The object.
    """
    return f"sa.String(length={CODE_LENGTH})" if kind == "type" and isinstance(item, CodeType) else False


def setup(plugin: Any) -> None:
    """Take part in Alembic's autogenerate; Alembic calls this itself.

    Args:
        plugin: An `alembic.runtime.plugins.Plugin`.
    """
    plugin.add_autogenerate_comparator(before_rendering, "autogenerate")


def before_rendering(context: Any, _operations: Any) -> Any:
    """Put `render_item` behind the host's own, where that has one."""
    context.opts["render_item"] = followed(context.opts.get("render_item"))


def followed(first: Callable[[str, Any, Any], str | Literal[False]] | None) -> Callable[[str, Any, Any], str | Literal[False]]:
    """Return a `render_item` that asks the host's first."""

    def render(kind: str, item: Any, context: Any) -> str | Literal[False]:
        said = first(kind, item, context) if first else False
        return render_item(kind, item, context) if said is False else said

    return render
