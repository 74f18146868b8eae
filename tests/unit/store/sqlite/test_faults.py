import os
import sqlite3
import tempfile
from pathlib import Path

import pytest

from perdure.errors import StoreCorrupt, StoreFull, StoreUnavailable
from perdure.names import Key


def test_a_file_that_is_no_database_is_damaged(open_store, path):
    path.write_bytes(b"this is a text, and no database at all" * 100)
    with pytest.raises(StoreCorrupt, match=r"app\.db"):
        open_store(path)


def test_a_damaged_page_is_told_with_its_key(store, put, path, key, open_store):
    for number in range(300):
        put(store, '"' + "x" * 200 + '"', at=Key("", "demo", f"n{number}"))
    store.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    with pytest.raises(StoreCorrupt, match=r"app\.db"):
        open_store(path).read(key)


def test_a_missing_directory_is_named(open_store, tmp_path):
    with pytest.raises(StoreUnavailable, match=r"the directory '.*missing' does not exist\. Create it"):
        open_store(tmp_path / "missing" / "app.db")


def test_a_directory_is_no_file(open_store, tmp_path):
    with pytest.raises(StoreUnavailable, match="it is a directory"):
        open_store(tmp_path)


def test_a_missing_file_is_not_created_where_the_url_forbids_it(open_store, path):
    with pytest.raises(StoreUnavailable, match="the file does not exist"):
        open_store(f"sqlite:///file:{path}?mode=ro&uri=true")


def test_a_full_database_says_so_and_works_again_when_there_is_room(store, put, key):
    put(store, "1")
    connection = store.connections.mine().connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreFull, match=r"demo\.visits: the store is full .*app\.db"):
        put(store, "9" * 60_000)
    assert store.read(key).version == 1
    connection.execute("PRAGMA max_page_count = 100000")
    assert put(store, "9" * 60_000).version == 2


def test_a_disk_that_fails_during_commit_loses_nothing_that_was_acknowledged(run, path):
    script = """
import resource
store = open_store(); put(store, "1")
size = os.path.getsize(sys.argv[1] + "-wal")
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20_000, resource.RLIM_INFINITY))
acknowledged = 1
try:
    while True:
        acknowledged = put(store, "9" * 1000).version
except errors.StoreError as error:
    say(type(error).__name__)
say(store.read(KEY).version == acknowledged)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
say(put(store, "2").version == acknowledged + 1); store.close()
"""
    assert run(script, path) == ["OutcomeUnknown", "True", "True"]


READ_ONLY = """
try:
    store = open_store()
    say(store.read_value(KEY).text)
    put(store, "2")
except errors.StoreError as error:
    say(type(error).__name__, error)
"""


@pytest.fixture
def run_as_stranger(run):
    """Run a script as somebody whom permissions bind: root ignores them."""

    def run_as_stranger(script, *arguments):
        return run("become_stranger()\n" + script if os.geteuid() == 0 else script, *arguments)

    return run_as_stranger


@pytest.fixture
def folder():
    # Not in tmp_path, which lies in a directory that nobody else may enter.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


def protect(folder, directory_mode):
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(directory_mode)


@pytest.mark.parametrize("kept_open", [True, False])
def test_a_read_only_file_in_a_writable_directory_is_read_and_not_written(open_store, folder, put, run_as_stranger, kept_open):
    store = open_store(folder / "app.db")
    put(store, "1")
    if not kept_open:
        store.close()
    protect(folder, 0o777)
    read, written = run_as_stranger(READ_ONLY, folder / "app.db")
    assert read == "1"
    assert written.startswith("StoreReadOnly demo.visits")


def test_a_read_only_directory_is_read_while_somebody_else_has_the_file_open(open_store, folder, put, run_as_stranger):
    put(open_store(folder / "app.db"), "1")
    protect(folder, 0o555)
    read, written = run_as_stranger(READ_ONLY, folder / "app.db")
    assert read == "1"
    assert written.startswith("StoreReadOnly demo.visits")


def test_a_read_only_directory_with_nobody_there_says_what_would_work(open_store, folder, put, run_as_stranger):
    store = open_store(folder / "app.db")
    put(store, "1")
    store.close()
    protect(folder, 0o555)
    (refused,) = run_as_stranger(READ_ONLY, folder / "app.db")
    assert refused.startswith("StoreReadOnly")
    assert "immutable=1&uri=true" in refused
    read, written = run_as_stranger(READ_ONLY, f"file:{folder / 'app.db'}?immutable=1&uri=true")
    assert read == "1"
    assert written.startswith("StoreReadOnly demo.visits")


def test_a_fresh_file_that_cannot_be_written_is_read_only_at_open(folder, run_as_stranger):
    (folder / "app.db").touch()
    protect(folder, 0o555)
    (refused,) = run_as_stranger(READ_ONLY, folder / "app.db")
    assert refused.startswith("StoreReadOnly")


def test_a_file_that_cannot_be_created_says_so(folder, run_as_stranger):
    protect(folder, 0o555)
    (refused,) = run_as_stranger(READ_ONLY, folder / "app.db")
    assert refused.startswith("StoreUnavailable")
    assert "cannot be created" in refused


def test_a_directory_that_may_not_be_entered_says_so(folder, run_as_stranger, open_store):
    open_store(folder / "app.db").close()
    folder.chmod(0)
    (refused,) = run_as_stranger(READ_ONLY, folder / "app.db")
    assert f"this process may not enter '{folder}'" in refused


def test_a_file_that_may_not_be_read_says_so(folder, run_as_stranger, open_store):
    open_store(folder / "app.db").close()
    (folder / "app.db").chmod(0)
    folder.chmod(0o755)
    (refused,) = run_as_stranger(READ_ONLY, folder / "app.db")
    assert refused.startswith("StoreUnavailable")
    assert "may not read" in refused


def test_a_reader_behind_an_exclusive_lock_is_told_for_how_long(store, key, path):
    connection = store.connections.lend(store.connections.mine())
    connection.execute("PRAGMA busy_timeout = 50")
    connection.execute("PRAGMA journal_mode = DELETE")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreUnavailable, match="locked for"):
        store.read(key)
    other.close()
