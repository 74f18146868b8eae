"""Orders move as their lifecycle says, also where the desk's own functions move them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from sqlalchemy import select

from order_desk import OrderLifecycle, cancel, orders
from order_desk.plugin import STATUS
from perdure import Statuses
from perdure.testing.lifecycle_suite import LifecycleSuite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement, Connection

    from perdure import App
    from perdure.testing.lifecycle_cases import Case


class TestOrders(LifecycleSuite):
    """On the table of orders; what a customer cancels is cancelled as the desk does it."""

    lifecycle = OrderLifecycle
    diagram = Path(__file__).parents[1] / "README.md"
    column = orders.c.status
    values: ClassVar[Mapping[str, Any]] = {"item": "tea"}
    conditions: ClassVar[Mapping[str, Any]] = {"retry": ({"attempts": 2}, {"attempts": 3})}

    def move(self, connection: Connection, column: Any, where: ColumnElement[bool], case: Case) -> object:
        """Cancel by the desk's own function, and move otherwise as perdure does."""
        if case.target != Statuses.CANCELLED:
            return super().move(connection, column, where, case)
        number = connection.execute(select(orders.c.id).where(where)).scalar_one()
        return cancel(connection, number, reason="found one")


@pytest.mark.perdure("order-desk")
def test_the_desk_is_open_unless_it_was_shut(perdure_app: App) -> None:
    """Nothing is stored at first."""
    assert perdure_app.scope(STATUS).status.load() == STATUS.record()
