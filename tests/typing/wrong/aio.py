"""What type checkers must refuse in the async face."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from perdure import App, StatusSpec

if TYPE_CHECKING:
    from perdure.aio.app import AsyncApp


@attrs.frozen
class Record:
    enable: bool
    visits: int = 0


STATUS = StatusSpec("typed", Record)


async def use(app: AsyncApp, sync: App) -> None:
    status = app.scope(STATUS).status
    status.field(lambda record: record.enabled)  # wrong
    visits = status.field(lambda record: record.visits)
    await visits.set("3")  # wrong
    await visits.update(lambda number: str(number))  # wrong
    await visits.compare_and_set("3", version=1)  # wrong
    visits.set(3).value  # wrong
    status.current  # wrong
    with app.begin():  # wrong
        pass
    with sync.begin() as connection:
        status.within(connection)  # wrong
    async with status.watch() as watch:
        for _ in watch:  # wrong
            pass
    async with app.begin() as transaction:
        await transaction.run_sync(lambda connection: connection.exec_driver_sq("SELECT 1"))  # wrong
    app.acting_as(3)  # wrong
