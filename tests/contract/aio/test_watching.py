"""Watching in an event loop, on every store."""

from __future__ import annotations

import asyncio

import attrs
import pytest
from tests.contract.aio.conftest import MODULE
from tests.contract.conftest import plugin

from perdure import AppClosed, HistoryNotKept, HistoryTruncated, StatusSpec, UnknownStatusName
from perdure.aio.app import AsyncApp

pytestmark = pytest.mark.anyio


@attrs.frozen
class Short:
    count: int = 0


async def test_changes_come_in_order_by_async_for(status):
    async def write():
        for number in range(1, 31):
            await status.set("visits", number)

    seen = []
    async with status.watch("visits") as watch:
        writing = asyncio.create_task(write())
        async for change in watch:
            seen.append(change.value)
            if len(seen) == 30:
                break
        await writing
        assert watch.cursors == {"visits": 30}
        assert not watch.ended
    assert watch.ended
    assert seen == list(range(1, 31))


async def test_it_begins_when_it_is_awaited_and_goes_on_from_cursors(status):
    watch = await status.watch("visits", "size")
    await status.set("visits", 1)
    await status.set("size", 2)
    assert {(await watch.take(10)).name for _ in range(2)} == {"visits", "size"}
    cursors = watch.cursors
    watch.close()
    watch.close()
    await status.set("visits", 3)
    async with status.watch("visits", "size", since=cursors) as later:
        assert ((await later.take(10)).value, await later.take(0)) == (3, None)
    async with status.watch("visits", since=0) as all_of_it:
        assert [(await all_of_it.take(10)).value for _ in range(2)] == [1, 3]


async def test_it_begins_when_it_is_first_asked(status):
    await status.set("visits", 1)
    watch = status.watch("visits", since=0)
    with pytest.raises(RuntimeError, match="has not begun"):
        _ = watch.cursors
    assert not watch.ended
    assert (await watch.take(10)).value == 1
    watch.close()
    closed = status.watch("visits")
    closed.close()
    assert closed.ended
    assert await closed.take() is None


async def test_it_begins_once_for_all_who_ask_first(status, app):
    await status.set("visits", 1)
    watch = status.watch("visits", since=0)
    taken = await asyncio.gather(*(watch.take(0.2) for _ in range(3)))
    assert sorted(change.value for change in taken if change) == [1]
    assert len(app.app.resources.poller.followers.feeds) == 1
    watch.close()


async def test_taking_waits_as_long_as_it_is_told(status):
    async with status.watch("visits") as watch:
        loop = asyncio.get_running_loop()
        assert await watch.take(0) is None
        assert await watch.take(-1) is None
        began = loop.time()
        assert await watch.take(0.05) is None
        assert 0.045 < loop.time() - began < 5


async def test_what_is_refused_at_once_is_refused_when_it_begins(status, app):
    with pytest.raises(UnknownStatusName):
        await status.watch("visit")
    with pytest.raises(UnknownStatusName):
        async with status.watch("visit"):
            pass
    with pytest.raises(UnknownStatusName):
        async for _ in status.watch("visit"):
            pass
    with pytest.raises(UnknownStatusName):
        await app.watch(since={MODULE: {"visit": 1}})


async def test_what_the_history_dropped_is_told_once_and_the_watch_goes_on(url):
    spec, silent = StatusSpec("short", Short, history=3), StatusSpec("silent", Short, history=0)
    async with AsyncApp.open(url, plugins=[plugin(spec, silent)]) as app:
        status = app.scope("short").status
        for number in range(1, 9):
            await status.set("count", number)
        async with status.watch(since=0) as watch:
            with pytest.raises(HistoryTruncated, match=r"short.count"):
                await watch.take(10)
            assert [change.value async for change in until(watch, 3)] == [6, 7, 8]
        with pytest.raises(HistoryNotKept):
            await app.scope("silent").status.watch()


async def until(watch, count):
    for _ in range(count):
        yield await watch.take(10)


async def test_it_ends_with_the_app_for_whoever_waits(open_async):
    app = await open_async()
    watches = [app.watch(), app.scope(MODULE).status.watch(), app.scope(MODULE).status.watch("visits")]
    await asyncio.gather(*watches[:2])
    waiting = [asyncio.create_task(watch.take()) for watch in watches[:2]]
    await asyncio.sleep(0.01)
    await app.close()
    assert await asyncio.gather(*waiting) == [None, None]
    assert [change async for change in watches[0]] == []
    with pytest.raises(AppClosed):
        await watches[2]


async def test_it_ends_for_whoever_waits_when_it_is_closed(status):
    async with status.watch() as watch:
        waiting = [asyncio.create_task(watch.take()) for _ in range(3)]
        await asyncio.sleep(0.01)
        watch.close()
        assert await asyncio.gather(*waiting) == [None] * 3


async def test_a_hundred_tasks_share_a_watch_and_each_change_goes_to_one(status):
    seen = []

    async def follow(watch):
        async for change in watch:
            seen.append(change.value)
            if len(seen) == 40:
                done.set()

    done = asyncio.Event()
    async with status.watch("visits") as watch:
        following = [asyncio.create_task(follow(watch)) for _ in range(100)]
        for number in range(1, 41):
            await status.set("visits", number)
        async with asyncio.timeout(20):
            await done.wait()
    await asyncio.gather(*following)
    assert sorted(seen) == list(range(1, 41))


async def test_a_hundred_watches_each_have_everything(status):
    async def follow():
        async with status.watch("visits") as watch:
            begun.release()
            return [(await watch.take(20)).value for _ in range(10)]

    begun = asyncio.Semaphore(0)
    following = [asyncio.create_task(follow()) for _ in range(100)]
    for _ in following:
        await begun.acquire()
    for number in range(10):
        await status.set("visits", number)
    assert await asyncio.gather(*following) == [list(range(10))] * 100


async def test_whoever_is_cancelled_while_waiting_takes_nothing_with_him(status):
    async with status.watch("visits") as watch:
        seen = []

        async def follow():
            while change := await watch.take():
                seen.append(change.value)

        for number in range(1, 41):
            following = asyncio.create_task(follow())
            writing = asyncio.create_task(status.set("visits", number))
            await asyncio.sleep((number % 7) / 2000)
            following.cancel()
            with pytest.raises(asyncio.CancelledError):  # also where a change comes at the same moment
                await following
            await writing
        while seen[-1:] != [40]:
            seen.append((await watch.take(10)).value)
        assert seen == list(range(1, 41))


async def test_a_cancellation_is_not_lost_where_a_change_comes_at_the_same_moment(status):
    async with status.watch("visits") as watch:
        for turns in range(5):
            taking = asyncio.create_task(watch.take(30))
            await asyncio.sleep(0.005)
            watch.arrived.set()
            for _ in range(turns):
                await asyncio.sleep(0)
            taking.cancel()
            await asyncio.wait([taking], timeout=5)
            assert taking.cancelled()


async def test_a_long_queue_leaves_the_loop_to_others(status):
    for number in range(100):
        await status.set("visits", number)
    turns = 0

    async def beat():
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with status.watch("visits", since=0) as watch:
        await watch.take(10)
        await asyncio.sleep(0.2)
        beating = asyncio.create_task(beat())
        for _ in range(99):
            await watch.take(10)
            for _ in range(10_000):  # what is done with a change
                pass
        beating.cancel()
    assert turns >= 3


async def test_one_that_is_dropped_costs_nothing_any_more(status, app):
    watch = await status.watch()
    assert app.app.resources.poller.followers.feeds
    del watch
    followers = app.app.resources.poller.followers
    for _ in range(200):  # the loop and the thread that began it may hold it a moment longer
        await asyncio.sleep(0.01)
        followers.tidy()
        if not followers.feeds:
            break
    assert not followers.feeds
