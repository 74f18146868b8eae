"""Reads that may be a little old in the async face: from memory in the loop, and the same memory as the sync face has."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from tests.contract.aio.conftest import MODULE, OWN, PLUGINS
from tests.contract.conftest import TRAINING, User, emptied
from tests.unit.store.aged.shelf import Clock

from perdure import App, AppClosed, InvalidArgument, StatusNotSet, StoreUnavailable, UnknownStatusName
from perdure.aio.app import AsyncApp

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock(app):
    """The clock by which the App tells what is old: set by hand, and before anything is asked for by its age."""
    app.app.resources.store.snapshots.clock = Clock()
    return app.app.resources.store.snapshots.clock


@pytest.fixture
def hops(app, monkeypatch):
    """How often a thread was asked."""
    submit, asked = app.threads.submit, []

    def counting(executor, work):
        asked.append(work)
        return submit(executor, work)

    monkeypatch.setattr(app.threads, "submit", counting)
    return asked


async def every_read(status):
    entry = await status.entry("visits")
    visits = status.field(lambda record: record.visits)
    return [await status.get("visits"), await visits.get(), entry.value if entry else None, await status.contains("visits")]


async def test_within_its_age_no_thread_is_asked(app, status, clock, hops):
    status = app.scope(TRAINING).status
    await status.set_many({"enable": True, "user": User("ada", 36), "visits": 3, "tags": ["a"]})
    aged = status.max_age(5)
    assert await aged.get("visits") == 3
    hops.clear()
    for _ in range(20):
        assert await every_read(aged) == [3, 3, 3, True]
        assert (await aged.load()).user == User("ada", 36)
        assert (await aged.get("tags"), await aged.get("size"), await aged.get("limits", "none")) == (["a"], 5, "none")
        assert await aged.field(lambda record: record.visits).required() == 3
    assert hops == []
    clock.tick(5.1)
    assert await every_read(aged) == [3, 3, 3, True]
    assert len(hops) == 1


async def test_what_many_tasks_ask_at_once_is_read_a_few_times_at_most(app, status, clock, hops):
    await status.set("visits", 3)
    aged = status.max_age(5)
    fetch, asked = app.app.resources.store.fetch, []

    def counting(*arguments):
        asked.append(arguments)
        return fetch(*arguments)

    app.app.resources.store.fetch = counting
    for _ in range(3):
        asked.clear()
        clock.tick(5.1)
        assert await asyncio.gather(*(aged.get("visits") for _ in range(500))) == [3] * 500
        assert 1 <= len(asked) <= 10


async def test_both_faces_share_what_was_read_and_what_was_written(app, status, clock):
    ours, theirs = status.max_age(60), app.app.scope(MODULE).status.max_age(60)
    assert await ours.get("visits") == theirs.get("visits") == 0
    for value in range(1, 10, 2):
        await status.set("visits", value)
        assert (await every_read(ours), theirs.get("visits")) == ([value, value, value, True], value)
        app.app.scope(MODULE).status.set("visits", value + 1)
        assert (await every_read(ours), theirs.get("visits")) == ([value + 1, value + 1, value + 1, True], value + 1)
    await ours.update("visits", lambda visits: visits + 1)
    await ours.field(lambda record: record.visits).update(lambda visits: visits + 1)
    assert await ours.get("visits") == theirs.get("visits") == 12
    await ours.unset("visits")
    assert (await ours.get("visits"), await ours.get("visits", 5), await ours.entry("visits")) == (0, 5, None)
    assert await ours.entries() == theirs.entries() == []


async def test_every_task_sees_its_own_writes(app):
    async def work(number):
        status = app.tenant(f"t{number % 3}").scope(MODULE).status
        aged = status.max_age(60)
        for _ in range(5):
            written = await aged.update("visits", lambda visits: visits + 1)
            seen = await aged.entry("visits")
            assert seen.version >= written.version
            assert await aged.get("visits") >= written.value

    await asyncio.gather(*(work(number) for number in range(9)))


async def test_what_another_process_wrote_is_seen_after_the_time_that_was_given(shared_url):
    with App.open(shared_url, plugins=PLUGINS) as other:
        async with AsyncApp.open(shared_url, plugins=PLUGINS) as app:
            clock = app.app.resources.store.snapshots.clock = Clock()
            status, there = app.scope(MODULE).status, other.scope(MODULE).status
            aged = status.max_age(5)
            there.set("visits", 1)
            assert await every_read(aged) == [1, 1, 1, True]
            there.set("visits", 2)
            clock.tick(4.9)
            assert (await every_read(aged), await every_read(status)) == ([1, 1, 1, True], [2, 2, 2, True])
            clock.tick(0.2)
            assert await every_read(aged) == [2, 2, 2, True]


async def test_a_task_that_is_cancelled_while_it_reads_harms_nobody(app, status, clock):
    await status.set("visits", 3)
    store, go_on, running = app.app.resources.store, threading.Event(), asyncio.Event()
    aged, fetch, loop = status.max_age(5), store.fetch, asyncio.get_running_loop()

    def slowly(*arguments):
        loop.call_soon_threadsafe(running.set)
        assert go_on.wait(20)
        return fetch(*arguments)

    store.fetch = slowly
    tasks = [asyncio.create_task(aged.get("visits")) for _ in range(4)]
    await running.wait()
    tasks[0].cancel()
    tasks[2].cancel()
    loop.call_later(0.02, go_on.set)
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    store.fetch = fetch
    assert [outcomes[1], outcomes[3]] == [3, 3]
    assert all(isinstance(outcomes[each], asyncio.CancelledError) for each in (0, 2))
    assert await aged.get("visits") == 3
    clock.tick(6)
    assert await aged.get("visits") == 3


async def test_within_a_transaction_all_is_as_it_is_there(app, status):
    aged = status.max_age(60)
    assert await aged.get("visits") == 0
    async with app.begin() as transaction:
        inside = status.within(transaction)
        await inside.set("visits", 2)
        assert await inside.max_age(60).get("visits") == await aged.within(transaction).max_age(60).get("visits") == 2
        with pytest.raises(InvalidArgument):
            inside.max_age("60")
    assert await every_read(aged) == [2, 2, 2, True]
    with pytest.raises(ZeroDivisionError):
        async with app.begin() as transaction:
            await status.within(transaction).set("visits", 3)
            raise ZeroDivisionError
    assert await every_read(aged) == [2, 2, 2, True]


async def test_what_is_read_beside_a_transaction_is_not_kept_if_it_is_rolled_back(app, status, clock):
    await status.set("visits", 1)
    aged = status.max_age(5)
    with pytest.raises(ZeroDivisionError):
        async with app.begin() as transaction:
            await status.within(transaction).set("visits", 2)
            clock.tick(6)
            await aged.get("visits")
            raise ZeroDivisionError
    assert await every_read(aged) == [1, 1, 1, True]


@pytest.mark.parametrize("driver", ["sqlite+aiosqlite", "postgresql+psycopg"])
async def test_joining_a_transaction_by_an_aged_status_keeps_nobody_waiting(request, tmp_path, driver):
    kind = "postgresql" if driver.startswith("postgresql") else "file"
    shared_url = f"sqlite:///{tmp_path / 'app.db'}" if kind == "file" else emptied(request.getfixturevalue("postgresql_url"))
    engine = create_async_engine(make_url(shared_url).set(drivername=driver))
    async with AsyncApp.open(shared_url, plugins=PLUGINS) as app:
        store, asked = app.app.resources.store, []
        opened = store.home.identity

        def identity():
            asked.append(threading.current_thread())
            return opened()

        object.__setattr__(store.home, "identity", identity)
        aged = app.scope(MODULE).status.max_age(60)
        async with engine.begin() as connection:
            assert await aged.within(connection).get("visits") == 0
        assert asked
        assert asked[0] is not threading.current_thread(), "the loop has asked the database itself"
    await engine.dispose()


async def test_a_long_value_is_made_where_nobody_waits_for_it(app, status, own_work):
    tags = [f"tag number {number}" for number in range(3000)]
    await status.set_many({"tags": tags, "enable": True, "user": User("ada", 36)})
    aged = status.max_age(60)
    assert await status.get("tags") == tags
    assert await aged.get("tags") == tags
    own_work[0] = 0.0
    for _ in range(5):
        assert len(await aged.get("tags")) == 3000
        assert len((await aged.load()).tags) == 3000
    assert own_work[0] < OWN


async def test_what_is_wrong_is_told_as_ever(status):
    aged = status.max_age(60)
    for _ in range(2):
        with pytest.raises(UnknownStatusName, match="Did you mean 'visits'"):
            await aged.get("visit")
        with pytest.raises(StatusNotSet, match="enable"):
            await aged.load()
    status.max_age(1)
    for bad in (True, "1", None, float("nan"), float("inf"), -1, 10**400):
        with pytest.raises(InvalidArgument, match="^seconds"):
            status.max_age(bad)
    assert status.max_age(5) is status.max_age(5.0)
    assert "AgedStatus" in repr(status.max_age(5))


async def test_after_closing_every_read_says_so(open_async):
    app = await open_async()
    status = app.scope(MODULE).status
    await status.set_many({"visits": 1, "enable": True, "user": User("ada", 36)})
    aged = status.max_age(3600, on_outage=3600)
    await aged.load()
    await every_read(aged)
    await app.close()
    for call in (
        lambda: aged.get("visits"),
        lambda: aged.get("size"),
        lambda: aged.field(lambda record: record.visits).get(),
        lambda: aged.entry("visits"),
        lambda: aged.contains("visits"),
        aged.load,
        aged.entries,
    ):
        with pytest.raises(AppClosed):
            await call()


async def test_an_outage_is_lived_through_in_the_loop(tmp_path):
    path, away = tmp_path / "app.db", tmp_path / "away.db"
    async with AsyncApp.open(f"sqlite:///{path}", plugins=PLUGINS) as app:
        clock = app.app.resources.store.snapshots.clock = Clock()
        status = app.scope(MODULE).status
        await status.set("visits", 1)
        patient, strict = status.max_age(5, on_outage=60), status.max_age(5)
        assert await patient.get("visits") == 1
        path.rename(away)
        await asyncio.sleep(0.11)
        clock.tick(6)
        for _ in range(5):
            assert await every_read(patient) == [1, 1, 1, True]
            with pytest.raises(StoreUnavailable):
                await strict.get("visits")
            clock.tick(5)
        began = time.monotonic()
        assert await asyncio.gather(*(patient.get("visits") for _ in range(200))) == [1] * 200
        assert time.monotonic() - began < 5
        with pytest.raises(StoreUnavailable):
            await patient.set("visits", 2)
        clock.tick(60)
        with pytest.raises(StoreUnavailable):
            await patient.get("visits")


async def test_a_read_that_memory_answers_is_counted_once(app, status):
    await status.set("tags", ["long"] * 5000)  # too long to make values of in the loop
    aged = status.max_age(60)
    await aged.get("visits")
    before = app.metrics()
    for _ in range(10):
        await aged.get("visits")
    after = app.metrics()
    assert after.cache_hits - before.cache_hits == 10
    assert (after.cache_misses, after.reads) == (before.cache_misses, before.reads)
