"""What every kind of named locks promises."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from perdure.errors import InvalidArgument, LockLost, LockUnavailable


def hold(locks, name="import", *, tenant="", timeout=0.0, lease=2.0):
    return locks.hold(tenant, "training-student", name, timeout=timeout, lease=lease)


def test_one_holds_it_at_a_time(locks, counters):
    inside, most = 0, 0

    def one(_):
        nonlocal inside, most
        with hold(locks, timeout=20):
            inside += 1
            most = max(most, inside)
            time.sleep(0.005)
            inside -= 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(12)))
    assert most == 1
    assert counters.snapshot().locks_lost == 0


def test_names_and_tenants_do_not_meet(locks):
    with hold(locks) as first, hold(locks, "export") as second, hold(locks, tenant="acme") as third:
        assert not any(held.lost for held in (first, second, third))


def test_it_is_not_reentrant_and_says_so_in_time(locks, counters):
    with hold(locks):
        begun = time.monotonic()
        with (
            pytest.raises(LockUnavailable, match=r"training-student.import: .* 0.3 s: another holds it"),
            hold(locks, timeout=0.3),
        ):
            pytest.fail("held twice")
        assert 0.3 <= time.monotonic() - begun < 0.3 + 0.75
        with pytest.raises(LockUnavailable), hold(locks, timeout=0):
            pytest.fail("held twice")
    with hold(locks):
        pass
    assert counters.snapshot().lock_waits == 1  # who does not wait is not counted


def test_a_waiter_gets_it_soon_after_it_is_free(locks):
    with ThreadPoolExecutor(1) as pool, hold(locks):

        def wait():
            with hold(locks, timeout=10):
                return time.monotonic()

        waiting = pool.submit(wait)
        time.sleep(0.3)
        released = time.monotonic()
    assert waiting.result() - released < 0.75


def test_it_is_held_for_longer_than_its_lease(locks):
    with hold(locks, lease=0.6) as held:
        deadline = time.monotonic() + 1.8
        while time.monotonic() < deadline:
            with pytest.raises(LockUnavailable), hold(locks):
                pytest.fail("held twice")
            assert not held.lost
            held.check()
            time.sleep(0.1)


def test_nothing_is_left_behind(locks):
    threads = threading.active_count()
    for _ in range(20):
        with hold(locks):
            pass
    deadline = time.monotonic() + 2
    while threading.active_count() > threads and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= threads


def test_the_bodys_exception_comes_out_as_it_is(locks):
    with pytest.raises(ZeroDivisionError) as caught, hold(locks):
        raise ZeroDivisionError
    assert not hasattr(caught.value, "__notes__")
    with hold(locks):
        pass


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_neither_has_nor_releases_it(locks):
    with hold(locks) as held:
        reading, writing = os.pipe()
        if os.fork() == 0:
            said = b"went on"
            try:
                held.check()
            except LockLost:
                said = b"refused"
            os.write(writing, said)
            os._exit(0)
        os.wait()
        assert os.read(reading, 20) == b"refused"
        os.close(reading)
        os.close(writing)
        held.check()
        with pytest.raises(LockUnavailable), hold(locks):
            pytest.fail("held twice")
    with hold(locks):
        pass


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_that_leaves_the_block_is_told_and_releases_nothing(locks):
    reading, writing = os.pipe()
    child = None
    try:
        with hold(locks):
            child = os.fork()
            if child:
                os.waitpid(child, 0)
                with pytest.raises(LockUnavailable), hold(locks):
                    pytest.fail("held twice")
    except LockLost as lost:
        os.write(writing, str(lost).encode())
    finally:
        if child == 0:
            os._exit(0)
    assert b"forked from" in os.read(reading, 400)
    os.close(reading)
    os.close(writing)
    with hold(locks):
        pass


@pytest.mark.parametrize(
    ("timeout", "lease"), [(-1, 1), (float("inf"), 1), (float("nan"), 1), (0, 0), (0, -1), (0, float("inf"))]
)
def test_what_is_no_span_of_time_is_refused(locks, timeout, lease):
    with pytest.raises(InvalidArgument), hold(locks, timeout=timeout, lease=lease):
        pytest.fail("held")
