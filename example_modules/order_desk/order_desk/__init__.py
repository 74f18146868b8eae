"""An order desk: orders in a table of their own, and workers of which each order is taken by one."""

from __future__ import annotations

from order_desk.lifecycle import OrderLifecycle
from order_desk.orders import cancel, metadata, orders, place, waiting
from order_desk.plugin import STATUS, OrderDeskStatus
from order_desk.worker import serve

__all__ = [
    "STATUS",
    "OrderDeskStatus",
    "OrderLifecycle",
    "cancel",
    "metadata",
    "orders",
    "place",
    "serve",
    "waiting",
]
