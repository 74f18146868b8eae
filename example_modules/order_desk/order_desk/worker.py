"""A worker: takes orders, and says what became of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import true

from order_desk.lifecycle import OrderLifecycle
from order_desk.orders import history, orders
from perdure import TransitionNotAllowed, apply, apply_all, claim

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from perdure import Transition

REASON_LENGTH = 200
"""How much of what went wrong the history is told."""

BATCH = 10
"""How many orders a worker takes at a time."""


def serve(engine: Engine, deliver: Callable[[str], None], *, worker: str) -> int:
    """Work until no order waits.

    Args:
        engine: Where the orders are.
        deliver: Called with the item of each order; one that raises has failed, and is tried again up to three times.
        worker: Who works, for the history.

    Returns:
        How many orders were delivered.
    """
    delivered = 0
    while taken := take(engine, worker):
        for number, item in taken:
            try:
                deliver(item)
            except Exception as error:  # noqa: BLE001 - whatever it is, the order has failed and the worker goes on
                finish(engine, number, OrderLifecycle.fail, worker, reason=f"{type(error).__name__}: {error}")
            else:
                delivered += finish(engine, number, OrderLifecycle.complete, worker)
        with engine.begin() as connection:
            apply_all(connection, OrderLifecycle.retry, orders.c.status, true(), history=history, actor=worker)
    return delivered


def take(engine: Engine, worker: str) -> list[tuple[int, str]]:
    """Take orders that nobody else takes, in a short transaction of their own."""
    with engine.begin() as connection:
        rows = claim(
            connection,
            OrderLifecycle.take,
            orders.c.status,
            true(),
            limit=BATCH,
            order_by=[orders.c.id],
            returning=[orders.c.id, orders.c.item],
            values={"attempts": orders.c.attempts + 1},
            history=history,
            actor=worker,
        )
        return [(row.id, row.item) for row in rows]


def finish(engine: Engine, number: int, transition: Transition, worker: str, *, reason: str | None = None) -> bool:
    """Say what became of an order, and return whether it counted: a customer may have cancelled it meanwhile."""
    told = reason and reason.replace("\0", " ")[:REASON_LENGTH]
    try:
        with engine.begin() as connection:
            apply(connection, transition, orders.c.status, orders.c.id == number, history=history, actor=worker, reason=told)
    except TransitionNotAllowed:
        return False
    return True
