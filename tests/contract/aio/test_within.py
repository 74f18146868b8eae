"""The async face within transactions of a host's own asynchronous engine, by each driver that has one."""

from __future__ import annotations

import asyncio
import queue

import attrs
import pytest
from sqlalchemy import create_engine, event, make_url
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_cursor
from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session, async_sessionmaker, create_async_engine
from tests.contract.aio.conftest import MODULE, OWN
from tests.contract.conftest import TRAINING, User, emptied

from perdure import Conflict, StoreError, TransactionRefused, ValueRefused, VersionConflict, hookimpl
from perdure.aio.app import AsyncApp

pytestmark = pytest.mark.anyio

DRIVERS = {"aiosqlite": "sqlite", "asyncpg": "postgresql", "psycopg": "postgresql"}


class Listener:
    """A plugin that is told of changes."""

    def __init__(self):
        self.told = queue.Queue()

    @hookimpl
    def perdure_status_specs(self):
        return [TRAINING]

    @hookimpl
    def perdure_value_changed(self, app, change):
        self.told.put((change.name, change.version, change.value))


@attrs.define
class House:
    """An App, and a host's own engine on its database."""

    app: AsyncApp
    engine: object
    listener: Listener
    name: str

    @property
    def status(self):
        return self.app.scope(TRAINING).status

    async def told(self):
        """Everything that was told of so far; a last write of the App's own says that nothing is on its way."""
        await self.status.set("limits", {"told": 1})
        found = []
        while (one := await asyncio.to_thread(self.listener.told.get, timeout=10))[0] != "limits":
            found.append(one)
        return found


@pytest.fixture(params=DRIVERS)
def driver(request):
    return request.param


@pytest.fixture
def url_of_app(request, driver, tmp_path):
    if driver == "aiosqlite":
        return f"sqlite:///{tmp_path}/app.db"
    return emptied(request.getfixturevalue("postgresql_url"))


@pytest.fixture
async def house(url_of_app, driver, anyio_backend):
    listener = Listener()
    async with AsyncApp.open(url_of_app, plugins=[listener]) as app:
        engine = create_async_engine(asynchronous(url_of_app, driver))
        try:
            yield House(app, engine, listener, driver)
        finally:
            await engine.dispose()


def asynchronous(url, driver):
    """The URL of the same database by a driver that awaits."""
    return make_url(url).set(drivername=f"{DRIVERS[driver]}+{driver}", query={})


def begin_immediately(engine):
    """Let SQLite begin each transaction as its writer, in the way that SQLAlchemy's documentation tells."""
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine.sync_engine, "connect")
        def connect(connection, _record):
            connection.isolation_level = None

        @event.listens_for(engine.sync_engine, "begin")
        def begin(connection):
            connection.exec_driver_sql("BEGIN IMMEDIATE")


async def test_everything_works_inside_and_is_seen_outside_after_the_commit(house):
    async with house.engine.begin() as connection:
        status = house.status.within(connection)
        assert await status.get("visits") == 0
        assert not await status.contains("visits")
        assert (await status.set("visits", 5, reason="räson")).version == 1
        assert (await status.update("visits", lambda number: number + 1)).value == 6
        assert (await status.compare_and_set("visits", 7, version=2)).version == 3
        with pytest.raises(VersionConflict):
            await status.compare_and_set("visits", 8, version=2)
        assert await status.field(lambda record: record.visits).get() == 7
        changes = await status.set_many({"enable": True, "user": User("ädä", 36), "tags": ["a", "b"]})
        assert changes["user"].version == 1
        assert [change.value for change in await status.history("visits")] == [7, 6, 5]
        assert [change.version for change in await status.history("visits", before=3, limit=1)] == [2]
        assert len(await status.history(limit=50)) == 6
        assert len(await status.history(before=(await status.history())[0])) == 5
        assert (await status.revert("visits", 1)).value == 5
        assert (await status.entry("visits")).version == 4
        assert (await status.load()).user == User("ädä", 36)
        assert [entry.name for entry in await status.entries()] == ["enable", "tags", "user", "visits"]
        assert await status.unset("tags")
        await status.revert_change_set(changes)
        assert await status.forget("visits") == 4
        assert await house.status.get("visits") == 0
    assert await house.status.get("visits") == 5
    assert await house.status.get("enable") is None
    told = await house.told()
    assert [(name, version) for name, version, _ in told][:3] == [("visits", 1), ("visits", 2), ("visits", 3)]
    assert len(told) == 11


async def test_it_rolls_back_with_the_caller_and_is_told_to_nobody(house):
    async with house.engine.connect() as connection:
        status = house.status.within(connection)
        await status.set("visits", 5)
        await status.set_many({"size": 6, "enable": True})
        await connection.rollback()
        assert await status.get("visits") == 0
        await status.set("visits", 1)
        await connection.commit()
        await status.set("visits", 2)
    assert await house.status.get("visits") == 1
    with pytest.raises(ZeroDivisionError):
        async with house.engine.begin() as connection:
            await house.status.within(connection).update("visits", lambda number: number // 0)
    assert [change.version for change in await house.status.history()] == [1]
    assert await house.told() == [("visits", 1, 1)]


async def test_a_savepoint_takes_back_what_came_after_it(house):
    begin_immediately(house.engine)
    async with house.engine.begin() as connection:
        status = house.status.within(connection)
        await status.set("visits", 1)
        async with connection.begin_nested() as kept:
            await status.set("size", 7)
            await kept.commit()
        async with connection.begin_nested() as undone:
            await status.set("visits", 9)
            await status.set("renamed", 9)
            await undone.rollback()
        assert await status.get("visits") == 1
        assert (await status.set("visits", 2)).version == 2
    assert [entry.value for entry in await house.status.entries()] == [7, 2]
    assert await house.told() == [("visits", 1, 1), ("size", 1, 7), ("visits", 2, 2)]


async def test_a_session_is_followed_through_its_transactions(house):
    begin_immediately(house.engine)
    async with AsyncSession(house.engine) as session:
        status = house.status.within(session)
        async with session.begin():
            assert (await status.set("visits", 1)).version == 1
            assert (await status.update("visits", lambda number: number + 1)).version == 2
        assert await house.status.get("visits") == 2
        await status.set("visits", 3)
        await session.rollback()
        await status.compare_and_set("visits", 4, version=2)
        async with session.begin_nested() as nested:
            await status.set_many({"visits": 5, "size": 5})
            await nested.rollback()
        await status.revert("visits", 1)
        await session.commit()
    assert (await house.status.entry("visits")).version == 4
    assert [value for _, _, value in await house.told()] == [1, 2, 4, 1]


async def test_a_write_is_whole_or_not_there_where_the_caller_goes_on(house):
    async with house.engine.begin() as connection:
        status = house.status.within(connection)
        with pytest.raises(ValueRefused):
            await status.set_many({"visits": 1, "size": 0})
        await status.set("size", 2)
    assert [entry.name for entry in await house.status.entries()] == ["size"]


async def test_a_transaction_that_has_failed_says_so_and_tells_nobody(house):
    if house.name == "aiosqlite":
        pytest.skip("on SQLite a statement fails alone")
    async with house.engine.connect() as connection:
        status = house.status.within(connection)
        await status.set("visits", 1)
        with pytest.raises(Exception, match="nowhere"):
            await connection.exec_driver_sql("SELECT * FROM nowhere")
        with pytest.raises(TransactionRefused, match="an earlier error has ended the transaction"):
            await status.set("visits", 2)
        await connection.commit()  # which PostgreSQL answers with a ROLLBACK
        assert await status.get("visits") == 0
        await status.set("visits", 3)
        await connection.commit()
    assert await house.told() == [("visits", 1, 3)]


async def test_a_savepoint_that_has_failed_and_is_rolled_back_leaves_the_rest(house):
    if house.name == "aiosqlite":
        pytest.skip("on SQLite a statement fails alone")
    async with house.engine.begin() as connection:
        status = house.status.within(connection)
        await status.set("visits", 1)
        with pytest.raises(Exception, match="nowhere"):
            async with connection.begin_nested():
                await status.set("visits", 2)
                await connection.exec_driver_sql("SELECT * FROM nowhere")
    assert await house.told() == [("visits", 1, 1)]


async def test_another_writer_in_the_way_is_a_conflict(house):
    await house.status.set("visits", 1)
    sqlite = house.name == "aiosqlite"
    engine = house.engine if sqlite else house.engine.execution_options(isolation_level="REPEATABLE READ")
    if sqlite:
        event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    async with engine.connect() as connection:
        status = house.status.within(connection)
        assert await status.get("visits") == 1
        await house.status.set("visits", 2)
        with pytest.raises(Conflict, match="Roll it back. Run it again"):
            await status.update("visits", lambda number: number + 1)
        await connection.rollback()
        assert (await status.update("visits", lambda number: number + 1)).value == 3
        await connection.commit()
    assert await house.told() == [("visits", 1, 1), ("visits", 2, 2), ("visits", 3, 3)]


async def test_what_cannot_be_joined_is_refused_with_a_word_of_advice(house):
    engine = create_engine(make_url("sqlite://"))
    with engine.connect() as connection:
        for given in (connection, house.engine.begin(), async_scoped_session(async_sessionmaker(house.engine), object), None):
            with pytest.raises(TransactionRefused, match="Give an AsyncConnection, an AsyncSession, or what AsyncApp.begin"):
                house.status.within(given)
    engine.dispose()
    waiting = house.engine.connect()
    with pytest.raises(TransactionRefused, match="the connection is not open yet. Await it"):
        await house.status.within(waiting).get("visits")
    connection = await house.engine.connect()
    status = house.status.within(connection)
    await status.get("visits")
    await connection.close()
    for closed in (status, house.status.within(connection)):
        with pytest.raises(TransactionRefused, match="the connection is closed. Call within"):
            await closed.get("visits")
        with pytest.raises(TransactionRefused, match="the connection is closed. Call within"):
            await closed.set("visits", 1)
    async with house.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        with pytest.raises(TransactionRefused, match="in AUTOCOMMIT"):
            await house.status.within(connection).set("visits", 1)
    assert not await house.status.contains("visits")


async def test_another_database_is_refused(house, tmp_path):
    other = f"sqlite+aiosqlite:///{tmp_path}/other.db"
    if house.name != "aiosqlite":
        other = make_url(asynchronous(house.engine.url, house.name)).set(database="postgres")
    engine = create_async_engine(other)
    async with engine.connect() as connection:
        with pytest.raises(TransactionRefused, match="where this App's tables are not"):
            await house.status.within(connection).set("visits", 1)
    await engine.dispose()


async def test_a_commit_that_is_cancelled_is_told_only_if_it_is_there(house):
    """Told or not: never what is not there."""
    for number in range(1, 20):
        connected = asyncio.Event()

        async def write(number=number, connected=connected):
            async with house.engine.connect() as connection:
                await connection.exec_driver_sql("SELECT 1")
                connected.set()  # asyncpg is loud about being cancelled before
                await house.status.within(connection).set("visits", number)
                await connection.commit()

        task = asyncio.create_task(write())
        await connected.wait()
        await asyncio.sleep(number / 4000)
        task.cancel()
        await asyncio.wait([task])
    # What was under way is either done soon, or has let go of its locks.
    async with asyncio.timeout(20):
        await house.status.set("visits", 0)
    versions = [change.version for change in await house.status.history("visits")]
    assert versions == list(range(len(versions), 0, -1))
    there = {(change.name, change.version, change.value) for change in await house.status.history("visits")}
    assert set(await house.told()) <= there


async def test_who_is_cancelled_when_asked_to_commit_keeps_no_transaction_open(house, monkeypatch):
    """asyncpg alone must be asked, before COMMIT, whether there is anything to commit; SQLAlchemy does not see to a listener."""
    asked = []
    ask = AsyncAdapt_asyncpg_cursor.execute

    def cancelled(cursor, operation, parameters=None):
        asked.append(operation)
        asyncio.current_task().cancel()
        return ask(cursor, operation, parameters)

    async def write():
        async with house.engine.connect() as connection:
            await house.status.within(connection).set("visits", 1)
            monkeypatch.setattr(AsyncAdapt_asyncpg_cursor, "execute", cancelled)
            await connection.commit()

    await asyncio.wait([task := asyncio.create_task(write())])
    monkeypatch.undo()
    assert asked == (["SELECT 1"] if house.name == "asyncpg" else [])
    assert task.cancelled() is bool(asked)
    assert (await house.status.set("visits", 2)).version == (1 if asked else 2)  # nobody has its row, or this would time out
    assert await house.told() == ([] if asked else [("visits", 1, 1)]) + [("visits", 1 if asked else 2, 2)]


async def test_a_commit_that_a_listener_prevents_is_told_to_nobody(house):
    async with house.engine.begin() as connection:
        await house.status.within(connection).set("visits", 1)

    @event.listens_for(house.engine.sync_engine, "commit")
    def prevent(_connection):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        async with house.engine.begin() as connection:
            await house.status.within(connection).set("visits", 2)
    event.remove(house.engine.sync_engine, "commit", prevent)
    async with house.engine.begin() as connection:
        await house.status.within(connection).set("visits", 3)
    assert await house.told() == [("visits", 1, 1), ("visits", 2, 3)]


async def test_joining_for_the_first_time_is_no_work_for_the_loop(house, own_work):
    async with house.engine.connect() as connection:
        await connection.exec_driver_sql("SELECT 1")
        await asyncio.sleep(0)
        own_work[0] = 0
        await house.status.within(connection).get("visits")
        await house.status.within(connection).set("visits", 1)
        await asyncio.sleep(0)
    assert own_work[0] < OWN


# --------------------------------------------------------------------------- the App's own transactions


async def test_a_transaction_of_the_app_commits_with_its_block_and_rolls_back_with_what_it_raises(app, status):
    async with app.begin() as transaction:
        inside = status.within(transaction)
        assert (await inside.set("visits", 5)).version == 1
        assert (await inside.update("visits", lambda number: number + 1)).version == 2
        assert await transaction.run_sync(lambda connection, more: connection.exec_driver_sql(f"SELECT {more}").scalar(), 7) == 7
    with pytest.raises(ZeroDivisionError):
        async with app.begin() as transaction:
            await status.within(transaction).set("visits", 9)
            await status.within(transaction).update("visits", lambda number: number // 0)
    assert await status.get("visits") == 6
    for over in (inside.get("visits"), inside.set("visits", 1), status.within(transaction).get("visits")):
        with pytest.raises(TransactionRefused, match="the transaction is over"):
            await over


async def test_a_task_in_a_transaction_is_refused_what_a_thread_is(app, status):
    async with asyncio.timeout(20):
        async with app.begin() as transaction:
            await status.within(transaction).set("visits", 5)
            await status.get("visits")
            for other in (status.set("visits", 6), status.update("size", lambda number: number + 1)):
                with pytest.raises(StoreError, match=r"within \(status.within\)|within it"):
                    await other
            with pytest.raises(StoreError, match=r"within \(status.within\)|within it"):
                async with app.begin():
                    pass
        assert await status.get("visits") == 5
        await status.set("visits", 6)


async def test_more_transactions_than_threads_wait_for_one_another(app, status):
    async def add(number):
        async with app.begin() as transaction:
            await status.within(transaction).update("visits", lambda visits: visits + number)
            await asyncio.sleep(0)

    await asyncio.gather(*(add(1) for _ in range(40)))
    assert await status.get("visits") == 40
    assert len({change.version for change in await status.history("visits")}) == 40


async def test_a_transaction_that_is_cancelled_leaves_nothing(app, status):
    for _ in range(3):
        begun = asyncio.Event()

        async def hold(begun=begun):
            async with app.begin() as transaction:
                await status.within(transaction).set("visits", 1)
                begun.set()
                await asyncio.sleep(60)

        task = asyncio.create_task(hold())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with asyncio.timeout(10):
        assert (await status.set("visits", 2)).version == 1


async def test_the_apps_transaction_of_another_app_is_refused(app, open_async, url):
    other = await open_async()
    async with app.begin() as transaction:
        status = other.scope(MODULE).status.within(transaction)
        if url == "sqlite://":
            with pytest.raises(TransactionRefused, match="where this App's tables are not"):
                await status.get("visits")
        else:
            await status.set("visits", 3)
    assert await app.scope(MODULE).status.get("visits") == (0 if url == "sqlite://" else 3)


async def test_tasks_that_a_task_in_a_transaction_starts_are_refused_too_and_wait_for_nothing(app, status):
    async with asyncio.timeout(20):
        async with app.begin() as transaction:
            await status.within(transaction).set("visits", 5)
            await asyncio.wait_for(status.get("visits"), 10)
            with pytest.raises(StoreError, match=r"within \(status.within\)|within it"):
                await asyncio.create_task(status.set("visits", 6))
            later = asyncio.create_task(after(over := asyncio.Event(), status))
        over.set()
        assert (await later).value == 7


async def after(over, status):
    """Write when the transaction is over in which this task was started."""
    await over.wait()
    return await status.set("visits", 7)
