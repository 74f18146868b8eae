from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.unit.store.watching.counting import PATIENCE

from perdure.names import Key
from perdure.store.rows import ChangeRow
from perdure.store.watching.feed import CAPACITY, LOW, Feed, Gap

KEY, OTHER = Key("", "demo", "visits"), Key("", "demo", "other")


class Idle:
    """A source that finds nothing, and notes what it is asked."""

    def __init__(self):
        self.asked = []

    def resume(self):
        self.asked.append("resume")

    def refill(self):
        self.asked.append("refill")

    def leave(self, feed):
        self.asked.append("leave")


@pytest.fixture
def source():
    return Idle()


@pytest.fixture
def feed(source):
    return Feed(source, {KEY: 0, OTHER: 4}, threading.RLock())


def item(version, key=KEY):
    return ChangeRow(*key, version, "set", "1", "json", 1, None, None, None, version), version


def test_what_was_put_is_taken_in_order_and_moves_the_cursors(feed):
    feed.put([item(1), item(5, OTHER), item(2)])
    assert feed.cursors == {KEY: 0, OTHER: 4}
    assert [feed.take().version for _ in range(3)] == [1, 5, 2]
    assert feed.cursors == {KEY: 2, OTHER: 5}
    assert feed.placed == {KEY: 2, OTHER: 5}


def test_cursors_are_of_the_moment_at_which_they_were_asked_for(feed):
    before = feed.cursors
    feed.put([item(1)])
    feed.take()
    assert before == {KEY: 0, OTHER: 4}


@pytest.mark.parametrize(("gap", "cursor"), [(Gap(KEY, 0, 8), 7), (Gap(KEY, 0, None), 9)])
def test_a_gap_moves_the_cursor_past_what_is_gone(feed, gap, cursor):
    feed.put([(gap, cursor)])
    assert feed.take() == gap
    assert feed.cursors[KEY] == cursor


@pytest.mark.parametrize("timeout", [0, 0.01, -1])
def test_nothing_comes_in_time(feed, timeout):
    assert feed.take(timeout) is None
    assert not feed.ended


def test_a_timeout_of_nothing_returns_what_is_there(feed):
    feed.put([item(1)])
    assert feed.take(0).version == 1


def test_whoever_waits_is_woken(feed):
    with ThreadPoolExecutor() as pool:
        taken = pool.submit(feed.take, PATIENCE)
        feed.put([item(1)])
        assert taken.result(PATIENCE).version == 1


def test_threads_share_changes_and_each_goes_to_one(feed):
    with ThreadPoolExecutor(8) as pool:
        workers = [pool.submit(lambda: [feed.take(PATIENCE).version for _ in range(50)]) for _ in range(8)]
        for first in range(1, 401, 10):
            feed.put([item(version) for version in range(first, first + 10)])
        taken = [worker.result(PATIENCE) for worker in workers]
    assert sorted(version for each in taken for version in each) == list(range(1, 401))
    assert all(each == sorted(each) for each in taken)


def test_no_more_is_put_than_there_is_room_for(feed):
    feed.put(item(version) for version in range(1, 2 * CAPACITY))
    assert feed.choked
    assert feed.placed[KEY] == len(feed.queue) == CAPACITY


def test_more_is_asked_for_once_a_full_feed_is_drained(feed, source):
    feed.put(item(version) for version in range(1, 2 * CAPACITY))
    for _ in range(CAPACITY - LOW - 1):
        feed.take()
    assert feed.choked
    assert "refill" not in source.asked
    feed.take()
    assert not feed.choked
    assert source.asked.count("refill") == 1
    feed.take()
    assert source.asked.count("refill") == 1


def test_a_feed_that_was_not_full_asks_for_nothing(feed, source):
    feed.put(item(version) for version in range(1, CAPACITY + 1))
    for _ in range(CAPACITY):
        feed.take()
    assert "refill" not in source.asked


def test_a_closed_feed_drops_what_waits_and_keeps_its_cursors(feed, source):
    feed.put([item(1), item(2)])
    feed.take()
    feed.close()
    feed.close()
    assert feed.ended
    assert feed.take() is None
    assert feed.cursors == {KEY: 1, OTHER: 4}
    feed.put([item(2)])
    assert feed.take(0) is None
    assert "leave" in source.asked


def test_everyone_who_waits_is_let_go_when_it_is_closed(feed):
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(feed.take) for _ in range(4)]
        feed.close()
        assert [one.result(PATIENCE) for one in waiting] == [None] * 4


def test_somebody_is_made_to_look_by_whoever_takes(feed, source):
    feed.take(0)
    assert source.asked == ["resume"]
