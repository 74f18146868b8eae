from __future__ import annotations

import pytest
from tests.unit.store.watching.counting import write, write_many

from perdure.names import Key
from perdure.store.watching.feed import CAPACITY, Feed
from perdure.store.watching.followers import Followers
from perdure.store.watching.pages import PAGE
from perdure.store.watching.supply import AT_ONCE, Supply

QUIET = Key("", "demo", "quiet")
BUSY = [Key("", "demo", f"busy{number}") for number in range(8)]


class Idle:
    def resume(self):
        pass

    def refill(self):
        pass

    def leave(self, feed):
        pass


@pytest.fixture
def followers():
    return Followers()


@pytest.fixture
def supply(store, followers):
    return Supply(store, followers)


@pytest.fixture
def follow(store, followers):
    """Make a feed from the beginning of some keys, which is to know of everything that was written so far."""

    def follow(*keys):
        feed = Feed(Idle(), dict.fromkeys(keys, 0), followers.mutex)
        followers.add(feed, {})
        return feed

    return follow


def look(store, followers):
    followers.note(followers.moved(store.read_heads([("", "demo")])))


def drained(feed):
    return [feed.take(0) for _ in range(len(feed.queue))]


def test_names_that_move_all_the_time_keep_no_other_waiting(store, followers, supply, follow):
    write(store, QUIET)
    feed = follow(*BUSY, QUIET)
    handed = []
    for _ in range(len(BUSY)):  # two of them fill a round, so that after half as many each had its turn
        for key in BUSY:
            write_many(store, key, PAGE, keep=100 * PAGE)
        look(store, followers)
        assert supply.give()
        handed += [change.key for change in drained(feed)]
    assert QUIET in handed
    assert set(handed) == {*BUSY, QUIET}


def test_a_round_reads_so_much_and_says_that_there_is_more(store, followers, supply, follow):
    for key in BUSY:
        write_many(store, key, PAGE)
    feed = follow(*BUSY)
    look(store, followers)
    assert supply.give()
    assert len(store.histories) == AT_ONCE // 100  # of each, a hundred are kept
    assert sum(key.name.startswith("busy") for key in feed.behind) == len(BUSY) - AT_ONCE // 100
    while supply.give():
        drained(feed)
    assert feed.behind == set()


def test_nothing_is_read_for_who_has_no_room(store, followers, supply, follow):
    write_many(store, QUIET, 2 * CAPACITY, keep=2 * CAPACITY)
    feed = follow(QUIET)
    look(store, followers)
    while supply.give():
        pass
    assert feed.choked
    count = len(store.histories)
    assert not supply.give()
    assert len(store.histories) == count


def test_nothing_is_read_for_who_has_everything(store, followers, supply, follow):
    write(store, QUIET)
    feed = follow(QUIET)
    look(store, followers)
    assert not supply.give()
    look(store, followers)
    assert not supply.give()
    assert len(store.histories) == 1
    assert [change.version for change in drained(feed)] == [1]
