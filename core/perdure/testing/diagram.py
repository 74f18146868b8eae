"""A lifecycle's diagram in a file, held against the lifecycle."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from perdure.codes.graph import Graph
    from perdure.codes.lifecycle import Lifecycle


def drift(file: Path, graph: Graph) -> str | None:
    """Return how a file differs from the diagram of a lifecycle, or None.

    Args:
        file: The diagram; or a page in Markdown, one of whose `mermaid` blocks is it.
        graph: The lifecycle.
    """
    expected = graph.mermaid().strip()
    if not file.is_file():
        return f"There is no file {file}."
    text = file.read_text("utf-8")
    drawn = [block.strip() for block in blocks(text)] if file.suffix == ".md" else [text.strip()]
    if expected in drawn:
        return None
    if not drawn:
        return f"{file} has no block of mermaid."
    nearest = max(drawn, key=lambda each: difflib.SequenceMatcher(None, each, expected).ratio())
    difference = difflib.unified_diff(nearest.splitlines(), expected.splitlines(), str(file), graph.name, lineterm="")
    return "\n".join([f"{file} is not the diagram of {graph.name}.", "", *difference])


def blocks(text: str) -> list[str]:
    """Return the blocks of mermaid in a page."""
    return [part.partition("```")[0] for part in text.split("```mermaid\n")[1:]]


def command(lifecycle: type[Lifecycle], *, merged: bool) -> str:
    """Return the command that writes a diagram.

    Args:
        lifecycle: The lifecycle, as it is written.
        merged: Whether it is the one to which plugins have added, which the command line knows.
    """
    name = lifecycle.__qualname__
    if merged:
        return f"perdure lifecycle {name} --mermaid"
    outermost = name.partition(".")[0]
    code = f"from perdure import graph; from {lifecycle.__module__} import {outermost}; print(graph({name}).mermaid(), end='')"
    return f'python -c "{code}"'
