import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import make_url

from perdure.errors import InvalidStoreUrl, StoreReadOnly, StoreUnavailable
from perdure.store.sqlite.location import LOOK_EVERY, located


@pytest.mark.parametrize(
    "url", ["sqlite:///app.db", "sqlite:///file:app.db?uri=true", "sqlite:///file:a%20b.db?uri=true&mode=rwc"]
)
def test_a_relative_path_means_the_directory_at_open(open_store, put, tmp_path, monkeypatch, url):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    store = open_store(url)
    put(store)
    monkeypatch.chdir(tmp_path / "elsewhere")
    store.connections.mine().give_back(close=True)
    store.engine.dispose()
    assert put(store).version == 2
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert str(tmp_path) in store.shown


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file::memory:?cache=shared&uri=true",
        "sqlite:///file:some?mode=memory&cache=shared&uri=true",
    ],
)
def test_memory_is_told_from_files(url):
    assert located(make_url(url)).path is None


@pytest.mark.parametrize("url", ["sqlite://app.db", "sqlite://app.db/x", "sqlite:///app.db?mode=ro"])
def test_a_url_that_would_mean_something_else_is_refused(url):
    with pytest.raises(InvalidStoreUrl, match=r"three slashes|uri=true"):
        located(make_url(url))


@pytest.mark.parametrize("change", ["delete", "replace"])
def test_a_file_that_was_taken_away_is_noticed(open_store, path, put, key, change):
    store = open_store(path)
    put(store)
    path.unlink()
    if change == "replace":
        shutil.copy(__file__, path)
    expected = "deleted" if change == "delete" else "replaced"
    with pytest.raises(StoreUnavailable, match=expected):
        put(store)
    store.watch.due -= LOOK_EVERY
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match=expected):
            store.read_value(key)
    assert path.exists() == (change == "replace")


def test_a_file_that_is_put_back_is_used_again(open_store, path, put, tmp_path):
    store = open_store(path)
    put(store)
    path.rename(tmp_path / "aside")
    with pytest.raises(StoreUnavailable):
        put(store)
    (tmp_path / "aside").rename(path)
    assert put(store).version == 2


def test_a_thread_that_connects_while_the_file_is_away_makes_no_other(open_store, path, put, key, tmp_path):
    store = open_store(path)
    put(store)
    path.rename(tmp_path / "aside")

    def read_in_a_new_thread():
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(store.read_value, key).result()

    with pytest.raises(StoreUnavailable, match="deleted or moved"):
        read_in_a_new_thread()
    assert not path.exists()
    (tmp_path / "aside").rename(path)
    assert read_in_a_new_thread().text == "1"


def test_a_read_only_uri_reads_and_does_not_write(store, open_store, path, put, key):
    put(store, "1")
    reader = open_store(f"sqlite:///file:{path}?mode=ro&uri=true")
    assert reader.read_value(key).text == "1"
    with pytest.raises(StoreReadOnly, match=r"demo\.visits"):
        put(reader)
    put(store, "2")
    assert reader.read_value(key).text == "2"


def test_an_immutable_uri_reads_a_file_that_nobody_has_open(store, open_store, path, put, key):
    put(store, "1")
    store.close()
    reader = open_store(f"sqlite:///file:{path}?immutable=1&uri=true")
    assert reader.read_value(key).text == "1"
    with pytest.raises(StoreReadOnly):
        put(reader)
