from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from concurrent.futures import Future

import pytest

from perdure.aio.pace import SLICE, Pace
from perdure.aio.threads import READERS, WRITERS, Threads, done, finished

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def threads(anyio_backend):
    threads = Threads()
    yield threads
    await threads.close(lambda: None)
    assert not [each for each in threading.enumerate() if each.name.startswith("perdure-async")]


async def test_reads_and_writes_keep_out_of_each_others_way(threads):
    go_on = threading.Event()
    writing = [asyncio.create_task(threads.write(lambda: go_on.wait(20))) for _ in range(2 * WRITERS)]
    await asyncio.sleep(0.01)
    assert await threads.read(lambda: "read") == "read"
    reading = [asyncio.create_task(threads.read(lambda: go_on.wait(20))) for _ in range(2 * READERS)]
    await asyncio.sleep(0.01)
    go_on.set()
    assert await asyncio.gather(*writing, *reading) == [True] * 2 * (WRITERS + READERS)


async def test_started_threads_are_all_there(threads):
    await threads.settle(threads.start)
    names = [each.name for each in threading.enumerate()]
    assert sum(name.startswith("perdure-async-read") for name in names) == READERS
    assert sum(name.startswith("perdure-async-write") for name in names) == WRITERS


async def test_a_read_is_not_waited_for(threads):
    go_on = threading.Event()
    reading = asyncio.create_task(threads.read(lambda: go_on.wait(20)))
    await asyncio.sleep(0.01)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    go_on.set()


@pytest.mark.parametrize("raised", [ZeroDivisionError("mine"), StopAsyncIteration("mine"), SystemError("mine")])
async def test_what_work_raises_is_raised(threads, raised):
    def fail():
        raise raised

    for run in (threads.read, threads.write, threads.settle):
        with pytest.raises(type(raised), match="mine") as caught:
            await run(fail)
        assert caught.value is raised


async def test_work_may_raise_what_ends_iterations(threads):
    for run in (threads.read, threads.write, threads.settle):
        with pytest.raises(RuntimeError, match="raised StopIteration"):
            await run(lambda: next(iter(())))


async def test_after_the_end_work_is_done_at_once_so_as_to_be_refused():
    threads = Threads()
    await threads.close(lambda: None)
    here = threading.current_thread()
    for run in (threads.read, threads.write, threads.settle):
        assert await run(threading.current_thread) is here
        with pytest.raises(ZeroDivisionError):
            await run(lambda: 1 // 0)


async def test_the_end_waits_for_what_runs_and_ends_what_was_lent():
    threads = Threads()
    go_on = threading.Event()
    lent, idle = threads.lend(), threads.lend()
    lent.submit(int).result()
    idle.submit(int).result()
    threads.take_back(idle)
    assert threads.lend() is idle
    threads.take_back(idle)
    writing = asyncio.create_task(threads.write(lambda: go_on.wait(20)))
    await asyncio.sleep(0.01)
    closings = [asyncio.create_task(threads.close(lambda: None)) for _ in range(2)]
    await asyncio.sleep(0.02)
    assert not any(each.done() for each in closings)
    go_on.set()
    await asyncio.gather(*closings)
    assert writing.done()
    threads.take_back(lent)
    assert not [each for each in threading.enumerate() if each.name.startswith("perdure-async")]


async def test_the_end_comes_also_where_what_is_first_fails():
    threads = Threads()
    with pytest.raises(ZeroDivisionError):
        await threads.close(lambda: 1 // 0)
    assert threads.ended


async def test_an_error_of_the_executor_itself_is_raised(threads):
    threads.readers.shutdown()
    with pytest.raises(RuntimeError, match="cannot schedule new futures"):
        await threads.read(int)


async def test_a_cancellation_leaves_no_cycle_behind(threads):
    gc.collect()
    gc.disable()
    try:
        go_on = threading.Event()
        writing = asyncio.create_task(threads.write(lambda: go_on.wait(20)))
        await asyncio.sleep(0.01)
        writing.cancel()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await writing
        gone = weakref.ref(writing)
        del writing
        await asyncio.sleep(0)
        assert gone() is None
    finally:
        gc.enable()


async def test_what_is_done_already_is_returned():
    assert await finished(done(lambda: 3)) == 3
    running: Future[int] = Future()
    running.set_result(4)
    assert await finished(running) == 4


# --------------------------------------------------------------------------- the pace


async def test_a_turn_of_the_loop_has_so_much_time():
    pace = Pace()
    assert not pace.spent()
    until = asyncio.get_running_loop().time() + SLICE
    while asyncio.get_running_loop().time() <= until:
        pass
    assert pace.spent()
    await pace.wait()
    assert not pace.spent()


async def test_of_many_tasks_each_has_its_turn_and_a_timer_comes_in_between():
    pace, order = Pace(), []

    async def work(number):
        if pace.spent():
            await pace.wait()
        until = asyncio.get_running_loop().time() + SLICE / 4
        while asyncio.get_running_loop().time() < until:
            pass
        order.append(number)

    asyncio.get_running_loop().call_later(SLICE, order.append, "timer")
    await asyncio.gather(*map(work, range(40)))
    assert [each for each in order if each != "timer"] == list(range(40))
    assert order.index("timer") < 20


def test_a_loop_that_ended_in_the_middle_of_a_turn_stops_nobody():
    pace = Pace()

    async def spend():
        pace.spent()
        asyncio.get_running_loop().stop()

    loop = asyncio.new_event_loop()
    spending = loop.create_task(spend())
    loop.run_forever()
    loop.close()
    assert spending.done()
    assert pace.loop is loop
    assert asyncio.run(asyncio.wait_for(quick(pace), 5))


async def quick(pace):
    await pace.wait()
    return True
