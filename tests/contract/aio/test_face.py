"""Everything of the async face, once, on every store."""

from __future__ import annotations

import asyncio
import sqlite3

import attrs
import pytest
from sqlalchemy import create_engine
from tests.contract.aio.conftest import MODULE, PLUGINS, own_threads
from tests.contract.conftest import TRAINING, User, plugin

from perdure import (
    App,
    AppClosed,
    Conflict,
    DefinitionError,
    Lifecycle,
    LockUnavailable,
    NoStoreConfigured,
    StatusCode,
    Statuses,
    StatusNotSet,
    StatusSpec,
    StoreUnavailable,
    UnknownModule,
    UnknownStatusName,
    UnknownVersion,
    ValueCorrupt,
    ValueRefused,
    field,
    transition,
)
from perdure.aio.app import AsyncApp

pytestmark = pytest.mark.anyio


class Course(Lifecycle, family=Statuses, initial=Statuses.NEW):
    run = transition(Statuses.NEW, to=Statuses.RUNNING)


@attrs.frozen
class Unfit:
    """Its lifecycle is handed in by nobody."""

    code: StatusCode = field(lifecycle=Course, default=Statuses.RUNNING)


async def test_a_value_goes_through_its_states(status):
    assert await status.get("enable") is None
    assert await status.get("enable", "not yet") == "not yet"
    assert await status.entry("enable") is None
    assert not await status.contains("enable")
    entry = await status.set("enable", True, actor="ada", reason="because")
    assert (entry.value, entry.version, entry.actor) == (True, 1, "ada")
    assert await status.get("enable") is True
    assert await status.contains("enable")
    assert (await status.entry("enable")).version == 1
    assert (await status.update("enable", lambda was: not was)).value is False
    assert (await status.compare_and_set("enable", True, version=2)).version == 3
    with pytest.raises(Conflict):
        await status.compare_and_set("enable", True, version=2)
    assert await status.unset("enable")
    assert not await status.unset("enable")
    assert await status.get("enable") is None


async def test_values_are_read_together(status):
    with pytest.raises(StatusNotSet, match="enable"):
        await status.load()
    changes = await status.set_many({"enable": True, "user": User("ada", 36)})
    assert changes["enable"].version == 1
    assert (await status.load()).user == User("ada", 36)
    assert [entry.name for entry in await status.entries()] == ["enable", "user"]
    undone = await status.revert_change_set(changes)
    assert undone["enable"] is None
    assert await status.entries() == []


async def test_history_is_kept_reverted_and_forgotten(status):
    for number in range(1, 4):
        await status.set("visits", number)
    assert [change.version for change in await status.history("visits")] == [3, 2, 1]
    assert [change.version for change in await status.history("visits", limit=1, before=3)] == [2]
    assert [change.name for change in await status.history()] == ["visits"] * 3
    assert (await status.revert("visits", 1)).value == 1
    with pytest.raises(UnknownVersion):
        await status.revert("visits", 9)
    assert await status.forget("visits") == 4
    assert await status.history("visits") == []


async def test_a_field_does_the_same(app):
    visits = app.scope(TRAINING).status.field(lambda record: record.visits)
    assert (visits.name, await visits.get(), await visits.get(None), await visits.required()) == ("visits", 0, None, 0)
    assert await visits.entry() is None
    assert (await visits.set(3)).value == 3
    assert (await visits.update(lambda number: number + 1)).value == 4
    assert (await visits.compare_and_set(5, version=2)).version == 3
    assert (await visits.revert(1)).value == 3
    assert [change.value for change in await visits.history(limit=2)] == [3, 5]
    assert not await visits.rewrite()
    assert await visits.unset()
    assert await visits.forget() == 5
    assert "visits" in repr(visits)


async def test_what_the_app_tells(app):
    assert [scope.module for scope in app.scopes()] == ["demo-course", MODULE]
    scope = app.scope(TRAINING)
    assert (scope.module, scope.spec, scope.status.module) == (MODULE, TRAINING, MODULE)
    assert scope is app.scope(MODULE)
    assert app.tenant_name == ""
    assert app.report.complete
    assert app.schema_versions
    assert (app.families, app.lifecycles, app.bindings) == (app.app.families, app.app.lifecycles, app.app.bindings)
    assert await app.ping() < 5
    assert app.metrics().lock_waits == 0
    await scope.status.set("visits", 1)
    assert [entry.name for entry in await app.entries()] == ["visits"]
    assert [change.name for change in await app.history()] == ["visits"]
    assert await app.pending_upgrades() == []
    assert (await app.rewrite_values()).count == 0
    assert await app.leftovers() == []
    assert not await app.remove_leftover("gone", "name")
    assert await app.tenants() == [""]
    assert await app.erase_tenant("") == 1
    assert all(each in repr(app) for each in ("AsyncApp", app.app.resources.store.shown))
    assert "AsyncModuleStatus" in repr(scope.status)
    assert "AsyncTenantView" in repr(app.tenant("a"))


async def test_tenants_have_nothing_in_common(app):
    ada, bob = (app.tenant(name).scope(MODULE).status for name in ("ada", "bob"))

    async def fill(status, number):
        for _ in range(5):
            await status.update("visits", lambda visits: visits + number)
            await asyncio.sleep(0)

    async with app.tenant("ada").watch() as watch:
        await asyncio.gather(fill(ada, 1), fill(bob, 10), app.scope(MODULE).status.set("visits", 7))
        assert [(await watch.take(10)).value for _ in range(5)] == [1, 2, 3, 4, 5]
        assert await watch.take(0) is None
    assert [await each.get("visits") for each in (ada, bob, app.scope(MODULE).status)] == [5, 50, 7]
    assert {change.tenant for change in await app.tenant("bob").history()} == {"bob"}
    assert [entry.tenant for entry in await app.tenant("ada").entries()] == ["ada"]
    assert await app.tenants() == ["", "ada", "bob"]
    async with (
        app.tenant("ada").scope(MODULE).lock("report", timeout=0),
        app.tenant("bob").scope(MODULE).lock("report", timeout=0),
    ):
        pass
    assert await app.erase_tenant("ada") == 1
    assert (await ada.get("visits"), await bob.get("visits")) == (0, 50)


async def test_who_acts_follows_tasks_and_threads(app, status):
    async def write(name, actor):
        with app.acting_as(actor):
            await asyncio.sleep(0)
            task = asyncio.create_task(status.set(name, 1))
            async with app.begin() as transaction:
                (by,) = {(await status.within(transaction).set("renamed", 1)).actor}
            return by, (await task).actor

    names = {"visits": "ada", "size": "bob"}
    found = await asyncio.gather(*(write(name, actor) for name, actor in names.items()))
    assert found == [("ada", "ada"), ("bob", "bob")]
    assert (await status.set("visits", 2)).actor is None
    assert (await status.set("visits", 2, actor="eve")).actor == "eve"


async def test_what_is_wrong_is_told_as_the_sync_face_does(app, status):
    with pytest.raises(UnknownStatusName, match="Did you mean 'visits'"):
        await status.get("visit")
    with pytest.raises(ValueRefused):
        await status.set("visits", "3")
    with pytest.raises(UnknownModule):
        app.scope("training")
    with pytest.raises(StatusNotSet):
        await status.update("enable", lambda was: was)
    with pytest.raises(LockUnavailable, match=r"training-student.report: the lock was not had within 0"):
        async with app.scope(MODULE).lock("report"), app.scope(MODULE).lock("report", timeout=0):
            pass


async def test_update_takes_a_plain_function(status):
    async def coroutine(number):
        return number

    with pytest.raises(TypeError, match="a plain function"):
        await status.update("visits", coroutine)
    with pytest.raises(TypeError, match="a plain function"):
        await status.field(lambda record: record.visits).update(coroutine)


@pytest.mark.parametrize("raised", [ZeroDivisionError, KeyError])
async def test_what_a_function_raises_comes_out_and_nothing_is_written(status, raised):
    def fail(_number):
        raise raised("of mine")

    with pytest.raises(raised, match="of mine"):
        await status.update("visits", fail)
    assert not await status.contains("visits")


async def test_a_function_that_stops_an_iteration_leaves_nobody_waiting(status):
    async with asyncio.timeout(10):
        with pytest.raises(RuntimeError, match="raised StopIteration"):
            await status.update("visits", lambda _number: next(iter(())))
    assert not await status.contains("visits")


async def test_both_faces_see_each_other_at_once(shared_url):
    with App.open(shared_url, plugins=PLUGINS) as sync:
        async with AsyncApp.open(shared_url, plugins=PLUGINS) as app:
            ours, theirs = app.scope(MODULE).status, sync.scope(MODULE).status
            for number in range(1, 20):
                theirs.set("visits", number)
                assert await ours.get("visits") == number
                await ours.update("visits", lambda visits: visits + 100)
                assert theirs.get("visits") == number + 100
            async with app.scope(MODULE).lock("report"):
                with pytest.raises(LockUnavailable), sync.scope(MODULE).lock("report", timeout=0):
                    pass
            with sync.scope(MODULE).lock("report"), pytest.raises(LockUnavailable):
                async with app.scope(MODULE).lock("report", timeout=0.1):
                    pass
            async with ours.watch("visits") as watch:
                theirs.set("visits", 1)
                assert (await watch.take(10)).value == 1


async def test_values_of_every_length_are_read(status):
    for length in (0, 8000, 9000, 65000):
        await status.set("password", "x" * length)
        assert await status.get("password") == "x" * length
        assert (await status.entry("password")).value == "x" * length


async def test_damage_is_told_of(tmp_path):
    url = f"sqlite:///{tmp_path}/app.db"
    async with AsyncApp.open(url, plugins=PLUGINS) as app:
        status = app.scope(MODULE).status
        await status.set("password", "x")
        other = sqlite3.connect(tmp_path / "app.db")
        with other:
            other.execute("UPDATE perdure_status SET value = CAST(X'22FF22' AS TEXT)")
        other.close()
        with pytest.raises(ValueCorrupt):
            await status.get("password")
        (tmp_path / "app.db").rename(tmp_path / "moved.db")
        await asyncio.sleep(0.11)
        with pytest.raises(StoreUnavailable, match="deleted or moved away"):
            await status.get("password")
        (tmp_path / "moved.db").rename(tmp_path / "app.db")


# --------------------------------------------------------------------------- opening and closing


async def test_an_app_may_be_awaited_or_entered(url, monkeypatch):
    monkeypatch.delenv("PERDURE_URL", raising=False)
    async with AsyncApp.open(url, plugins=PLUGINS) as app:
        await app.scope(MODULE).status.set("visits", 1)
    app = await AsyncApp.open(url, plugins=PLUGINS)
    async with app:
        assert await app.scope(MODULE).status.get("visits") == (0 if url == "sqlite://" else 1)
    with pytest.raises(NoStoreConfigured):
        await AsyncApp.open(plugins=PLUGINS)
    assert not own_threads()


async def test_a_module_that_cannot_be_used_harms_no_other(url):
    unfit = StatusSpec("unfit", Unfit)
    async with AsyncApp.open(url, plugins=[plugin(TRAINING, unfit)]) as app:
        assert await app.scope(MODULE).status.get("visits") == 0
        for _ in range(2):
            with pytest.raises(DefinitionError):
                app.scope("unfit")


async def test_after_closing_everything_says_so(open_async):
    app = await open_async()
    status = app.scope(MODULE).status
    watch = await status.watch()
    await app.close()
    await app.close()
    assert (watch.ended, await watch.take()) == (True, None)
    for call in (
        lambda: status.get("visits"),
        lambda: status.set("visits", 1),
        lambda: status.update("visits", lambda number: number + 1),
        lambda: status.set_many({"visits": 1}),
        lambda: status.history("visits"),
        status.load,
        status.entries,
        app.entries,
        app.tenants,
        app.ping,
        lambda: status.watch().take(),
        lambda: app.begin().__aenter__(),
        lambda: app.erase_tenant("a"),
    ):
        with pytest.raises(AppClosed):
            await call()
    with pytest.raises(AppClosed):
        app.scope(MODULE)


async def test_closing_ends_what_waits_in_line(open_async):
    app = await open_async()
    status = app.scope(MODULE).status
    calls = [asyncio.create_task(status.update("visits", lambda number: number + 1)) for _ in range(200)]
    await asyncio.sleep(0.005)
    await asyncio.gather(app.close(), app.close())
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(each, AppClosed | StoreUnavailable) or each.name == "visits" for each in outcomes)
    assert not own_threads()


async def test_a_hosts_engine_is_left_to_it(shared_url):
    engine = create_engine(shared_url, pool_size=2, max_overflow=0)
    async with AsyncApp.open(engine=engine, plugins=PLUGINS) as app:
        await app.scope(MODULE).status.set("visits", 1)
        assert await app.scope(MODULE).status.get("visits") == 1
    assert engine.pool.checkedout() == 0
    engine.dispose()
