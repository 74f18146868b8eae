"""What this module hands in to an application: a little status, and its lifecycle."""

from __future__ import annotations

import attrs

from order_desk.lifecycle import OrderLifecycle
from perdure import Lifecycle, StatusSpec, field, hookimpl


@attrs.frozen
class OrderDeskStatus:
    """What this module remembers; orders have a table of their own."""

    open: bool = field(default=True, description="Whether orders are taken")
    delivered: int = field(default=0, description="How many orders were delivered, ever")


STATUS = StatusSpec("order-desk", OrderDeskStatus)


@hookimpl
def perdure_status_specs() -> list[StatusSpec[OrderDeskStatus]]:
    """Declare the status of this module."""
    return [STATUS]


@hookimpl
def perdure_lifecycles() -> list[type[Lifecycle]]:
    """Hand in how an order moves, for others to extend."""
    return [OrderLifecycle]
