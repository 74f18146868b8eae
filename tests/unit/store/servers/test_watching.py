"""Watching on servers, which end sessions and refuse them while everybody works."""

from __future__ import annotations

import threading
import time

import pytest

from perdure.errors import OutcomeUnknown, StoreUnavailable
from perdure.names import Key
from perdure.store.rows import Content, Note
from perdure.store.watching.poller import Poller

KEYS = [Key("", "demo", f"n{number}") for number in range(3)]
PATIENCE = 30.0


@pytest.fixture
def poller_of():
    pollers = []

    def poller_of(store, interval):
        pollers.append(Poller(store, interval))
        return pollers[-1]

    yield poller_of
    for poller in pollers:
        poller.close()


class Writing(threading.Thread):
    """Writes until it is told to end, whatever the server does."""

    def __init__(self, store):
        super().__init__()
        self.store = store
        self.over = threading.Event()

    def run(self):
        number = 0
        while not self.over.is_set():
            number += 1
            key = KEYS[number % len(KEYS)]
            try:
                self.store.transact(
                    key, lambda transaction, key=key: transaction.put(key, Content("1"), Note("set", keep=100_000))
                )
            except (OutcomeUnknown, StoreUnavailable):
                time.sleep(0.01)

    def end(self):
        self.over.set()
        self.join(60)
        assert not self.is_alive()


def everything_of(feed, history):
    """Take until the feed has reached the history's end."""
    ends = {key: rows[-1].version for key, rows in history.items()}
    taken, until = [], time.monotonic() + PATIENCE
    while feed.cursors != ends:
        assert time.monotonic() < until
        if (change := feed.take(0.5)) is not None:
            taken.append(change)
    return {key: [change for change in taken if change.key == key] for key in KEYS}


def test_a_watcher_sees_exactly_the_history_while_sessions_are_killed_among_writers(open_store, poller_of, database):
    writers = [Writing(open_store()) for _ in range(3)]
    feeds = [poller_of(store, 0.05).follow(KEYS) for store in (open_store(), writers[0].store)]
    for writer in writers:
        writer.start()
    for _ in range(10):
        time.sleep(0.1)
        database.end_sessions()
    for writer in writers:
        writer.end()
    store = open_store()
    history = {key: store.read_changes_after(key, 0, limit=100_000) for key in KEYS}
    assert all(len(rows) > 10 for rows in history.values())
    for feed in feeds:
        assert everything_of(feed, history) == history


def test_who_was_stopped_goes_on_where_it_was(open_store, poller_of, put):
    first = poller_of(open_store(), 0.05)
    feed = first.follow(KEYS)
    writing = open_store()
    for key in KEYS:
        for _ in range(5):
            put(writing, at=key)
    taken = [feed.take(PATIENCE) for _ in range(6)]
    first.close()
    put(writing, at=KEYS[0])
    again = poller_of(open_store(), 0.05).follow(KEYS, feed.cursors)
    taken += [again.take(PATIENCE) for _ in range(10)]
    assert again.take(0.2) is None
    for key, count in zip(KEYS, (6, 5, 5), strict=True):
        assert [change.version for change in taken if change.key == key] == list(range(1, count + 1))


def test_tenants_and_modules_are_kept_apart(open_store, poller_of, put):
    keys = [Key(tenant, module, "visits") for tenant in ("", "acme", "ACME") for module in ("demo", "Demo")]
    store = open_store()
    poller = poller_of(store, 600.0)
    feeds = {key: poller.follow([key]) for key in keys}
    for key in keys:
        put(store, at=key)
    for key, feed in feeds.items():
        assert feed.take(PATIENCE).key == key
        assert feed.take(0) is None
