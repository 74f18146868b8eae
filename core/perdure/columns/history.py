"""The history of moves: an optional table of the user's, with one row per move, written in the move's transaction."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, cast, func, literal

from perdure.actor import acting
from perdure.codes.category import CODE_LENGTH
from perdure.names import ACTOR_LENGTH, NAME_LENGTH, REASON_LENGTH, checked_actor, checked_reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, MetaData


def history_table(metadata: MetaData, name: str = "status_history") -> Table:
    """Return a table for the history of moves, to be given as `history=`; one serves any number of tables.

    | column | |
    | --- | --- |
    | `id` | BIGINT, counting up |
    | `entity` | the row's primary key as text; of several columns, as a JSON array |
    | `column_name` | which column moved: `jobs.status` |
    | `from_code`, `to_code` | the status before and after |
    | `transition` | the name of the transition in its lifecycle |
    | `actor`, `reason` | who, and why, as told by the caller; else NULL |
    | `at` | when: microseconds since 1970, UTC, by the clock of the caller's machine |

    Args:
        metadata: The metadata that the table is to belong to.
        name: What to call it.
    """
    return Table(
        name,
        metadata,
        Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
        Column("entity", String(NAME_LENGTH), nullable=False),
        Column("column_name", String(NAME_LENGTH), nullable=False),
        Column("from_code", String(CODE_LENGTH), nullable=False),
        Column("to_code", String(CODE_LENGTH), nullable=False),
        Column("transition", String(NAME_LENGTH), nullable=False),
        Column("actor", String(ACTOR_LENGTH)),
        Column("reason", String(REASON_LENGTH)),
        Column("at", BigInteger, nullable=False),
        Index(f"{name}_by_entity", "column_name", "entity"),
    )


@attrs.frozen(eq=False)
class Note:
    """What the history is told of a call.

    Attributes:
        history: The table.
        facts: What is the same for every row of the call.
    """

    history: Table
    facts: dict[str, Any]

    @classmethod
    def of(cls, history: Table | None, actor: str | None, reason: str | None, column: str) -> Note | None:
        """Return what to tell the history, or None where there is none.

        Raises:
            InvalidName: The actor or the reason is nothing that a table can hold.
            TypeError: An actor or a reason is given, and no history to write it to.
        """
        if history is None:
            if actor is not None or reason is not None:
                message = "actor= and reason= are for the history: give history=, the table to write them to"
                raise TypeError(message)
            return None
        facts = {
            "column_name": column,
            "actor": acting.get() if actor is None else checked_actor(actor),
            "reason": None if reason is None else checked_reason(reason),
            "at": time.time_ns() // 1000,
        }
        return cls(history, facts)

    def literals(self) -> dict[str, ColumnElement[Any]]:
        """Return the facts as expressions, for a statement that finds the rest by itself."""
        return {name: literal(value, self.history.c[name].type) for name, value in self.facts.items()}


def entity_text(key: Sequence[Any]) -> str:
    """Return a row's primary key as the history has it."""
    if len(key) == 1:
        return str(key[0])
    return json.dumps(key, ensure_ascii=False, default=str)


def entity_expression(key: Sequence[ColumnElement[Any]]) -> ColumnElement[str]:
    """Return the same as an expression of PostgreSQL's."""
    return cast(key[0] if len(key) == 1 else func.json_build_array(*key), String)
