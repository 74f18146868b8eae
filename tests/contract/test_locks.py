"""Named locks, and the order of first writes, as an application has them."""

from __future__ import annotations

import sys
import threading
import time

import pytest
from tests.services.redis import redis_masters

from perdure import App, AppClosed, InvalidArgument, InvalidName, LockUnavailable

from .conftest import COURSE, TRAINING, plugin

MODULE = "training-student"


def test_a_lock_is_held_by_one(open_app):
    app = open_app()
    lock = app.scope(MODULE).lock
    with lock("report", timeout=0) as held:
        assert not held.lost
        held.check()
        with pytest.raises(LockUnavailable, match=r"training-student.report"), lock("report", timeout=0):
            pass
        with app.scope("demo-course").lock("report", timeout=0), lock("other", timeout=0):
            pass
        with app.tenant("a").scope(MODULE).lock("report", timeout=0):
            pass
    with lock("report", timeout=0):
        pass


def test_a_lock_waits_for_no_connection_of_the_pool(shared_url):
    with App.open(shared_url, plugins=[plugin(TRAINING)]) as app:
        begun, over = threading.Barrier(16 if "sqlite" not in shared_url else 2), threading.Event()

        def hold():
            with app.begin():
                begun.wait(20)
                over.wait(20)

        threads = [threading.Thread(target=hold) for _ in range(begun.parties - 1)]
        for thread in threads:
            thread.start()
        begun.wait(20)
        start = time.monotonic()
        with app.scope(MODULE).lock("report", timeout=0):
            assert time.monotonic() - start < 5
        over.set()
        for thread in threads:
            thread.join()


def test_no_lock_is_to_be_had_after_closing(open_app):
    app = open_app()
    scope = app.scope(MODULE)
    app.close()
    with pytest.raises(AppClosed):
        scope.lock("report", timeout=0)


def test_a_lock_has_a_name_that_can_be_kept(app):
    with pytest.raises(InvalidName):
        app.scope(MODULE).lock("")


@pytest.mark.parametrize("count", [1, 3, 5])
def test_first_writes_and_named_locks_go_through_redis_where_it_is_given(url, count):
    with (
        redis_masters(count) as masters,
        App.open(url, plugins=[plugin(TRAINING, COURSE)], redis=[master.url for master in masters]) as app,
    ):
        status = app.scope(MODULE).status
        assert status.set("visits", 1).version == 1
        assert status.update("size", lambda n: n + 1).value == 6
        with app.scope(MODULE).lock("report", timeout=0):
            assert [master.client.keys("*perdure-named-*") != [] for master in masters] == [True] * count
            with pytest.raises(LockUnavailable), app.scope(MODULE).lock("report", timeout=0):
                pass
        for master in masters:
            master.kill()
        assert status.set("enable", True).version == 1  # the primary key decides; Redis only orders
        assert status.set("visits", 2).version == 2
        with pytest.raises(LockUnavailable), app.scope(MODULE).lock("report", timeout=0):
            pass
        assert app.metrics().first_writes_without_lock == 1


def test_a_required_lock_refuses_the_first_write_and_no_other(url):
    with (
        redis_masters(1) as masters,
        App.open(url, plugins=[plugin(TRAINING, COURSE)], redis=masters[0].url, lock_required=True) as app,
    ):
        status = app.scope(MODULE).status
        status.set("visits", 1)
        masters[0].kill()
        with pytest.raises(LockUnavailable, match=r"training-student.enable"):
            status.set("enable", True)
        assert "enable" not in status
        assert status.set("visits", 2).version == 2


def test_a_required_lock_needs_redis(open_app):
    with pytest.raises(InvalidArgument, match="redis"):
        open_app(lock_required=True)


def test_pottery_is_imported_only_where_redis_was_given(open_app):
    open_app()
    assert "pottery" not in sys.modules or any("redlock" in name for name in sys.modules)


def test_a_url_of_redis_that_is_none_is_refused(open_app):
    with pytest.raises(InvalidArgument):
        open_app(redis=["nonsense"])
