"""The published suite, on every store of ours; and a store that breaks the contract, which it must find out."""

from __future__ import annotations

import time

import pytest

from perdure.names import Key
from perdure.store.opening import open_store
from perdure.store.rows import Content, Note
from perdure.testing.store_suite import StoreSuite


class TestOurStores(StoreSuite):
    @pytest.fixture
    def store(self, url):
        store = open_store(url)
        yield store
        store.close()


class Forgetful:
    """A store that reads outside the lock, ends transactions early, folds the case of names, and tells nobody."""

    def __init__(self, store):
        self.store = store

    def __getattr__(self, name):
        return getattr(self.store, name)

    def transact(self, key, work):
        return work(self)

    def observe(self, observer):
        return lambda: None

    def lock(self, key):
        row = self.store.read(key)
        time.sleep(0.005)  # for the others to read the same
        return row

    def put(self, key, content, note):
        folded = Key(key.tenant, key.module, key.name.lower())
        return self.store.transact(folded, lambda transaction: transaction.put(folded, content, note))


@pytest.mark.parametrize(
    "test",
    [
        StoreSuite.test_keys_are_kept_apart_exactly,
        StoreSuite.test_what_raises_writes_nothing,
        StoreSuite.test_threads_lose_no_update,
        StoreSuite.test_an_observer_is_told_of_each_transaction_as_a_whole,
    ],
)
def test_a_store_that_breaks_the_contract_is_found_out(tmp_path, test):
    with_durability = open_store(f"sqlite:///{tmp_path / 'app.db'}", durability="normal")
    try:
        Forgetful(with_durability).put(Key("", "other", "x"), Content("1"), Note("set"))
        with pytest.raises((AssertionError, TypeError)):
            test(StoreSuite(), Forgetful(with_durability))
    finally:
        with_durability.close()
