"""What is found broken: rows edited by hand, files that are none, places that are not there."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from perdure import App, StoreCorrupt, StoreReadOnly, StoreUnavailable, ValueCorrupt, ValueRefused
from perdure.transfer.exporting import export

from .conftest import COURSE, TRAINING, User, plugin, take_versions, without_tables

MODULE = "training-student"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "app.db"


@pytest.fixture
def app(path):
    with App.open(f"sqlite:///{path}", plugins=[plugin(TRAINING, COURSE)]) as app:
        yield app


def edit(path, name, text):
    with closing(sqlite3.connect(path)) as connection, connection:
        changed = connection.execute("UPDATE perdure_status SET value = ? WHERE name = ?", (text, name))
        assert changed.rowcount == 1


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("user", '{"name": "ada", "a', "user: "),
        ("user", '{"name": "ada", "age": "36"}', r"user\.age: expected int, got '36' \(str\)"),
        ("user", '{"name": "ada"}', "user: 'age' is missing"),
        ("visits", "NaN", "visits: "),
        ("visits", "true", r"visits: expected int, got True \(bool\)"),
        ("visits", "", "visits: "),
        ("size", "0", "size: 'size' must be >= 1: 0"),
    ],
)
def test_a_damaged_value_is_told_of_and_never_taken_for_a_default(app, path, name, text, problem):
    status = app.scope(MODULE).status
    status.set("enable", True)
    status.set(name, {"user": User("ada", 36)}.get(name, 3))
    edit(path, name, text)
    reads = [lambda: status.get(name), lambda: status.get(name, None), lambda: getattr(status.current, name), status.load]
    for read in reads:
        with pytest.raises(ValueCorrupt, match=f"{MODULE}: the stored value cannot be read: {problem}"):
            read()
    with pytest.raises(ValueCorrupt):
        status.update(name, lambda value: value)
    assert status.get("enable") is True
    assert name in status
    assert [(each.name, bool(each.error)) for each in app.entries()] == [("enable", False), (name, True)]
    damaged = status.entry(name)
    assert damaged.version == 1
    assert "ValueCorrupt" in repr(damaged)
    with pytest.raises(ValueCorrupt):
        damaged.value  # noqa: B018
    assert status.set(name, {"user": User("ada", 37)}.get(name, 4)).version == 2
    assert status.entry(name).error is None


def test_an_update_loses_nothing_that_newer_code_has_added(app, path):
    status = app.scope(MODULE).status
    status.set("user", User("ada", 36))
    edit(path, "user", '{"name":"ada","age":36,"email":"ada@example.org"}')
    assert status.get("user") == User("ada", 36)
    with pytest.raises(ValueRefused, match=r"user\.email: the stored value has this key, which the declared type does not know"):
        status.update("user", lambda user: user)
    assert status.entry("user").version == 1
    assert status.set("user", User("ada", 37)).version == 2
    assert status.update("user", lambda user: user).version == 3


@pytest.mark.parametrize("times", ["'x'", "1e300", "9223372036854775807"])
def test_damaged_times_are_told_of_and_end_no_listing(app, path, times):
    status = app.scope(MODULE).status
    status.set("visits", 1)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE perdure_status SET created_at = {times}")
    assert status.get("visits") == 1
    assert isinstance(status.entry("visits").error, ValueCorrupt)
    assert [bool(entry.error) for entry in app.entries()] == [True]
    assert status.set("visits", 2).version == 2


@pytest.mark.parametrize("damage", ["CAST(x'ff' AS TEXT)", "x'3130'"])
def test_what_is_no_text_is_told_of_and_ends_no_listing(app, path, damage):
    status = app.scope(MODULE).status
    status.set("visits", 1)
    status.set("enable", True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE perdure_status SET value = {damage} WHERE name = 'visits'")
    with pytest.raises(ValueCorrupt):
        status.get("visits")
    with pytest.raises(ValueCorrupt):
        status.update("visits", lambda visits: visits)
    assert [(entry.name, bool(entry.error)) for entry in app.entries()] == [("enable", False), ("visits", True)]
    assert status.set("visits", 2).version == 2
    assert status.get("visits") == 2


def test_an_encoding_that_is_not_known_is_told_of(app, path):
    status = app.scope(MODULE).status
    status.set("visits", 1)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE perdure_status SET encoding = 'sealed'")
    with pytest.raises(ValueCorrupt, match="expected the encoding 'json', got 'sealed'"):
        status.get("visits")


def test_a_row_that_nobody_declares_any_more_does_not_disturb(app, path):
    app.scope(MODULE).status.set("visits", 1)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE perdure_status SET name = 'gone'")
    assert app.entries() == []
    assert app.scope(MODULE).status.get("visits") == 0


NO_TEXT = ["x'ff'", "x'73'", "CAST(x'ff61' AS TEXT)"]


@pytest.mark.parametrize("damage", NO_TEXT)
@pytest.mark.parametrize("table", ["perdure_status", "perdure_change"])
def test_a_tenant_that_is_no_text_is_told_of(app, path, table, damage):
    app.tenant("ada").scope(MODULE).status.set("visits", 1)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE {table} SET tenant = {damage}")
    for read in (app.tenants, app.leftovers, app.pending_upgrades):
        with pytest.raises(StoreCorrupt, match=r"no text: .*perdure doctor --deep"):
            read()


def test_a_tenant_that_is_null_is_told_of(app, path):
    app.tenant("ada").scope(MODULE).status.set("visits", 1)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE copied AS SELECT * FROM perdure_status")
        connection.execute("DROP TABLE perdure_status")
        connection.execute("ALTER TABLE copied RENAME TO perdure_status")
        connection.execute("UPDATE perdure_status SET tenant = NULL")
    with pytest.raises(StoreCorrupt, match="no text: "):
        app.tenants()


@pytest.mark.parametrize("damage", NO_TEXT)
@pytest.mark.parametrize("column", ["module", "name"])
def test_a_module_or_name_that_is_no_text_is_left_out_of_a_document_and_told_of(app, path, column, damage):
    app.scope(MODULE).status.set("visits", 1)
    app.scope(MODULE).status.set("size", 2)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE perdure_status SET {column} = {damage} WHERE name = 'visits'")
        connection.execute(f"UPDATE perdure_change SET {column} = {damage} WHERE name = 'visits'")
    document = export(app.resources, app.tenants())
    assert [(each.why, "no text" in each.problem) for each in document.left_out] == [("unreadable", True)]
    assert (document.count, json.loads(document.text())["left_out"][0]["tenant"]) == (1, "")
    assert [entry.name for entry in app.entries()] == ["size"]
    for read in (app.leftovers, app.history):
        with pytest.raises(StoreCorrupt, match="no text"):
            read()


def test_a_file_that_is_no_database_is_left_alone(path):
    path.write_bytes(b"not a database, but somebody's precious notes" * 50)
    before = path.read_bytes()
    with pytest.raises(StoreCorrupt, match=str(path)):
        App.open(f"sqlite:///{path}", plugins=[])
    assert path.read_bytes() == before


def test_a_missing_directory_is_named(tmp_path):
    with pytest.raises(StoreUnavailable, match="nowhere"):
        App.open(f"sqlite:///{tmp_path / 'nowhere' / 'app.db'}", plugins=[])


def test_a_file_that_was_deleted_is_not_written_to_in_silence(app, path):
    app.scope(MODULE).status.set("visits", 1)
    for each in path.parent.iterdir():
        each.unlink()
    with pytest.raises(StoreUnavailable):
        app.scope(MODULE).status.set("visits", 2)


READ_ONLY = """
import os, sys
from perdure import App, StoreReadOnly
from training_student import STATUS
App.open("sqlite://").close()  # imports what nobody may not read
if os.getuid() == 0:
    os.setuid(65534)
with App.open(sys.argv[1]) as app:
    status = app.scope("training-student").status
    print(status.get("visits"))
    try:
        status.set("visits", 2)
    except StoreReadOnly as error:
        print(error)
"""


def test_a_read_only_file_can_be_read_and_says_why_it_is_not_written():
    # A folder of its own, since that of pytest is closed to others; SQLite's shared memory lies beside the file, for readers too.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        path = Path(folder, "app.db")
        with App.open(f"sqlite:///{path}", plugins=[plugin(TRAINING)]) as app:
            app.scope(MODULE).status.set("visits", 1)
        path.chmod(0o444)
        command = [sys.executable, "-c", READ_ONLY, f"sqlite:///{path}"]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        assert found.stdout.startswith("1\ntraining-student.visits: the store is read-only"), found.stdout + found.stderr


def test_a_read_only_file_beside_a_writable_one_is_named_where_it_is_not_written():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        path = Path(folder, "app.db")
        with App.open(f"sqlite:///{path}", plugins=[plugin(TRAINING)]) as app:
            app.scope(MODULE).status.set("visits", 1)
            for each in Path(folder).iterdir():
                each.chmod(0o444 if each.name.endswith("-shm") else 0o666)
            command = [sys.executable, "-c", READ_ONLY, f"sqlite:///{path}"]
            found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "its directory, its -wal and its -shm writable" in found.stdout, found.stdout + found.stderr


def test_a_database_opened_for_reading_refuses_writes(path):
    with App.open(f"sqlite:///{path}", plugins=[plugin(TRAINING)]) as app:
        app.scope(MODULE).status.set("visits", 1)
    with App.open(f"sqlite:///file:{path}?mode=ro&uri=true", plugins=[plugin(TRAINING)]) as app:
        assert app.scope(MODULE).status.get("visits") == 1
        with pytest.raises(StoreReadOnly):
            app.scope(MODULE).status.set("visits", 2)


@pytest.mark.parametrize("damaged", ["abc", 1.5, b"\xff"])
@pytest.mark.parametrize(
    "mend",
    [
        lambda status: status.set("visits", 2),
        lambda status: status.compare_and_set("visits", 2, version=1),
        lambda status: status.set_many({"visits": 2}),
        lambda status: status.unset("visits") and status.set("visits", 2),
        lambda status: status.revert("visits", 1) and status.set("visits", 2),
    ],
    ids=["set", "compare_and_set", "set_many", "unset", "revert"],
)
def test_a_damaged_record_version_is_mended_by_a_write(app, path, damaged, mend):
    status = app.scope(MODULE).status
    status.set("visits", 1)
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE perdure_status SET record_version = ? WHERE name = 'visits'", (damaged,))
    with pytest.raises(ValueCorrupt, match="record version"):
        status.get("visits")
    mend(status)
    assert status.get("visits") == 2


def test_a_row_that_is_behind_its_history_refuses_the_next_write_in_words(shared_url):
    with App.open(shared_url, plugins=[plugin(TRAINING, COURSE)]) as app:
        status = app.scope("training-student").status
        for visits in (1, 2, 3):
            status.set("visits", visits)
        with app.begin() as connection:
            connection.exec_driver_sql("UPDATE perdure_status SET version = 1 WHERE name = 'visits'")
        with pytest.raises(StoreCorrupt, match=r"behind its history.*perdure doctor"):
            status.set("visits", 4)
        assert status.get("visits") == 3


@pytest.fixture
def versionless(shared_url):
    """An App on a row that has no version."""
    with App.open(shared_url, plugins=[plugin(TRAINING, COURSE)]) as app:
        app.scope(MODULE).status.set("visits", 1)
        take_versions(shared_url)
        yield app
    if not shared_url.startswith("sqlite"):
        without_tables(shared_url)


@pytest.mark.parametrize(
    "write",
    [
        lambda status: status.set("visits", 2),
        lambda status: status.set_many({"visits": 2}),
        lambda status: status.update("visits", lambda visits: visits + 1),
        lambda status: status.compare_and_set("visits", 2, version=0),
        lambda status: status.unset("visits"),
        lambda status: status.revert("visits", 1),
        lambda status: status.forget("visits"),
    ],
    ids=["set", "set_many", "update", "compare_and_set", "unset", "revert", "forget"],
)
def test_a_row_without_a_version_refuses_every_write(versionless, write):
    status = versionless.scope(MODULE).status
    with pytest.raises(StoreCorrupt):
        write(status)
    assert status.get("visits") == 1
    assert len(status.history("visits")) == 1


def test_a_refused_write_to_a_row_without_a_version_leaves_a_callers_transaction_as_it_was(versionless):
    status = versionless.scope(MODULE).status
    with versionless.begin() as connection, pytest.raises(StoreCorrupt):
        status.within(connection).set("visits", 2)
    assert status.get("visits") == 1


def test_a_row_without_a_version_does_not_keep_others_from_being_watched(versionless):
    status = versionless.scope(MODULE).status
    with status.watch(since=0) as watch:
        status.set("size", 7)
        assert watch.take(10).name == "size"


def test_advice_on_a_change_that_cannot_be_read_is_about_the_history(app, status):
    status.set("visits", 1)
    status.set("visits", 2)
    with app.begin() as connection:
        connection.exec_driver_sql("UPDATE perdure_change SET value = '{' WHERE name = 'visits' AND version = 1")
    latest, damaged = status.history("visits")
    assert latest.error is None
    assert "go back to another version, or forget the history" in str(damaged.error)
    assert "perdure_status" not in str(damaged.error)
