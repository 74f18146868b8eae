"""Has the pictures drawn without a network, where `make docs` could fetch what draws them; else a reader's browser fetches it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

MERMAID = Path(__file__).parents[2] / "build" / "mermaid"
DRAW = """\
const script = document.createElement("script");
script.src = document.documentElement.dataset.content_root + "_static/mermaid.min.js";
await new Promise((loaded) => { script.onload = loaded; document.head.append(script); });
export default globalThis.mermaid;
"""


def draw_without_a_network(app: Sphinx) -> None:
    """Have the browser take the copy in these pages where the extension names one on the Internet."""
    if any(MERMAID.glob("*.js")):
        app.config.html_static_path.append(str(MERMAID))
        theirs = f"https://cdn.jsdelivr.net/npm/mermaid@{app.config.mermaid_version}/dist/mermaid.esm.min.mjs"
        imports = {"imports": {theirs: f"data:text/javascript,{DRAW}"}}
        app.add_js_file(None, body=json.dumps(imports), type="importmap", priority=100)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register what is above."""
    app.connect("builder-inited", draw_without_a_network)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
