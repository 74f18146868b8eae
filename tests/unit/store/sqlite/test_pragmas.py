import pytest


@pytest.mark.parametrize(("durability", "synchronous"), [("full", 2), ("normal", 1)])
def test_every_connection_is_set_up(open_store, path, durability, synchronous, key):
    store = open_store(path, durability=durability)
    store.read(key)
    for _ in range(2):
        connection = store.connections.mine().connection
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (synchronous,)
        assert connection.execute("PRAGMA busy_timeout").fetchone() == (5000,)
        assert (connection.execute("PRAGMA wal_autocheckpoint").fetchone() == (0,)) == (store.checkpoints is not None)
        store.connections.mine().give_back(close=True)
        store.read(key)


def test_memory_needs_no_log(open_store, put):
    store = open_store("sqlite://")
    assert store.checkpoints is None
    assert put(store).version == 1
