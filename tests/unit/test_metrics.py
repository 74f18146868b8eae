"""What is counted, from any thread, without losing one."""

from __future__ import annotations

import os
import sys
import threading
import time

import attrs
import pytest

from perdure import App
from perdure.metrics import Counters, Metrics, Tally


@pytest.fixture
def busy():
    """Have threads take turns as often as the interpreter can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def counted_by_threads(count, times=20_000):
    threads = [threading.Thread(target=lambda: [count() for _ in range(times)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 8 * times


def test_no_thread_loses_one(busy):
    tally = Tally()
    assert counted_by_threads(tally.count) == tally.number()


def test_broken_control_reading_and_writing_loses_some(busy):
    class Careless:
        number = 0

        def count(self):
            found = self.number
            time.sleep(0)  # another thread may go on here, as it may between any two steps
            self.number = found + 1

    careless = Careless()
    assert counted_by_threads(careless.count, 2000) > careless.number


def test_to_look_is_not_counted():
    tally = Tally()
    assert [tally.number() for _ in range(3)] == [0, 0, 0]
    tally.count()
    assert [tally.number() for _ in range(3)] == [1, 1, 1]


def test_there_is_a_counter_for_all_that_metrics_have():
    counters = Counters()
    for each in attrs.fields(Counters):
        getattr(counters, each.name).count()
    metrics = counters.snapshot(watchers=1)
    assert attrs.asdict(metrics) == dict.fromkeys((each.name for each in attrs.fields(Metrics)), 1)


def counted_in_child(counters):
    """What a forked child counts: one write of its own."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        counters.writes.count()
        os.write(writing, str(counters.snapshot().writes).encode())
        os._exit(0)
    os.waitpid(child, 0)
    found = os.read(reading, 100)
    for end in (reading, writing):
        os.close(end)
    return int(found)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_begins_anew(tmp_path):
    with App.open(f"sqlite:///{tmp_path}/app.db", plugins=[]) as app:
        counters = app.resources.store.counters
        for _ in range(5):
            counters.writes.count()
        assert app.metrics().writes == 5
        with counters.writes.mutex:  # as if another thread were looking
            assert counted_in_child(counters) == 1
        assert app.metrics().writes == 5
