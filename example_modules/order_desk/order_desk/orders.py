"""The table of orders, and what customers do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, Integer, MetaData, String, Table, func, insert, select

from order_desk.lifecycle import OrderLifecycle
from perdure import Applied, Category, CodeType, Statuses, apply, history_table, in_category

if TYPE_CHECKING:
    from sqlalchemy import Connection

metadata = MetaData()

orders = Table(
    "orders",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("item", String(100), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("status", CodeType(OrderLifecycle), nullable=False, index=True, default=Statuses.NEW),
)

history = history_table(metadata, "order_history")


def place(connection: Connection, item: str) -> int:
    """Take an order, put it into the queue, and return its number."""
    number: int = connection.execute(insert(orders).values(item=item)).inserted_primary_key[0]  # type: ignore[index]
    apply(connection, OrderLifecycle.queue, orders.c.status, orders.c.id == number, history=history)
    return number


def cancel(connection: Connection, number: int, *, reason: str) -> Applied:
    """Cancel an order, unless it is done; raises `TransitionNotAllowed` then."""
    which = orders.c.id == number
    return apply(connection, OrderLifecycle.cancel, orders.c.status, which, history=history, actor="customer", reason=reason)


def waiting(connection: Connection) -> int:
    """Return how many orders wait or are being worked on."""
    unfinished = in_category(orders.c.status, Category.PENDING, Category.ACTIVE)
    return connection.execute(select(func.count()).where(unfinished)).scalar_one()
