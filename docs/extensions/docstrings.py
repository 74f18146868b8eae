"""Has docstrings shown as they are written: Markdown in backquotes and fences, and names that lead to their own place."""

from __future__ import annotations

import re
from inspect import getdoc
from textwrap import indent
from typing import TYPE_CHECKING, Any

from sphinx.ext.napoleon import GoogleDocstring

import perdure

if TYPE_CHECKING:
    from docutils.nodes import Element
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

MADE_BY_HAND = {"Binding", "CodeType", "StatusCode", "StatusSpec"}
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def with_code_as_rst(_app: Sphinx, _what: str, _name: str, _found: object, _options: object, lines: list[str]) -> None:
    """Turn the fenced code of a docstring, which editors show, into what Sphinx reads."""
    text = FENCE.sub(lambda fence: f".. code-block:: {fence[1] or 'text'}\n\n{indent(fence[2], '   ')}", "\n".join(lines))
    lines[:] = text.split("\n")


def with_sections(  # noqa: PLR0913, PLR0917 - what autodoc tells
    app: Sphinx, what: str, name: str, found: object, options: Any, lines: list[str]
) -> None:
    """Read the docstring of a property as that of a method: napoleon would take what is before its first colon for a type."""
    if what == "property":
        lines[:] = GoogleDocstring(getdoc(found) or "", app.config, app, "method", name, found, options).lines()


def without_what_nobody_calls(
    _app: Sphinx, what: str, name: str, _found: object, _options: object, arguments: str | None, _returned: str | None
) -> tuple[str, str] | None:
    """Leave out how a class is made where it is perdure that makes it."""
    made_by_hand = what != "class" or name.rpartition(".")[2] in MADE_BY_HAND
    return None if made_by_hand or arguments is None else ("", "")


def public_or_plain(app: Sphinx, env: BuildEnvironment, node: pending_xref, shown: Element) -> Element | None:
    """Lead a name in a docstring or annotation to where it is documented; leave those of other libraries as they are written."""
    if node.get("refdomain") != "py":
        return None
    package, _, name = node["reftarget"].rpartition(".")
    if name not in perdure.EXPORTS or package.partition(".")[0] not in {"", "perdure"}:
        return shown
    target = f"perdure.errors.{name}" if perdure.EXPORTS[name] == "perdure.errors" else f"perdure.{name}"
    return env.get_domain("py").resolve_xref(env, node["refdoc"], app.builder, "obj", target, node, shown)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register what is above."""
    app.connect("autodoc-process-docstring", with_code_as_rst, priority=400)  # napoleon has 500
    app.connect("autodoc-process-docstring", with_sections, priority=600)
    app.connect("autodoc-process-signature", without_what_nobody_calls)
    app.connect("missing-reference", public_or_plain)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
