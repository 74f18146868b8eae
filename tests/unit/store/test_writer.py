import pytest

from perdure.names import Key
from perdure.store.rows import Content, Note


@pytest.fixture
def history(store):
    def history(key):
        text = "SELECT version, operation, value, actor, reason, change_set FROM perdure_change WHERE name = ? ORDER BY version"
        return store.fetch(text, (key.name,))

    return history


def test_a_version_moves_by_one_and_created_at_stays(store, put):
    first, second = put(store, "1"), put(store, "2")
    assert (first.version, second.version) == (1, 2)
    assert second.created_at == first.created_at == first.updated_at
    assert second.updated_at >= first.updated_at > 1_600_000_000_000_000


def test_an_unset_value_keeps_its_row_so_that_no_version_comes_back(store, put, key):
    put(store, "1")
    assert put(store, None).text is None
    assert store.read_value(key).text is None
    assert put(store, "1").version == 3


def test_history_tells_who_what_and_why(store, put, key, history):
    put(store, "1", actor="ada", reason="because", change_set="c1")
    put(store, None)
    assert history(key) == [(1, "set", "1", "ada", "because", "c1"), (2, "set", None, None, None, None)]


@pytest.mark.parametrize(("keep", "versions"), [(3, [5, 6, 7]), (1, [7]), (100, [1, 2, 3, 4, 5, 6, 7]), (0, [])])
def test_history_is_kept_to_its_bound(store, put, history, keep, versions):
    bounded, other = Key("", "demo", "bounded"), Key("", "demo", "other")
    put(store, at=other)
    for _ in range(7):
        put(store, at=bounded, keep=keep)
    assert [change[0] for change in history(bounded)] == versions
    assert len(history(other)) == 1


def test_a_smaller_bound_drops_what_an_earlier_one_kept(store, put, key, history):
    for _ in range(5):
        put(store)
    put(store, keep=2)
    assert [change[0] for change in history(key)] == [5, 6]
    put(store, keep=0)
    assert history(key) == []


def test_several_keys_are_written_together_or_not_at_all(store, key):
    keys = [Key("", "demo", name) for name in ("a", "b")]

    def work(transaction):
        for each in keys:
            transaction.put(each, Content("1"), Note("set", change_set="s"))
        if not broken:
            return
        raise RuntimeError

    broken = True
    with pytest.raises(RuntimeError):
        store.transact(key, work)
    assert store.read_module("", "demo") == []
    broken = False
    store.transact(key, work)
    assert [row.name for row in store.read_module("", "demo")] == ["a", "b"]


@pytest.mark.parametrize("text", ["", "9" * 100_000, "1.0", str(2**70), '"\\u0000é😀"', "null"])
def test_text_comes_back_exactly(store, put, key, text):
    put(store, text)
    assert store.read_value(key).text == text
