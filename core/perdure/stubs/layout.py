"""How source is laid out: as `ruff format` leaves it, whatever the line length of a project is, from 79 characters on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 79
"""The longest line that is not broken. What is broken has a comma at its end, for which formatters leave it so."""


def laid_out(head: str, items: Sequence[str], tail: str, *, indent: str = "", brackets: str = "()") -> str:
    """Return a list in brackets: on one line if it fits, else with a line for each item.

    Args:
        head: What stands before the bracket.
        items: What stands between the brackets.
        tail: What stands after them.
        indent: What the line begins with.
        brackets: The two of them.
    """
    opening, closing = brackets[0], brackets[1]
    line = f"{indent}{head}{opening}{', '.join(items)}{closing}{tail}"
    if len(line) <= WIDTH or (len(items) == 1 and opening == "["):  # a comma would make a tuple of it
        return line
    inner = f"{indent}    "
    return "\n".join(
        [f"{indent}{head}{opening}", *(f"{inner}{broken(item, inner)}," for item in items), f"{indent}{closing}{tail}"]
    )


def broken(item: str, indent: str) -> str:
    """Return an item; one that ends in very many names, or names of classes, in square brackets with a line for each."""
    found = re.fullmatch(r"(name: Literal|\w+: TypeAlias = Literal|\w*StatusOf)\[(.*)\]", item)
    if found is None or len(indent) + len(item) < WIDTH:
        return item
    return laid_out(found[1], found[2].split(", "), "", indent=indent, brackets="[]").removeprefix(indent)


def quoted(text: str) -> str:
    """Return a text as source has it, in the quotes that a formatter prefers."""
    plain = repr(text)
    if plain.startswith("'") and '"' not in text:
        return '"' + plain[1:-1].replace("\\'", "'") + '"'
    return plain


def camel(words: str) -> str:
    """Return words as the name of a class: `training-student` as `TrainingStudent`."""
    parts = re.findall(r"[0-9A-Za-z]+", words)
    name = "".join(part[0].upper() + part[1:] for part in parts)
    return name if name[:1].isalpha() else f"Module{name}"
