"""Named locks in an event loop, on every store."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest
from tests.contract.aio.conftest import MODULE, PLUGINS
from tests.services.redis import redis_masters

from perdure import App, InvalidArgument, InvalidName, LockLost, LockUnavailable
from perdure.aio.app import AsyncApp

pytestmark = pytest.mark.anyio


@pytest.fixture
def scope(app):
    return app.scope(MODULE)


async def test_a_lock_is_held_by_one_task(scope, app):
    async with scope.lock("report", timeout=0) as held:
        assert not held.lost
        held.check()
        with pytest.raises(LockUnavailable, match=r"training-student.report: the lock was not had within 0 s: another holds it"):
            async with scope.lock("report", timeout=0):
                pass
        async with app.scope("demo-course").lock("report", timeout=0), scope.lock("other", timeout=0):
            pass
    async with scope.lock("report", timeout=0):
        pass


async def test_what_cannot_be_a_lock_is_refused_at_once(scope):
    with pytest.raises(InvalidName):
        scope.lock("")
    with pytest.raises(InvalidName):
        scope.lock(["report"])
    with pytest.raises(InvalidArgument):
        scope.lock("report", timeout=-1)
    with pytest.raises(InvalidArgument):
        scope.lock("report", lease=0)


async def test_waiting_ends_in_time(scope):
    loop = asyncio.get_running_loop()
    async with scope.lock("report"):
        began = loop.time()
        with pytest.raises(LockUnavailable, match="within 0.1 s") as raised:
            async with scope.lock("report", timeout=0.1):
                pass
        assert raised.value.timeout == 0.1
        assert 0.09 < loop.time() - began < 5


async def test_waiting_for_another_app_ends_in_time_or_with_its_turn(scope, app, url):
    if url == "sqlite://":
        pytest.skip("a database in memory is one App's")
    loop = asyncio.get_running_loop()
    async with AsyncApp.open(url, plugins=PLUGINS) as other:
        async with other.scope(MODULE).lock("report"):
            began = loop.time()
            with pytest.raises(LockUnavailable, match="within 0.2 s: another holds it"):
                async with scope.lock("report", timeout=0.2):
                    pass
            assert 0.19 < loop.time() - began < 5

            async def wait():
                async with scope.lock("report", timeout=20):
                    return loop.time()

            waiting = asyncio.create_task(wait())
            await asyncio.sleep(0.1)
            let_go = loop.time()
        assert await waiting >= let_go
    assert app.metrics().lock_waits == 2  # however often it was tried


async def test_waiting_is_counted_once_and_not_waiting_never(scope, app):
    async with scope.lock("report"):
        with pytest.raises(LockUnavailable):
            async with scope.lock("report", timeout=0):
                pass
        assert app.metrics().lock_waits == 0
        with pytest.raises(LockUnavailable):
            async with scope.lock("report", timeout=0.02):
                pass
    assert app.metrics().lock_waits == 1


async def test_fifty_tasks_have_it_in_turn_and_nobody_else_waits(scope):
    inside, order, longest = 0, [], 0.0
    over = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def work(number):
        nonlocal inside
        async with scope.lock("report", timeout=60) as held:
            inside += 1
            assert inside == 1
            order.append(number)
            await asyncio.sleep(0.002)
            held.check()
            inside -= 1

    async def others():
        nonlocal longest
        while not over.is_set():
            began = loop.time()
            await scope.status.history("visits")  # in a thread
            longest = max(longest, loop.time() - began)
            await asyncio.sleep(0.002)

    other = asyncio.create_task(others())
    await asyncio.gather(*map(work, range(50)))
    over.set()
    await other
    assert order == list(range(50))
    assert longest < 2


async def test_two_apps_compete_fairly_enough_to_end(shared_url):
    inside = 0

    async def work(app):
        nonlocal inside
        async with app.scope(MODULE).lock("report", timeout=60):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0.001)
            inside -= 1

    async with AsyncApp.open(shared_url, plugins=PLUGINS) as one, AsyncApp.open(shared_url, plugins=PLUGINS) as other:
        async with asyncio.timeout(60):
            await asyncio.gather(*(work(app) for app in (one, other) for _ in range(10)))


async def cancelled_after(scope, seconds):
    """Have four tasks take a lock, and cancel one after so long, and the others once one of them has it."""
    begun = asyncio.Event()

    async def hold():
        async with scope.lock("report", timeout=60):
            begun.set()
            await asyncio.sleep(60)

    tasks = [asyncio.create_task(hold()) for _ in range(4)]
    await asyncio.sleep(seconds)
    tasks[1].cancel()
    async with asyncio.timeout(10):
        await begun.wait()
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in outcomes)


async def test_cancelling_who_waits_and_who_holds_leaves_nothing(scope):
    for number in range(20):
        await cancelled_after(scope, number / 2000)
    async with scope.lock("report", timeout=0):
        pass
    gc.collect()
    assert not scope.locking.lines


async def cancelled_while_threads_are_busy(scope):
    """Cancel a task that holds a lock, and waits in line for a thread to let go of it."""
    gate = asyncio.Event()
    held = asyncio.Event()

    async def hold():
        async with scope.lock("report"):
            held.set()
            await gate.wait()

    holding = asyncio.create_task(hold())
    await held.wait()
    release = threading.Event()
    busy = [asyncio.create_task(scope.locking.threads.read(lambda: release.wait(20))) for _ in range(10)]
    await asyncio.sleep(0.05)
    gate.set()
    await asyncio.sleep(0.01)
    for _ in range(3):
        holding.cancel()
        await asyncio.sleep(0.01)
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await holding
    await asyncio.gather(*busy)


async def test_a_lock_is_let_go_of_though_all_threads_are_busy(scope):
    await cancelled_while_threads_are_busy(scope)
    async with scope.lock("report", timeout=0) as held:  # else LockUnavailable
        assert not held.lost


async def test_what_the_body_raises_comes_out(scope):
    with pytest.raises(ZeroDivisionError):
        async with scope.lock("report"):
            raise ZeroDivisionError
    async with scope.lock("report", timeout=0) as held:
        assert not held.lost


async def lost(held):
    """Wait until a lock is lost, a while at most."""
    for _ in range(500):
        if held.lost:
            return
        await asyncio.sleep(0.02)


async def test_a_lock_that_is_lost_says_so(shared_url):
    with redis_masters(1) as masters:
        options = {"plugins": PLUGINS, "redis": masters[0].url}
        async with AsyncApp.open(shared_url, **options) as app:
            with pytest.raises(LockLost):
                async with app.scope(MODULE).lock("report", lease=0.3) as held:
                    masters[0].client.flushall()
                    await lost(held)
            with pytest.raises(ZeroDivisionError) as raised:
                async with app.scope(MODULE).lock("report", lease=0.3) as held:
                    masters[0].client.flushall()
                    await lost(held)
                    raise ZeroDivisionError
            assert "lost" in str(raised.value.__notes__)


async def test_both_faces_have_the_same_locks(shared_url):
    with redis_masters(1) as masters:
        options = {"plugins": PLUGINS, "redis": masters[0].url}
        async with AsyncApp.open(shared_url, **options) as app:
            with App.open(shared_url, **options) as sync, sync.scope(MODULE).lock("report"), pytest.raises(LockUnavailable):
                async with app.scope(MODULE).lock("report", timeout=0):
                    pass
