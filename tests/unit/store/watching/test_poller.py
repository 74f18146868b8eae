from __future__ import annotations

import gc
import logging
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine
from tests.unit.store.watching.counting import PATIENCE, forget, seen, take, write, write_many

from perdure.errors import AppClosed, StoreUnavailable
from perdure.names import Key
from perdure.store import forks, writer
from perdure.store.rows import Content, Note
from perdure.store.watching.feed import CAPACITY, Gap

OTHER = Key("", "demo", "other")
LOGGER = "perdure.store"


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "perdure-watcher"]


def wait_until(holds):
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.005)


def far_interval(poller_of, of):
    """Return a poller whose next look at everything is far away, so that what comes was asked for."""
    return poller_of(of, 600.0)


# --------------------------------------------------------------------------- what is handed out


def test_a_feed_begins_with_the_call(poller, store, key):
    write_many(store, key, 3)
    feed = poller.follow([key])
    assert feed.cursors == {key: 3}
    write(store, key, "new", actor="ada", reason="because")
    change = take(feed)
    assert (change.key, change.version, change.text, change.actor, change.reason) == (key, 4, "new", "ada", "because")
    assert feed.cursors == {key: 4}


def test_what_was_never_written_begins_at_nothing(poller, store, key):
    feed = poller.follow([key])
    assert feed.cursors == {key: 0}
    write(store, key)
    assert seen(feed, 1) == [1]


def test_a_feed_goes_on_after_a_given_version(poller, store, key):
    write_many(store, key, 5)
    write_many(store, OTHER, 5)
    feed = poller.follow([key, OTHER], {key: 2})
    assert seen(feed, 3) == [3, 4, 5]
    assert feed.take(0.1) is None
    assert feed.cursors == {key: 5, OTHER: 5}


def test_what_follows_from_a_feeds_cursors_is_exactly_the_rest(poller, store, key):
    write_many(store, key, 10)
    first = poller.follow([key], {key: 0})
    assert seen(first, 4) == [1, 2, 3, 4]
    first.close()
    assert seen(poller.follow([key], first.cursors), 6) == [5, 6, 7, 8, 9, 10]


def test_a_version_from_the_future_is_told_of_and_gone_on_from_what_there_is(poller, store, key):
    """A backup was restored: whoever waited for a version to be passed would miss those that came in its place."""
    write_many(store, key, 2)
    ahead, now = poller.follow([key], {key: 4}), poller.follow([key])
    assert take(ahead) == Gap(key, 4, None, reached=2)
    assert ahead.cursors == {key: 2}
    write_many(store, key, 3)
    assert seen(now, 3) == seen(ahead, 3) == [3, 4, 5]
    nothing = Key("", "demo", "never-written")
    assert take(poller.follow([nothing], {nothing: 1})) == Gap(nothing, 1, None, reached=0)


def test_what_is_not_followed_is_not_handed_out(poller, store, key):
    feed = poller.follow([key])
    for stranger in (OTHER, Key("acme", key.module, key.name), Key("", "other", key.name)):
        write(store, stranger)
    write(store, key)
    assert take(feed).key == key
    assert feed.take(0.1) is None


def test_an_unset_value_is_a_change(poller, store, key):
    feed = poller.follow([key])
    write(store, key, "1")
    write(store, key, None)
    assert [take(feed).text for _ in range(2)] == ["1", None]


def test_a_row_that_only_exists_to_be_locked_is_none(poller, store, key):
    feed = poller.follow([key])
    store.transact(key, lambda transaction: transaction.lock(key))
    write(store, key)
    assert seen(feed, 1) == [1]


def test_another_process_is_found_at_the_next_interval(poller_of, counting, store, key):
    feed = poller_of(store, 0.05).follow([key])
    other = counting()
    write_many(other, key, 3)
    assert seen(feed, 3) == [1, 2, 3]


def test_this_process_is_not_waited_for(poller_of, store, key):
    feed = far_interval(poller_of, store).follow([key])
    for version in range(1, 6):
        write(store, key)
        assert take(feed).version == version


def test_a_callers_transaction_is_told_of_after_its_commit_alone(poller_of, store, key):
    feed = far_interval(poller_of, store).follow([key])
    with store.begin() as connection:
        joined = store.joined(connection)
        joined.transact(key, lambda transaction: transaction.put(key, Content("1"), Note("set")))
    assert seen(feed, 1) == [1]
    with pytest.raises(ZeroDivisionError), store.begin() as connection:
        joined = store.joined(connection)
        joined.transact(key, lambda transaction: transaction.put(key, Content("1"), Note("set")))
        raise ZeroDivisionError
    assert feed.take(0.1) is None


def test_several_writers_are_seen_exactly_as_history_has_them(poller_of, counting, store):
    """Four threads here and one on a store of its own; three feeds, of which one is shared by two threads."""
    keys = [Key("", "demo", f"n{number}") for number in range(3)]
    poller, other = poller_of(store, 0.02), counting()
    feeds = [poller.follow(keys) for _ in range(3)]

    def write_all(of):
        for number in range(60):
            write(of, keys[number % 3], keep=1000)

    with ThreadPoolExecutor(9) as pool:
        takers = [pool.submit(lambda feed=feed, n=n: [take(feed) for _ in range(n)]) for feed, n in zip(feeds, (300, 300, 150))]  # noqa: B905 - three of each
        takers.append(pool.submit(lambda: [take(feeds[2]) for _ in range(150)]))
        for done in [pool.submit(write_all, of) for of in (store, store, store, store, other)]:
            done.result(PATIENCE)
        taken = [taker.result(PATIENCE) for taker in takers]
    history = {key: store.read_changes_after(key, 0, limit=1000) for key in keys}
    assert sum(map(len, history.values())) == 300
    for changes in taken[:2]:
        assert {key: [change for change in changes if change.key == key] for key in keys} == history
    assert sorted(taken[2] + taken[3]) == sorted(change for rows in history.values() for change in rows)
    assert [feed.take(0.05) for feed in feeds] == [None] * 3


def test_versions_are_trusted_and_clocks_are_not(monkeypatch, poller, store, key):
    feed = poller.follow([key])
    times = iter([5000, 9000, 7000, 8000])
    monkeypatch.setattr(writer, "microseconds", lambda: next(times))
    for _ in range(4):
        write(store, key)
    assert seen(feed, 4) == [1, 2, 3, 4]
    # The broken control: whoever asks for what is later than the last that he has seen, change by change.
    found, last = [], 0
    for row in store.read_changes_after(key, 0, limit=10):
        if row.at > last:
            found.append(row.version)
            last = row.at
    assert found == [1, 2]


# --------------------------------------------------------------------------- what is gone


def test_what_was_pruned_before_is_a_gap(poller, store, key):
    write_many(store, key, 10, keep=3)
    feed = poller.follow([key], {key: 2})
    assert take(feed) == Gap(key, 2, 8)
    assert feed.cursors == {key: 7}
    assert seen(feed, 3) == [8, 9, 10]


def test_what_was_pruned_between_two_looks_is_a_gap(poller_of, counting, store, key):
    feed = poller_of(store, 0.1).follow([key])
    write_many(counting(), key, 10, keep=2)
    assert seen(feed, 3) == [(0, 9), 9, 10]


def test_a_forgotten_history_is_a_gap_up_to_the_head(poller, store, key):
    write_many(store, key, 5)
    forget(store, key)
    feed = poller.follow([key], {key: 1})
    assert take(feed) == Gap(key, 1, None)
    assert feed.cursors == {key: 5}
    write(store, key)
    assert seen(feed, 1) == [6]


def test_forgetting_what_was_handed_out_is_none(poller, store, key):
    feed = poller.follow([key])
    write(store, key)
    assert seen(feed, 1) == [1]
    forget(store, key)
    write(store, key)
    assert seen(feed, 1) == [2]


def test_an_erased_tenant_is_a_gap(poller_of, store, key):
    write(store, key)
    feed = poller_of(store, 0.05).follow([key])
    store.erase_tenant("")
    assert take(feed) == Gap(key, 1, None)
    write(store, key)
    assert seen(feed, 1) == [3]


def test_a_name_that_keeps_no_history_gives_only_gaps(poller, store, key):
    feed = poller.follow([key])
    write(store, key, keep=0)
    assert take(feed) == Gap(key, 0, None)


def test_a_gap_of_one_key_leaves_the_others_alone(poller, store, key):
    write_many(store, key, 10, keep=1)
    write_many(store, OTHER, 3)
    feed = poller.follow([key, OTHER], {key: 0, OTHER: 0})
    items = [take(feed) for _ in range(5)]
    assert [item for item in items if isinstance(item, Gap)] == [Gap(key, 0, 10)]
    assert [item.version for item in items if item.key == OTHER] == [1, 2, 3]


# --------------------------------------------------------------------------- what it costs


def test_nothing_is_done_before_the_first_feed(poller, store):
    time.sleep(0.05)
    assert store.heads == []
    assert store.home.delivery.subscribers == []
    assert threads() == []


def test_five_hundred_feeds_are_one_query_per_interval(poller_of, store, key):
    poller = poller_of(store, 0.05)
    feeds = [poller.follow([key, OTHER]) for _ in range(500)]
    time.sleep(0.1)
    store.forget_counts()
    began = time.monotonic()
    store.wait_for_looks(5)
    passed = time.monotonic() - began
    assert len(store.heads) <= passed / 0.05 + 2
    assert store.histories == []
    assert set(store.heads) == {(("", "demo"),)}
    write(store, key)
    assert [take(feed).version for feed in feeds] == [1] * 500
    assert store.histories == [(key, 0)]
    assert len(threads()) == 1


def test_only_what_moved_is_read(poller, store, key):
    keys = [Key("", "demo", f"n{number}") for number in range(20)]
    feed = poller.follow([key, *keys])
    store.forget_counts()
    write(store, keys[7])
    assert take(feed).key == keys[7]
    assert store.histories == [(keys[7], 0)]


def test_a_write_has_only_its_own_module_looked_at(poller_of, store):
    keys = [Key(f"t{number}", "demo", "visits") for number in range(5)]
    feed = far_interval(poller_of, store).follow(keys)
    write(store, keys[3])
    assert take(feed).key == keys[3]
    store.forget_counts()
    write(store, keys[3])
    assert take(feed).key == keys[3]
    assert store.heads == [(("t3", "demo"),)]


def test_a_write_that_nobody_follows_costs_no_query(poller_of, store, key):
    feed = far_interval(poller_of, store).follow([key])
    store.forget_counts()
    for _ in range(10):
        write(store, Key("", "elsewhere", "visits"))
    assert feed.take(0.05) is None
    assert store.heads == []


def test_a_busy_writer_is_looked_after_at_times_and_not_at_each_write(poller_of, store, key):
    feed = far_interval(poller_of, store).follow([key])
    store.forget_counts()
    began = time.monotonic()
    for _ in range(300):
        write(store, key, keep=1000)
    passed = time.monotonic() - began
    assert seen(feed, 300) == list(range(1, 301))
    assert len(store.heads) <= passed / 0.002 + 3


def test_a_feed_that_nobody_has_is_collected_and_costs_nothing(poller_of, store, key):
    poller = poller_of(store, 0.02)
    feed = poller.follow([key])
    store.wait_for_looks(1)
    gone = weakref.ref(feed)
    del feed
    wait_until(lambda: gc.collect() >= 0 and gone() is None)
    wait_until(lambda: poller.followers.keys == {})
    store.forget_counts()
    time.sleep(0.1)
    assert store.heads == []
    feed = poller.follow([key])
    write(store, key)
    assert seen(feed, 1) == [1]


def test_a_closed_feed_costs_nothing_and_the_others_go_on(poller, store, key):
    first, second = poller.follow([key, OTHER]), poller.follow([key])
    first.close()
    write(store, key)
    assert seen(second, 1) == [1]
    assert set(poller.followers.keys) == {key}
    second.close()
    assert poller.followers.keys == {}
    assert poller.followers.modules == {}


# --------------------------------------------------------------------------- who is slow


def test_who_is_slow_loses_nothing_and_takes_no_memory(poller, store, key):
    feed = poller.follow([key])
    for _ in range(5):
        write_many(store, key, CAPACITY // 2, keep=10 * CAPACITY)
    wait_until(lambda: feed.choked)
    assert len(feed.queue) == CAPACITY
    assert seen(feed, 5 * CAPACITY // 2) == list(range(1, 5 * CAPACITY // 2 + 1))
    write(store, key, keep=10 * CAPACITY)
    assert seen(feed, 1) == [5 * CAPACITY // 2 + 1]


def test_who_is_slow_meets_a_gap_only_where_history_was_pruned_meanwhile(poller, store, key):
    feed = poller.follow([key])
    write_many(store, key, 2 * CAPACITY, keep=10 * CAPACITY)
    wait_until(lambda: feed.choked)
    write_many(store, key, 10, keep=15)
    total = 2 * CAPACITY + 10
    assert seen(feed, CAPACITY) == list(range(1, CAPACITY + 1))
    assert take(feed) == Gap(key, CAPACITY, total - 14)
    assert seen(feed, 15) == list(range(total - 14, total + 1))


def test_who_is_slow_keeps_nobody_waiting(poller, store, key):
    slow, quick = poller.follow([key]), poller.follow([key])
    write_many(store, key, 3 * CAPACITY, keep=10 * CAPACITY)
    assert seen(quick, 3 * CAPACITY) == list(range(1, 3 * CAPACITY + 1))
    assert len(slow.queue) <= CAPACITY


def test_a_long_history_keeps_nobody_waiting_who_wants_what_is_new(poller, store, key):
    write_many(store, key, 5 * CAPACITY, keep=10 * CAPACITY)
    old, new = poller.follow([key], {key: 0}), poller.follow([key])
    write(store, key, keep=10 * CAPACITY)
    assert seen(new, 1) == [5 * CAPACITY + 1]
    assert seen(old, 5 * CAPACITY + 1) == list(range(1, 5 * CAPACITY + 2))


# --------------------------------------------------------------------------- what fails


def test_an_outage_is_said_once_and_nothing_is_missed(poller_of, counting, store, key, caplog):
    feed = poller_of(store, 0.02).follow([key])
    other = counting()
    caplog.set_level(logging.INFO, LOGGER)
    store.failure = StoreUnavailable("db", "it is away")
    store.wait_for_looks(4)
    write_many(other, key, 3)
    store.wait_for_looks(2)
    assert feed.take(0) is None
    assert [record.levelname for record in caplog.records if record.name == LOGGER] == ["WARNING"]
    assert "it is away" in caplog.text
    store.failure = None
    assert seen(feed, 3) == [1, 2, 3]
    store.wait_for_looks(2)
    assert [record.levelname for record in caplog.records if record.name == LOGGER] == ["WARNING", "INFO"]


def test_another_outage_is_said_again(poller_of, store, key, caplog):
    feed = poller_of(store, 0.02).follow([key])
    for _ in range(2):
        store.failure = StoreUnavailable("db", "it is away")
        store.wait_for_looks(3)
        store.failure = None
        store.wait_for_looks(3)
    assert [record.levelname for record in caplog.records if record.name == LOGGER] == ["WARNING"] * 2
    assert not feed.ended


def test_a_fault_of_our_own_does_not_end_the_thread(poller_of, store, key, caplog):
    feed = poller_of(store, 0.02).follow([key])
    store.failure = ZeroDivisionError("a bug")
    store.wait_for_looks(2)
    store.failure = None
    write(store, key)
    assert seen(feed, 1) == [1]
    assert "a bug" in caplog.text


def test_a_store_that_is_closed_ends_its_feeds(poller_of, store, key):
    poller = poller_of(store, 0.02)
    feed = poller.follow([key])
    store.close()
    assert feed.take(PATIENCE) is None
    assert feed.ended
    with pytest.raises(AppClosed):
        poller.follow([key])


def test_a_damaged_version_stops_nothing_else(poller_of, store, key, path):
    feed = poller_of(store, 0.02).follow([key, OTHER])
    write(store, OTHER)
    assert seen(feed, 1) == [1]
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE perdure_status SET version = 'many' WHERE name = 'other'")
        connection.exec_driver_sql("UPDATE perdure_change SET version = 'many', at = 'never' WHERE name = 'other'")
    engine.dispose()
    write_many(store, key, 3)
    assert seen(feed, 3) == [1, 2, 3]


# --------------------------------------------------------------------------- the end


def test_closing_lets_everyone_go_who_waits(poller, key):
    feeds = [poller.follow([key]) for _ in range(4)]
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(feed.take) for feed in feeds]
        time.sleep(0.05)
        poller.close()
        assert [one.result(PATIENCE) for one in waiting] == [None] * 4
    assert all(feed.ended for feed in feeds)
    assert threads() == []
    poller.close()


def test_nothing_can_be_followed_after_it(poller, store, key):
    poller.close()
    with pytest.raises(AppClosed) as raised:
        poller.follow([key])
    assert raised.value.store == store.shown
    assert threads() == []


def test_closing_what_was_never_used_does_nothing(poller):
    poller.close()
    assert poller not in forks.watching


def test_closing_does_not_wait_for_a_database_that_is_away(poller, store, key):
    entered, leave = threading.Event(), threading.Event()

    def hanging(modules):
        entered.set()
        leave.wait(PATIENCE)
        return []

    feed = poller.follow([key])
    store.read_heads = hanging
    poller.wake()
    assert entered.wait(PATIENCE)
    began = time.monotonic()
    poller.close()
    assert time.monotonic() - began < 5
    assert feed.take() is None
    leave.set()


def test_a_signal_handler_may_close_what_is_being_taken_from(poller, key):
    """As it does where it interrupts the main thread within `take`, which holds the mutex."""
    feed = poller.follow([key])
    with poller.followers.mutex:
        feed.close()
        poller.close()
    assert feed.take() is None


# --------------------------------------------------------------------------- forks

FORK = """
from perdure.store.watching.poller import Poller
from perdure.store.watching.feed import Gap
store = open_store(); poller = Poller(store, 0.05)
def in_child(function):
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    try:
        function()
    except BaseException as error:
        say(type(error).__name__, error)
    sys.stdout.flush()
    os._exit(0)
"""

forking = pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="this system does not fork")


@forking
def test_an_inherited_feed_goes_on_in_the_child_and_in_the_parent(run, path):
    script = """
feed = poller.follow([KEY]); put(store, "1"); put(store, "2")
say("parent", feed.take(20).version)
def child():
    say("child", feed.take(20).version)
    put(store, "3")
    say("child", feed.take(20).version)
    fresh = poller.follow([KEY])
    put(store, "4")
    say("child", fresh.take(20).version, feed.take(20).version)
    poller.close()
    say("child", feed.take())
in_child(child)
say("parent", feed.take(20).version, feed.take(20).version, feed.take(20).version); poller.close(); store.close()
"""
    assert run(FORK + script, path) == ["parent 1", "child 2", "child 3", "child 4 4", "child None", "parent 2 3 4"]


@forking
def test_a_child_that_takes_nothing_has_no_thread(run, path):
    script = """
feed = poller.follow([KEY])
in_child(lambda: say([thread.name for thread in threading.enumerate() if thread.name.startswith("perdure")]))
poller.close(); store.close()
"""
    assert run(FORK + script, path) == ["[]"]


@forking
def test_forks_in_the_middle_of_everything_find_feeds_whole(run, path):
    script = """
names = [Key("", "demo", f"n{number}") for number in range(3)]
feeds = [poller.follow(names) for _ in range(5)]
stop = threading.Event()
def write():
    while not stop.is_set():
        for name in names:
            put(store, "1", name, Note("set", keep=100000))
def read(feed):
    while not stop.is_set():
        feed.take(0.05)
threads = [threading.Thread(target=write)] + [threading.Thread(target=read, args=(feed,)) for feed in feeds[:3]]
for thread in threads: thread.start()
def child():
    for feed in feeds:
        known = dict(feed.cursors)
        for _ in range(50):
            change = feed.take(20)
            if isinstance(change, Gap) or change.version != known[change.key] + 1:
                say("missed", change, known)
            known[change.key] = change.version
    poller.close()
    say("whole")
for _ in range(10):
    in_child(child)
stop.set()
for thread in threads: thread.join()
poller.close(); store.close()
"""
    assert run(FORK + script, path) == ["whole"] * 10
