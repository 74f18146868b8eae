"""What type checkers know of the async face; every line must satisfy mypy --strict and pyright."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_type

import attrs

from perdure import Change, ChangeSet, Entry, StatusSpec
from perdure.aio.app import AsyncApp
from perdure.aio.field import AsyncField
from perdure.aio.scope import AsyncScope
from perdure.aio.status import AsyncModuleStatus

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession


@attrs.frozen
class Record:
    enable: bool
    visits: int = 0


STATUS = StatusSpec("typed", Record)


class OwnApp(AsyncApp):
    """A host's own."""


async def use(connection: AsyncConnection, session: AsyncSession) -> None:
    async with AsyncApp.open("sqlite://") as app:
        assert_type(app, AsyncApp)
    async with OwnApp.open("sqlite://") as own:
        assert_type(own, OwnApp)
    app = await AsyncApp.open("sqlite://")
    assert_type(app, AsyncApp)
    assert_type(app.scope(STATUS), AsyncScope[Record])
    assert_type(app.scope("typed"), AsyncScope[Any])
    assert_type(app.tenant("a").scope(STATUS).spec, StatusSpec[Record])
    status = app.scope(STATUS).status
    assert_type(status, AsyncModuleStatus[Record])
    assert_type(await status.get("enable"), Any)
    assert_type(await status.load(), Record)
    assert_type(await status.contains("enable"), bool)
    assert_type(status.field(lambda record: record.enable), AsyncField[bool])
    visits = status.field(lambda record: record.visits)
    assert_type(await visits.get(), int | None)
    assert_type(await visits.get("none"), int | str)
    assert_type(await visits.required(), int)
    assert_type(await visits.set(3), Entry[int])
    assert_type((await visits.update(lambda number: number + 1)).value, int)
    assert_type(await visits.compare_and_set(4, version=1), Entry[int])
    assert_type(await visits.revert(1), Entry[int] | None)
    assert_type(await visits.history(limit=3), list[Change])
    assert_type(await status.set_many({"visits": 1}), ChangeSet)
    assert_type((await status.watch("visits")).cursors, dict[str, int])
    async with app.watch() as watch:
        assert_type(watch.cursors, dict[str, dict[str, int]])
        assert_type(await watch.take(timeout=0.5), Change | None)
        async for change in watch:
            assert_type(change, Change)
    async with app.scope(STATUS).lock("report", timeout=1) as held:
        held.check()
    async with app.begin() as transaction:
        assert_type(status.within(transaction), AsyncModuleStatus[Record])
        assert_type(await transaction.run_sync(lambda connection: connection.exec_driver_sql("SELECT 1").rowcount), int)
    assert_type(status.within(connection), AsyncModuleStatus[Record])
    assert_type(await status.within(session).field(lambda record: record.visits).set(3), Entry[int])
    await app.close()
