"""Status codes on the user's own tables: a column type, conditions, and moves of which one wins.

Import from here, or the same names from `perdure`.
"""

from __future__ import annotations

from perdure.columns.applying import apply, move
from perdure.columns.autogenerate import render_item
from perdure.columns.batches import apply_all, claim
from perdure.columns.codetype import CodeType
from perdure.columns.conditions import accepts, in_category
from perdure.columns.history import history_table
from perdure.columns.moves import Applied

__all__ = [
    "Applied",
    "CodeType",
    "accepts",
    "apply",
    "apply_all",
    "claim",
    "history_table",
    "in_category",
    "move",
    "render_item",
]
