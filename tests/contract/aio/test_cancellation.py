"""Whoever is cancelled leaves nothing half done and nothing behind, wherever it meets him."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool
from tests.contract.aio.conftest import MODULE, PLUGINS, own_threads
from tests.services.redis import redis_masters

from perdure import App, AppClosed
from perdure.aio import threads as threads_of_face
from perdure.aio.app import AsyncApp

pytestmark = pytest.mark.anyio

CANCELLATIONS = 200
NAMES = ("password", "visits", "size", "renamed")
LOCKS = ("one", "two")


@pytest.fixture(params=["without redis", "with redis"])
def redis(request):
    """A Redis master, or None."""
    if request.param == "without redis":
        yield None
    else:
        with redis_masters(1) as masters:
            yield masters[0]


class Calls:
    """Calls of every kind, each with values that no other writes; and what was acknowledged of them."""

    def __init__(self, app):
        self.app = app
        self.status = app.scope(MODULE).status
        self.acknowledged = []

    async def set(self, number):
        entry = await self.status.set("password", str(number))
        self.acknowledged.append(("password", entry.version, str(number)))

    async def update(self, number):
        entry = await self.status.update("visits", lambda _visits: number)
        self.acknowledged.append(("visits", entry.version, number))

    async def set_many(self, number):
        changes = await self.status.set_many({"size": number, "renamed": number})
        self.acknowledged.extend((name, changes[name].version, number) for name in ("size", "renamed"))

    async def lock(self, number):
        async with self.app.scope(MODULE).lock(LOCKS[number % 2], timeout=30) as held:
            await asyncio.sleep(0.001)
            held.check()

    async def begin(self, number):
        async with self.app.begin() as transaction:
            status = self.status.within(transaction)
            await status.set("size", number)
            await status.set("renamed", number)

    async def watch(self, number):
        async with self.status.watch("visits", since=0) as watch:
            await watch.take(0.01 * (number % 2))

    async def get(self, _number):
        await self.status.get("visits")
        await self.status.entries()


KINDS = ("set", "update", "set_many", "lock", "begin", "watch", "get")


async def cancelled_at_random(calls, seed):
    """Begin calls of every kind, a few at a time, and cancel each at some moment, some of them twice."""
    chance = random.Random(seed)
    places = asyncio.Semaphore(12)

    async def one(number):
        async with places:
            call = asyncio.create_task(getattr(calls, chance.choice(KINDS))(number))
            await asyncio.sleep(chance.choice((0, 0.0005, 0.002, 0.006)) * chance.random())
            for _ in range(chance.choice((1, 2))):
                call.cancel()
                await asyncio.sleep(0)
            with contextlib.suppress(asyncio.CancelledError):
                await call
            return call.cancelled()

    return sum(await asyncio.gather(*(one(number) for number in range(1, CANCELLATIONS + 1))))


def agree(app, acknowledged):
    """Hold values, versions and history against each other, and against what was acknowledged."""
    status = app.scope(MODULE).status
    written = {}
    for name in NAMES:
        changes = status.history(name, limit=1000)
        assert [change.version for change in changes] == list(range(len(changes), 0, -1))
        if changes:
            entry = status.entry(name)
            assert (entry.version, entry.value) == (changes[0].version, changes[0].value)
        assert len({change.value for change in changes}) == len(changes)
        written[name] = {(name, change.version, change.value) for change in changes}
    assert set(acknowledged) <= set().union(*written.values())
    together = [{value for _, _, value in written[name]} for name in ("size", "renamed")]
    assert together[0] == together[1]


OTHERS = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND backend_type = 'client backend'",  # and no autovacuum
    "mysql": "SELECT count(*) FROM information_schema.processlist WHERE db = database() AND id <> connection_id()",
}


@pytest.fixture
def left_open(url):
    """Counts the connections to a server's database, after a moment: servers notice late that a client has gone."""
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    question = OTHERS.get(engine.dialect.name)
    with engine.connect() as observer:  # one for all: the last one would be counted while it goes

        def count():
            for _ in range(250):
                found = observer.exec_driver_sql(question).scalar() if question else 0
                if not found:
                    break
                time.sleep(0.02)
            return found

        yield count


def perdure_threads():
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("perdure")]


async def test_two_hundred_cancellations_leave_nothing(url, redis, left_open):
    assert left_open() == 0
    async with AsyncApp.open(url, plugins=PLUGINS, redis=redis and redis.url) as app:
        calls = Calls(app)
        async with asyncio.timeout(100):
            cancelled = await cancelled_at_random(calls, seed=1)
            assert cancelled > CANCELLATIONS / 4
            for name in LOCKS:
                async with app.scope(MODULE).lock(name, timeout=0):
                    pass
            async with app.begin() as transaction:
                await calls.status.within(transaction).set("password", "the end")
        bound = threads_of_face.READERS + threads_of_face.WRITERS + 5
        assert len(own_threads()) <= bound
        assert [name for name in perdure_threads() if "async" not in name] in ([], ["perdure-watcher"])
        if redis is not None:
            assert redis.client.keys() == []
        await asyncio.to_thread(agree, app.app, calls.acknowledged)
    assert perdure_threads() == []
    assert left_open() == 0
    if url != "sqlite://":
        with App.open(url, plugins=PLUGINS) as after:
            agree(after, calls.acknowledged)
            assert after.scope(MODULE).status.set("visits", 0).value == 0


async def test_a_write_under_way_is_waited_for_and_then_the_cancellation_comes(status):
    begun, go_on = threading.Event(), threading.Event()

    def slowly(_visits):
        begun.set()
        assert go_on.wait(20)
        return 7

    writing = asyncio.create_task(status.update("visits", slowly))
    await asyncio.to_thread(begun.wait, 20)
    for _ in range(3):
        writing.cancel()
        await asyncio.sleep(0.01)
    assert not writing.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await status.get("visits") == 7


async def test_a_timeout_around_a_write_is_a_timeout_once_its_outcome_is_known(status):
    go_on = threading.Event()
    asyncio.get_running_loop().call_later(0.1, go_on.set)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await status.update("visits", lambda _visits: 7 if go_on.wait(20) else 8)
    assert await status.get("visits") == 7
    assert asyncio.current_task().cancelling() == 0


async def test_a_write_that_failed_meanwhile_is_a_cancellation_all_the_same(status):
    go_on = threading.Event()
    writing = asyncio.create_task(status.update("visits", lambda _visits: go_on.wait(20) // 0))
    await asyncio.sleep(0.05)
    writing.cancel()
    await asyncio.sleep(0.01)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert not await status.contains("visits")


async def test_a_write_in_line_never_begins(app, status):
    go_on = threading.Event()
    blocking = [asyncio.create_task(app.threads.write(lambda: go_on.wait(20))) for _ in range(threads_of_face.WRITERS)]
    await asyncio.sleep(0.02)
    writing = asyncio.create_task(status.set("visits", 1))
    await asyncio.sleep(0.02)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await status.get("visits") == 0  # which writes leave a thread to
    go_on.set()
    await asyncio.gather(*blocking)
    assert not await status.contains("visits")


async def test_opening_that_is_cancelled_closes_again(url, left_open):
    for number in range(15):
        opening = asyncio.create_task(AsyncApp.open(url, plugins=PLUGINS).opened())
        await asyncio.sleep(number / 500)
        opening.cancel()
        try:
            app = await opening
        except asyncio.CancelledError:
            continue
        await app.close()
    assert perdure_threads() == []
    assert left_open() == 0


async def test_closing_that_is_cancelled_is_done_all_the_same(url, left_open):
    for number in range(10):
        app = await AsyncApp.open(url, plugins=PLUGINS)
        writing = [asyncio.create_task(app.scope(MODULE).status.set("visits", each)) for each in range(20)]
        await asyncio.sleep(0)
        closing = asyncio.create_task(app.close())
        await asyncio.sleep(number / 2000)
        closing.cancel()
        await asyncio.wait([closing])
        outcomes = await asyncio.gather(*writing, return_exceptions=True)
        assert all(not isinstance(each, Exception) or isinstance(each, AppClosed) for each in outcomes)
        await app.close()
        assert perdure_threads() == []
    assert left_open() == 0
