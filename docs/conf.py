"""How Sphinx builds these pages; `make docs` runs it."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for the extensions that lie here

project = "perdure"
author = "the perdure authors"
copyright = f"2026, {author}"  # noqa: A001 - Sphinx's name for it
release = metadata.version("perdure")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinxcontrib.mermaid",
    "extensions.docstrings",
    "extensions.offline",
]

myst_enable_extensions = ["attrs_inline"]
myst_fence_as_directive = ["mermaid"]
myst_heading_anchors = 3

default_role = "py:obj"  # what docstrings have in backquotes
autodoc_default_options = {"member-order": "bysource"}
maximum_signature_line_length = 90
napoleon_custom_sections = [("Attributes", "params_style"), ("Args of the class statement", "params_style")]
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = "perdure"
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
mermaid_fullscreen = False
mermaid_height = "auto"
mermaid_width = "min(100%, 42rem)"
