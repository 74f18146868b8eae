"""Rows whose tenant, module or name is no text: no key leads to them, and only SQL reaches them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure.doctor.finding import error
from perdure.names import Key
from perdure.store.sqlite.text import Illegible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perdure.doctor.finding import Finding


def key_finding(table: str, parts: Sequence[object]) -> Finding:
    """Tell of rows under a key that is none.

    Args:
        table: Which table they are in.
        parts: What is there in place of a tenant, a module and a name.
    """
    rows = f"FROM {table} WHERE {' AND '.join(map(condition, Key._fields, parts))}"
    problem = f"expected text, got {', '.join(f'{part!r:.40}' for part in parts)}: nobody can read what is stored there"
    advice = f"Look at it, and delete it by hand: SELECT * {rows}; DELETE {rows}"
    return error("key-damaged", f"a row of {table}", problem, advice)


def condition(column: str, part: object) -> str:
    """Return the SQL by which a column is found to hold something."""
    if part is None:
        return f"{column} IS NULL"
    return f"{column} = {literal(part)}"


def literal(part: object) -> str:
    """Return what a database holds, as SQL."""
    if isinstance(part, Illegible):
        return f"CAST(x'{part.raw.hex()}' AS TEXT)"
    if isinstance(part, bytes):
        return f"x'{part.hex()}'"
    return "'" + str(part).replace("'", "''") + "'"
