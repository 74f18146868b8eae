"""A store whose queries are counted, and what is done to one."""

from __future__ import annotations

import threading

from perdure.store.rows import Content, Note
from perdure.store.watching.feed import Gap

PATIENCE = 20.0
"""Seconds after which a test gives up; none comes near them."""


class Counting:
    """A store that keeps count of what is read of it, and can be made to fail."""

    def __init__(self, store):
        self.store = store
        self.heads, self.histories, self.failure = [], [], None
        self.looked = threading.Condition()

    def __getattr__(self, name):
        return getattr(self.store, name)

    def read_heads(self, modules):
        self.note(self.heads, tuple(modules))
        return self.store.read_heads(modules)

    def read_changes_after(self, key, version, *, limit):
        self.note(self.histories, (key, version))
        return self.store.read_changes_after(key, version, limit=limit)

    def note(self, where, what):
        with self.looked:
            where.append(what)
            self.looked.notify_all()
        if self.failure is not None:
            raise self.failure

    def wait_for_looks(self, count):
        """Wait until so many more queries of heads have begun."""
        with self.looked:
            target = len(self.heads) + count
            assert self.looked.wait_for(lambda: len(self.heads) >= target, PATIENCE)

    def forget_counts(self):
        self.heads.clear()
        self.histories.clear()


def write(store, key, text="1", **note):
    """Write a value in a transaction of its own."""
    return store.transact(key, lambda transaction: transaction.put(key, Content(text), Note("set", **note)))


def write_many(store, key, count, **note):
    """Write a value several times in one transaction."""

    def work(transaction):
        for number in range(count):
            transaction.put(key, Content(str(number)), Note("set", **note))

    store.transact(key, work)


def forget(store, key):
    return store.transact(key, lambda transaction: transaction.forget(key))


def take(feed):
    """Take the next change, which must come."""
    item = feed.take(PATIENCE)
    assert item is not None
    return item


def seen(feed, count):
    """Take so many changes, and return the version of each; of a gap, what it is between."""
    items = [take(feed) for _ in range(count)]
    return [(item.since, item.oldest) if isinstance(item, Gap) else item.version for item in items]
