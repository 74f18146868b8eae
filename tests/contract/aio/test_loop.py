"""The event loop goes on, whatever the database does, and a thousand tasks get by with five connections."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
import time

import pytest
from sqlalchemy import create_engine
from tests.contract.aio.conftest import MODULE, OWN, PLUGINS
from tests.contract.conftest import TRAINING, User

from perdure.aio.app import AsyncApp

pytestmark = pytest.mark.anyio

HOLD_FILE = """
import select, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA locking_mode = EXCLUSIVE")
connection.execute("BEGIN EXCLUSIVE")
connection.execute("UPDATE perdure_status SET version = version")
print("held", flush=True)
select.select([sys.stdin], [], [], float(sys.argv[2]))
connection.execute("COMMIT")
connection.close()
"""

HOLD_ROW = """
import select, sys
from sqlalchemy import create_engine
with create_engine(sys.argv[1]).begin() as connection:
    connection.exec_driver_sql("SELECT * FROM perdure_status WHERE module = 'training-student' AND name = 'visits' FOR UPDATE")
    print("held", flush=True)
    select.select([sys.stdin], [], [], float(sys.argv[2]))
"""


async def turns(count):
    """Let the loop turn, which it does if nothing stands still in it."""
    for _ in range(count):
        await asyncio.sleep(0.001)


@contextlib.contextmanager
def held(script, where, seconds=20):
    """Have another process hold something until its stdin is closed; if that never happens, for so many seconds."""
    process = subprocess.Popen([sys.executable, "-c", script, where, str(seconds)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    try:
        yield process
    finally:
        process.stdin.close()
        assert process.wait(20) == 0
        process.stdout.close()


@contextlib.contextmanager
def held_file(app, path, seconds=20):
    """Have another process hold an App's file, which SQLite gives nobody for himself while it is open elsewhere."""
    connections = app.app.resources.store.connections
    for one in list(connections.known):
        one.give_back(close=True)
    connections.engine.dispose()
    with held(HOLD_FILE, str(path), seconds) as process:
        yield process


async def busily(app, count=1000):
    """Have a thousand tasks read and write."""
    status = app.scope(MODULE).status

    async def work(number):
        for turn in range(4):
            if (number + turn) % 10 == 0:
                await status.update("visits", lambda visits: visits + 1)
            else:
                await status.get(("visits", "user", "tags", "limits")[turn])

    async with asyncio.timeout(100), asyncio.TaskGroup() as tasks:
        for number in range(count):
            tasks.create_task(work(number))
            if number % 100 == 0:
                await asyncio.sleep(0)  # making a thousand tasks at once is work, too
    return sum((number + turn) % 10 == 0 for number in range(count) for turn in range(4))


async def test_a_thousand_tasks_leave_the_loop_time(app, own_work):
    await app.scope(MODULE).status.set("user", User("ada", 36))
    writes = await busily(app)
    assert await app.scope(MODULE).status.get("visits") == writes
    assert own_work[0] < OWN


async def test_first_uses_are_no_work_for_the_loop(url, own_work):
    async with AsyncApp.open(url, plugins=PLUGINS) as app:
        assert sorted(app.app.resources.modules) == ["demo-course", MODULE]
        for scope in app.scopes():
            await scope.status.get("enable")
            await scope.status.contains("enable")
        for number in range(20):
            await app.tenant(f"tenant {number}").scope(TRAINING).status.field(lambda record: record.user).get()
        async with app.begin() as transaction:
            await app.scope(MODULE).status.within(transaction).set("visits", 1)
        async with app.watch(since={MODULE: {"visits": 0}}) as watch:
            assert (await watch.take(10)).value == 1
        async with app.scope(MODULE).lock("report"):
            pass
    assert own_work[0] < OWN


async def test_long_values_are_no_work_for_the_loop(status, own_work):
    tags = [f"tag {number}" for number in range(5000)]
    await status.set("tags", tags)
    for _ in range(5):
        assert await status.get("tags") == tags
        assert (await status.entry("tags")).value == tags
        assert await status.field(lambda record: record.tags).required() == tags
    assert own_work[0] < OWN


async def test_many_reads_that_never_wait_give_others_their_turn(tmp_path):
    async with AsyncApp.open(f"sqlite:///{tmp_path}/app.db", plugins=PLUGINS) as app:
        status = app.scope(MODULE).status
        others = asyncio.create_task(turns(20))
        for _ in range(200_000):
            await status.get("visits")
            if others.done():
                break
        assert others.done()


async def test_a_file_that_another_process_holds_is_waited_for_in_threads(tmp_path):
    path = tmp_path / "app.db"
    async with AsyncApp.open(f"sqlite:///{path}", plugins=PLUGINS) as app:
        status = app.scope(MODULE).status
        await status.set("visits", 1)
        with held_file(app, path) as holder:
            waiting = [asyncio.create_task(status.get("visits")) for _ in range(1000)]
            waiting.append(asyncio.create_task(status.set("size", 3)))
            await turns(100)
            assert not any(task.done() for task in waiting)
            assert holder.poll() is None
            holder.stdin.close()
            reads = await asyncio.gather(*waiting)
        assert reads[:1000] == [1] * 1000


async def test_a_locked_row_keeps_its_writers_waiting_and_no_reader(shared_url):
    if "sqlite" in shared_url:
        pytest.skip("SQLite locks no rows")
    async with AsyncApp.open(shared_url, plugins=PLUGINS) as app:
        status = app.scope(MODULE).status
        await status.set("visits", 1)
        with held(HOLD_ROW, shared_url) as holder:
            writing = [asyncio.create_task(status.update("visits", lambda visits: visits + 1)) for _ in range(50)]
            await turns(50)
            assert await asyncio.gather(*(status.get("visits") for _ in range(200))) == [1] * 200
            assert not any(task.done() for task in writing)
            assert holder.poll() is None
            holder.stdin.close()
            await asyncio.gather(*writing)
        assert await status.get("visits") == 51


async def test_a_thousand_tasks_get_by_with_a_hosts_five_connections(shared_url, own_work):
    engine = create_engine(shared_url, pool_size=5, max_overflow=0, pool_timeout=5)
    async with AsyncApp.open(engine=engine, plugins=PLUGINS) as app:
        status = app.scope(MODULE).status

        async def within():
            async with app.begin() as transaction:
                await status.within(transaction).update("size", lambda size: size + 1)

        async with app.watch() as watch:
            writes, *_ = await asyncio.gather(busily(app), *(within() for _ in range(50)))
            assert await watch.take(10) is not None
        assert await status.get("visits") == writes
        assert await status.get("size") == 55
        assert own_work[0] < OWN
    assert engine.pool.checkedout() == 0
    engine.dispose()


async def test_control_a_read_in_the_loop_that_waits_is_seen(tmp_path):
    path = tmp_path / "app.db"
    async with AsyncApp.open(f"sqlite:///{path}", plugins=PLUGINS) as app:
        await app.scope(MODULE).status.set("visits", 1)
        with held_file(app, path, seconds=0.5) as holder, contextlib.closing(sqlite3.connect(path, timeout=20)) as connection:
            connection.execute("SELECT version FROM perdure_status")  # in the loop: what must not be
            await turns(1)
            assert holder.wait(20) == 0  # it gave up holding: the loop did not turn to tell it


async def test_control_work_in_the_loop_is_seen(own_work):
    until = time.thread_time() + 2 * OWN
    while time.thread_time() < until:
        pass
    await asyncio.sleep(0)
    assert own_work[0] > OWN
