"""The doctor before databases that are damaged in many ways: it names each, goes on past it, and changes nothing."""

from __future__ import annotations

import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
import uuid
from contextlib import closing
from pathlib import Path

import attrs
import pytest
from sqlalchemy import create_engine, inspect, make_url

from perdure import App, SchemaMismatch, StatusSpec
from perdure.doctor import rows as doctor_rows
from perdure.doctor.case import Case
from perdure.doctor.diagnosis import diagnose
from perdure.plugins.discovery import handed_in, without_blocked
from perdure.records.entry import OPERATIONS
from perdure.store.schema import versions
from perdure.store.sqlite.checkpoints import has_wal_reset_fault
from perdure.store.tables import metadata

from .conftest import COURSE, TRAINING, User, emptied, plugin, take_versions

SECRET = "hunter2"
NEXT = StatusSpec("demo-course", COURSE.record, record_version=2, upgrades={"enable": {1: lambda enable: enable}})
TABLES = (*metadata.tables, versions.VERSION_TABLE)


def examine(url, *plugins, **more):
    """What the doctor finds with these plugins."""
    return diagnose(Case(where=url, plugins=without_blocked(handed_in(plugins or (plugin(TRAINING, COURSE),)), ()), **more))


def told(diagnosis):
    """What was found; the version of SQLite here is nothing that a test has done."""
    return [each for each in diagnosis.findings if each.code != "sqlite-wal-reset"]


def places(diagnosis):
    return [(each.severity, each.code, each.where) for each in told(diagnosis)]


def execute(url, *statements):
    """Run statements, each with or without its parameters."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def snapshot(url):
    """Everything that there is: the rows of every table, and of a file every byte, its time, and what lies beside it."""
    engine = create_engine(url if make_url(url).get_backend_name() != "sqlite" else "sqlite://")
    found = {}
    if make_url(url).get_backend_name() == "sqlite":
        folder = Path(make_url(url).database).parent
        found = {each.name: (each.read_bytes(), each.stat().st_mtime_ns, each.stat().st_mode) for each in folder.iterdir()}
    else:
        with engine.connect() as connection:
            for table in inspect(connection).get_table_names():
                found[table] = sorted(map(repr, connection.exec_driver_sql(f"SELECT * FROM {table}")))
    engine.dispose()
    return found


def sound(place):
    """Make a database in which everything is sound, for two tenants; its tables are gone afterwards, whatever became of them."""
    with App.open(place, plugins=[plugin(TRAINING, COURSE)], actor="ada") as app:
        for tenant in ("", "a"):
            status = app.tenant(tenant).scope("training-student").status
            status.set("enable", True)
            status.set("user", User("ada", 36))
            status.set("visits", 3)
            status.set("password", SECRET)
            status.set("renamed", 4)
            status.set("size", 7)
            status.unset("size")
            app.tenant(tenant).scope("demo-course").status.set("enable", False)
    yield place
    if not place.startswith("sqlite"):
        execute(place, *(f"DROP TABLE IF EXISTS {table}" for table in (*TABLES, "written")))


@pytest.fixture
def url(shared_url):
    yield from sound(shared_url)


@pytest.fixture
def file(tmp_path):
    yield from sound(f"sqlite:///{tmp_path / 'app.db'}")


@pytest.fixture
def path(file):
    return Path(make_url(file).database)


@pytest.fixture
def postgresql(postgresql_url):
    yield from sound(emptied(postgresql_url))


@pytest.fixture
def mariadb(mariadb_url):
    yield from sound(emptied(mariadb_url))


def server_settings(diagnosis):
    """The findings about a server of the tests, which is as it is."""
    return [each for each in told(diagnosis) if each.code == "server-durability"]


# --------------------------------------------------------------------------- sound


def test_a_sound_database_has_no_finding(url):
    diagnosis = examine(url)
    assert [each for each in told(diagnosis) if each not in server_settings(diagnosis)] == []
    assert diagnosis.ok(strict=not server_settings(diagnosis))
    place = ["sqlite"] if url.startswith("sqlite") else ["server", "clock"]
    assert list(diagnosis.checked) == ["environment", "plugins", "policy", "database", *place, "schema", "values", "history"]


def test_the_fault_of_sqlite_is_good_to_know_and_a_warning_on_a_hosts_engine(path, file):
    engine = create_engine(file)
    expected = has_wal_reset_fault(sqlite3.sqlite_version_info)
    for where, severity in ((file, "info"), (engine, "warning")):
        found = [each.severity for each in examine(where).findings if each.code == "sqlite-wal-reset"]
        assert found == [severity] * expected
    engine.dispose()


# --------------------------------------------------------------------------- damaged, on every database

STATUS, CHANGE = "perdure_status", "perdure_change"


def rows_of(name, tenant="a", module="training-student"):
    return f"WHERE tenant = '{tenant}' AND module = '{module}' AND name = '{name}'"


DAMAGES = {
    "no JSON": (
        f"UPDATE {STATUS} SET value = '{{' {rows_of('visits')}",
        ("error", "value-unreadable", "training-student.visits (tenant 'a')"),
    ),
    "another type": (
        f"""UPDATE {STATUS} SET value = '{{"name": "ada", "age": "36"}}' {rows_of("user", tenant="")}""",
        ("error", "value-unreadable", "training-student.user"),
    ),
    "a secret": (
        f"UPDATE {STATUS} SET value = '[\"{SECRET}\"]' {rows_of('password')}",
        ("error", "value-unreadable", "training-student.password (tenant 'a')"),
    ),
    "another encoding": (
        f"UPDATE {STATUS} SET encoding = 'sealed' {rows_of('visits')}",
        ("error", "value-unreadable", "training-student.visits (tenant 'a')"),
    ),
    "a stored name": (
        f"UPDATE {STATUS} SET value = 'null' {rows_of('former')}",
        ("error", "value-unreadable", "training-student.renamed (tenant 'a')"),
    ),
    "a time that is none": (
        f"UPDATE {STATUS} SET created_at = 9223372036854775807 {rows_of('visits')}",
        ("error", "value-unreadable", "training-student.visits (tenant 'a')"),
    ),
    "record version 0": (
        f"UPDATE {STATUS} SET record_version = 0 {rows_of('visits')}",
        ("error", "value-unreadable", "training-student.visits (tenant 'a')"),
    ),
    "newer code": (
        f"UPDATE {STATUS} SET record_version = 9 {rows_of('visits')}",
        ("error", "value-newer", "training-student.visits (tenant 'a')"),
    ),
    "the future": (
        f"UPDATE {STATUS} SET updated_at = updated_at + 86400000000 {rows_of('visits')}",
        ("warning", "updated-in-future", "training-student.visits (tenant 'a')"),
    ),
    "a module that is gone": (
        f"UPDATE {STATUS} SET module = 'shed' {rows_of('visits')}; UPDATE {CHANGE} SET module = 'shed' {rows_of('visits')}",
        ("warning", "leftover", "shed.visits"),
    ),
    "a name of which only the history is left": (
        f"UPDATE {CHANGE} SET name = 'gone' {rows_of('size')}; UPDATE {STATUS} SET name = 'gone' {rows_of('size')}",
        ("warning", "leftover", "training-student.gone"),
    ),
    "a version below 1": (
        f"UPDATE {STATUS} SET version = -3 {rows_of('visits')}; DELETE FROM {CHANGE} {rows_of('visits')}",
        ("error", "version-damaged", "training-student.visits (tenant 'a')"),
    ),
    "a version that went back": (
        f"UPDATE {CHANGE} SET version = 5 {rows_of('visits')}",
        ("error", "version-behind", "training-student.visits (tenant 'a')"),
    ),
    "the last version that there can be": (
        f"UPDATE {STATUS} SET version = 9223372036854775807 {rows_of('visits')}",
        ("error", "version-damaged", "training-student.visits (tenant 'a')"),
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_row_is_named(url, damage):
    statements, expected = DAMAGES[damage]
    execute(url, *statements.split("; "))
    diagnosis = examine(url)
    assert [each for each in places(diagnosis) if each[1] != "server-durability"] == [expected]
    assert "values" in diagnosis.checked
    assert diagnosis.ok() == (expected[0] != "error")
    assert not diagnosis.ok(strict=True)
    assert SECRET not in repr(diagnosis)


def test_all_of_them_at_once_are_all_named(url):
    execute(
        url,
        *(DAMAGES[each][0] for each in ("another type", "a secret", "a stored name", "newer code")),
        f"UPDATE {STATUS} SET module = 'shed' {rows_of('visits', tenant='')}",
        f"UPDATE {CHANGE} SET module = 'shed' {rows_of('visits', tenant='')}",
    )
    found = places(examine(url))
    assert {DAMAGES[each][1] for each in ("another type", "a secret", "a stored name", "newer code")} <= set(found)
    assert ("warning", "leftover", "shed.visits") in found
    assert [each[0] for each in found] == sorted((each[0] for each in found), key=["error", "warning", "info"].index)


HISTORY_DAMAGES = {
    "no JSON": f"UPDATE {CHANGE} SET value = '{{' {rows_of('visits')}",
    "another type": f"UPDATE {CHANGE} SET value = '[\"{SECRET}\"]' {rows_of('password')}",
    "newer code": f"UPDATE {CHANGE} SET record_version = 7 {rows_of('visits')}",
}


def test_a_history_without_a_row_is_named_where_all_is_looked_through(url):
    execute(url, f"DELETE FROM {STATUS} {rows_of('visits')}")
    expected = ("error", "version-behind", "training-student.visits (tenant 'a')")
    assert expected not in places(examine(url))
    assert expected in places(examine(url, deep=True))


@pytest.mark.parametrize("damage", HISTORY_DAMAGES)
def test_a_damaged_change_is_named_where_all_is_looked_through(url, damage):
    execute(url, HISTORY_DAMAGES[damage])
    before = snapshot(url)
    assert codes(examine(url)) == []
    diagnosis = examine(url, deep=True)
    (found,) = [each for each in told(diagnosis) if each.code != "server-durability"]
    assert (found.severity, found.code) == ("warning", "history-unreadable")
    assert found.where in {"training-student.visits (tenant 'a')", "training-student.password (tenant 'a')"}
    assert "perdure forget training-student" in found.advice
    assert SECRET not in repr(diagnosis)
    assert snapshot(url) == before


def test_rows_without_a_version_are_named(url):
    take_versions(url)
    found = [each for each in examine(url).findings if each.code == "version-damaged"]
    assert len(found) == 14
    assert found[0].problem.endswith("expected a whole number above 0")


@pytest.mark.parametrize("damage", ["at = 9223372036854775807", "operation = 'stolen'", "operation = ''"])
def test_a_change_of_which_only_the_value_can_be_told_is_named_and_can_be_gone_back_to(url, damage):
    execute(url, f"UPDATE {CHANGE} SET {damage} {rows_of('size')} AND version = 1")
    assert codes(examine(url)) == []
    (found,) = [each for each in told(examine(url, deep=True)) if each.code != "server-durability"]
    assert (found.severity, found.code, found.where) == ("warning", "history-damaged", "training-student.size (tenant 'a')")
    assert "forget" not in found.advice
    assert "perdure revert training-student size 1 --tenant a" in found.advice
    with App.open(url, plugins=[plugin(TRAINING, COURSE)]) as app:
        status = app.tenant("a").scope("training-student").status
        assert status.revert("size", 1).value == 7
        assert {change.operation for change in status.history("size")} <= OPERATIONS | {"stolen", ""}


@pytest.mark.parametrize("version", ["'three'", "1.5", "9e300", "x'00'"])
def test_a_version_that_is_no_whole_number_is_named(file, version):
    execute(file, f"UPDATE {STATUS} SET version = {version} {rows_of('visits')}")
    assert ("error", "version-damaged", "training-student.visits (tenant 'a')") in places(examine(file))


def test_a_folder_that_is_not_there_and_one_in_place_of_a_file_are_told_apart(tmp_path):
    (missing,) = examine(f"sqlite:///{tmp_path}/a b/app.db").findings
    assert missing.advice.startswith(f"mkdir -p '{tmp_path}/a b' && perdure migrate, or correct")
    (folder,) = examine(f"sqlite:///{tmp_path}").findings
    assert folder.advice == "Correct PERDURE_URL (or --url)"


def codes(diagnosis):
    return [(each.severity, each.code) for each in told(diagnosis) if each.code != "server-durability"]


@pytest.mark.parametrize(
    ("damage", "expected", "words"),
    [
        ([f"DROP TABLE {table}" for table in TABLES], [("error", "schema-missing")], "perdure migrate"),
        ([f"DROP TABLE {CHANGE}"], [("error", "schema-damaged")], CHANGE),
        ([f"DROP TABLE {STATUS}"], [("error", "schema-damaged")], STATUS),
        ([f"ALTER TABLE {CHANGE} DROP COLUMN reason"], [("error", "schema-damaged")], "it lacks reason"),
        (
            [f"UPDATE {versions.VERSION_TABLE} SET version_num = '9999'"],
            [("error", "schema-ahead")],
            "pip install --upgrade perdure",
        ),
        ([f"DROP TABLE {versions.VERSION_TABLE}"], [("error", "schema-behind")], "perdure migrate"),
    ],
)
def test_tables_that_are_not_as_they_should_be_are_named(url, damage, expected, words):
    execute(url, *damage)
    diagnosis = examine(url)
    assert codes(diagnosis) == expected
    assert words in repr(diagnosis)
    assert "schema" in diagnosis.checked


@pytest.mark.parametrize("other", ["0000", "9999"])
def test_tables_of_which_two_versions_are_noted_are_named_and_refused(url, other):
    execute(url, f"INSERT INTO {versions.VERSION_TABLE} VALUES ('{other}')")
    diagnosis = examine(url)
    assert codes(diagnosis) == [("error", "schema-damaged")]
    assert other in repr(diagnosis)
    for migrate in (True, False):
        with pytest.raises(SchemaMismatch, match=r"has the versions '\d{4}' and '\d{4}'"):
            App.open(url, plugins=[], migrate=migrate)


@pytest.mark.parametrize("version", ["9999", None])
def test_values_are_looked_at_in_tables_of_another_version_too(url, version):
    change = f"SET version_num = '{version}'" if version else ""
    execute(
        url,
        f"UPDATE {versions.VERSION_TABLE} {change}" if version else f"DROP TABLE {versions.VERSION_TABLE}",
        DAMAGES["no JSON"][0],
    )
    assert ("error", "value-unreadable") in codes(examine(url))


def test_tables_that_are_behind_are_named(url, monkeypatch):
    monkeypatch.setattr(versions, "REVISIONS", ("0001", "0002"))
    monkeypatch.setattr(versions, "HEAD", "0002")
    diagnosis = examine(url)
    assert codes(diagnosis) == [("error", "schema-behind")]
    assert "'0001', and this perdure needs '0002'" in repr(diagnosis)


WITHOUT_KEY = {
    "sqlite": [
        f"CREATE TABLE copied AS SELECT * FROM {STATUS}",
        f"DROP TABLE {STATUS}",
        f"ALTER TABLE copied RENAME TO {STATUS}",
    ],
    "postgresql": [f"ALTER TABLE {STATUS} DROP CONSTRAINT pk_perdure_status"],
    "mysql": [f"ALTER TABLE {STATUS} DROP PRIMARY KEY"],
}


def test_a_table_without_its_primary_key_is_named(url):
    execute(url, *WITHOUT_KEY[make_url(url).get_backend_name()])
    assert codes(examine(url)) == [("error", "primary-key")]


def test_values_that_wait_for_an_upgrade_are_counted(url):
    diagnosis = examine(url, plugin(TRAINING, NEXT))
    assert [each for each in places(diagnosis) if each[1] != "server-durability"] == [("info", "value-pending", "demo-course")]
    assert "2 values are in record version 1, and 2 is written" in repr(diagnosis)
    assert diagnosis.ok()


def test_what_is_left_over_is_counted_once_for_all_tenants_and_not_told_while_plugins_are_missing(url):
    found = examine(url, plugin(TRAINING))
    assert [(each.where, "for 2 tenants" in each.problem) for each in told(found) if each.code == "leftover"] == [
        ("demo-course.enable", True)
    ]
    broken = plugin(COURSE, name="broken")
    broken.perdure_status_specs = lambda: 1 / 0
    blocked = without_blocked(handed_in([plugin(TRAINING), plugin(COURSE, name="barred")]), ["barred"])
    for plugins in (without_blocked(handed_in([plugin(TRAINING), broken]), ()), blocked):
        found = diagnose(Case(where=url, plugins=plugins))
        assert not [each for each in found.findings if each.code == "leftover"]
        assert [each.severity for each in found.findings if each.code == "leftovers-unknown"] == ["info"]


@pytest.mark.parametrize(("shift", "severity"), [(0.9, []), (-3, ["warning"]), (3, ["warning"]), (9, ["error"]), (-9, ["error"])])
def test_a_clock_that_is_wrong_is_named(url, shift, severity):
    found = [each.severity for each in examine(url, clock=lambda: time.time() + shift).findings if each.code == "clock-skew"]
    assert found == ([] if url.startswith("sqlite") else severity)


def test_rows_are_counted_for_who_waits(url, monkeypatch):
    monkeypatch.setattr(doctor_rows, "TOLD_EVERY", 4)
    seen = []
    examine(url, progress=lambda step, count: seen.append((step, count)))
    assert seen == [("rows", 4), ("rows", 8), ("rows", 12)]


def test_one_row_that_breaks_the_look_at_it_hides_no_other(url, monkeypatch):
    def pending(self, declared, row):
        if row.name == "visits":
            raise ZeroDivisionError(SECRET)

    monkeypatch.setattr(doctor_rows.Pending, "note", pending)
    execute(url, DAMAGES["another type"][0])
    diagnosis = examine(url)
    assert codes(diagnosis).count(("error", "check-failed")) == 2
    assert ("error", "value-unreadable", "training-student.user") in places(diagnosis)
    assert SECRET not in repr(diagnosis)


def test_a_million_damaged_values_would_not_be_told_one_by_one(url, monkeypatch):
    monkeypatch.setattr("perdure.doctor.diagnosis.AT_MOST", 2)
    execute(url, f"UPDATE {STATUS} SET encoding = 'sealed'")
    found = [each for each in examine(url).findings if each.code == "value-unreadable"]
    assert len(found) == 3
    assert (found[-1].where, found[-1].problem) == ("…", "there are 10 more of these")


# --------------------------------------------------------------------------- nothing is changed


def test_nothing_is_changed(url):
    for each in ("another type", "newer code", "a module that is gone"):
        execute(url, *DAMAGES[each][0].split("; "))
    before = snapshot(url)
    for _ in range(2):
        examine(url, plugin(TRAINING), deep=True)
    assert snapshot(url) == before


def test_that_test_sees_what_is_changed(url):
    before = snapshot(url)
    with App.open(url, plugins=[plugin(TRAINING, COURSE)]) as app:
        app.tenant("a").scope("training-student").status.set("visits", 3)
    assert snapshot(url) != before


def test_an_empty_database_stays_empty(shared_url):
    if shared_url.startswith("sqlite"):
        Path(make_url(shared_url).database).touch()
    else:
        execute(shared_url, *(f"DROP TABLE IF EXISTS {table}" for table in TABLES))
    before = snapshot(shared_url)
    assert codes(examine(shared_url))[0] == ("error", "schema-missing")
    assert snapshot(shared_url) == before


@pytest.mark.parametrize("statement", [f"DELETE FROM {STATUS}", "CREATE TABLE written (x INTEGER)", f"DROP TABLE {CHANGE}"])
def test_a_check_that_would_write_cannot(url, monkeypatch, statement):
    def writing(database):
        with database.reading() as connection:
            connection.exec_driver_sql(statement)
            connection.commit()
        yield from ()

    before = snapshot(url)
    monkeypatch.setattr("perdure.doctor.diagnosis.schema_findings", writing)
    assert codes(examine(url)) == [("error", "database-read-only")]
    assert snapshot(url) == before


def test_a_host_gets_its_connections_back_as_they_were(url):
    engine = create_engine(url, pool_size=1, max_overflow=0)
    assert [each for each in codes(examine(engine)) if each[0] == "error"] == []
    with engine.begin() as connection:
        for table in (STATUS, CHANGE):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    assert [each for each in codes(examine(engine)) if each[0] == "error"] == []
    engine.dispose()


# --------------------------------------------------------------------------- unreachable


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_a_server_that_is_not_there_is_named_within_seconds(backend):
    began = time.monotonic()
    diagnosis = examine(f"{backend}://ada:{SECRET}@127.0.0.1:1/nowhere")
    assert time.monotonic() - began < 5
    assert codes(diagnosis) == [("error", "database-unreachable")]
    assert "database" not in diagnosis.checked
    assert SECRET not in repr(diagnosis)


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_a_server_that_takes_connections_and_says_nothing_is_named_within_seconds(backend):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        diagnosis = examine(f"{backend}://ada@127.0.0.1:{silent.getsockname()[1]}/nowhere")
        assert time.monotonic() - began < 6
    assert codes(diagnosis) == [("error", "database-unreachable")]


def test_a_file_that_another_holds_is_named(path, file):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("BEGIN EXCLUSIVE")
        assert codes(examine(file)) == [("error", "database-unreachable")]


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_a_database_that_the_server_does_not_have_is_named(backend, request):
    diagnosis = examine(request.getfixturevalue(f"{backend}_url").set(database="perdure_nowhere"))
    assert codes(diagnosis) == [("error", "database-unreachable")]
    assert "Create it first" in repr(diagnosis)


# --------------------------------------------------------------------------- SQLite


def test_a_file_that_is_not_there_is_named_and_not_made(tmp_path):
    for where in (tmp_path / "app.db", tmp_path / "nowhere" / "app.db", tmp_path):
        diagnosis = examine(f"sqlite:///{where}")
        assert codes(diagnosis) == [("error", "database-missing")]
    assert list(tmp_path.iterdir()) == []


def test_a_database_in_memory_is_told_of():
    assert codes(examine("sqlite://")) == [("warning", "database-in-memory")]


def test_a_file_that_is_no_database_is_named(tmp_path):
    path = tmp_path / "app.db"
    path.write_bytes(b"not a database at all" * 1000)
    assert codes(examine(f"sqlite:///{path}")) == [("error", "database-corrupt")]


def test_a_file_in_another_journal_mode_is_named_and_stays_in_it(path, file):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    before = snapshot(file)
    assert codes(examine(file)) == [("warning", "sqlite-journal-mode")]
    assert snapshot(file) == before


def test_a_file_with_a_damaged_page_is_named(path, file):
    with App.open(file, plugins=[plugin(TRAINING)]) as app:
        status = app.scope("training-student").status
        for number in range(200):
            status.set("tags", [str(number) * 50])
    content = bytearray(path.read_bytes())
    content[-4096 * 3 : -4096] = b"\x5a" * 8192
    path.write_bytes(content)
    before = snapshot(file)
    found = codes(examine(file))
    assert ("error", "sqlite-damaged") in found
    assert codes(examine(file, deep=True))
    assert snapshot(file) == before


KILLED = """
import os, sys, training_student
from perdure import App
App.open(sys.argv[1], plugins=[training_student]).scope("training-student").status.set("visits", 77)
os._exit(0)
"""


def test_what_a_killed_process_has_left_is_read_and_stays(path, file):
    subprocess.run([sys.executable, "-c", KILLED, file], check=True)
    assert path.with_name("app.db-wal").stat().st_size > 0
    before = {name: each[0] for name, each in snapshot(file).items() if not name.endswith("-shm")}
    assert codes(examine(file)) == []
    assert {name: each[0] for name, each in snapshot(file).items() if not name.endswith("-shm")} == before


def test_a_file_that_is_in_use_is_looked_at_and_stays_in_use(path, file):
    with App.open(file, plugins=[plugin(TRAINING, COURSE)]) as app:
        status = app.scope("training-student").status
        status.set("visits", 9)
        beside = sorted(each.name for each in path.parent.iterdir())
        assert codes(examine(file)) == []
        assert sorted(each.name for each in path.parent.iterdir()) == beside
        assert status.update("visits", lambda visits: visits + 1).value == 10


def test_a_log_that_has_grown_is_named(path, file):
    with App.open(file, plugins=[plugin(TRAINING, COURSE)]) as app:
        app.scope("training-student").status.set("visits", 9)
        os.truncate(f"{path}-wal", 80 * 2**20)  # a hole: what is not written is not read
        assert codes(examine(file)) == [("warning", "sqlite-log-grown")]
        os.truncate(f"{path}-wal", 0)


def test_a_file_that_everybody_may_write_is_named(path, file):
    path.chmod(0o666)
    assert codes(examine(file)) == [("warning", "sqlite-writable-by-all")]


def test_a_url_that_says_to_read_only_is_told_of(path):
    assert codes(examine(f"sqlite:///file:{path}?mode=ro&uri=true")) == [("info", "database-read-only")]
    assert codes(examine(f"sqlite:///file:{path}?immutable=1&uri=true")) == [("info", "database-read-only")]


@pytest.mark.parametrize(("megabytes", "severity"), [(300, []), (100, ["warning"]), (10, ["error"])])
def test_a_disk_that_is_nearly_full_is_named(path, file, monkeypatch, megabytes, severity):
    @attrs.frozen
    class Usage:
        free: int = megabytes * 2**20

    monkeypatch.setattr("perdure.doctor.disk.shutil.disk_usage", lambda _path: Usage())
    assert codes(examine(file)) == [(each, "disk-nearly-full") for each in severity]


def test_a_text_that_is_none_is_named(path, file):
    execute(file, f"UPDATE {STATUS} SET value = CAST(x'ff' AS TEXT) {rows_of('visits')}")
    execute(file, f"UPDATE {STATUS} SET value = x'3130' {rows_of('size', tenant='')}")
    execute(file, f"UPDATE {STATUS} SET updated_at = 'x' {rows_of('enable')}")
    assert places(examine(file)) == [
        ("error", "value-unreadable", "training-student.size"),
        ("error", "value-unreadable", "training-student.enable (tenant 'a')"),
        ("error", "value-unreadable", "training-student.visits (tenant 'a')"),
    ]


BROKEN = ["tenant = x'ff'", "module = x'ff61'", "name = x'73'", "tenant = CAST(x'ff61' AS TEXT)", "name = CAST(x'ff27' AS TEXT)"]


@pytest.mark.parametrize("table", [STATUS, CHANGE])
@pytest.mark.parametrize("part", BROKEN)
def test_a_key_that_is_none_is_named_with_what_deletes_it(path, file, part, table):
    execute(file, f"UPDATE {table} SET {part} {rows_of('visits')}")
    diagnosis = examine(file, deep=True)
    assert "check-failed" not in {each.code for each in diagnosis.findings}
    (found,) = [each for each in diagnosis.findings if each.code == "key-damaged"]
    assert (found.severity, found.where) == ("error", f"a row of {table}")
    *_, look, delete = re.split(r"; |: ", found.advice)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.text_factory = bytes
        assert len(connection.execute(look).fetchall()) == connection.execute(delete).rowcount == 1
    assert "key-damaged" not in {each.code for each in examine(file, deep=True).findings}


NULLED = {
    "sqlite": WITHOUT_KEY["sqlite"],
    "postgresql": [*WITHOUT_KEY["postgresql"], f"ALTER TABLE {STATUS} ALTER name DROP NOT NULL"],
    "mysql": [*WITHOUT_KEY["mysql"], f"ALTER TABLE {STATUS} MODIFY name VARCHAR(255) NULL"],
}


def test_a_name_that_is_null_is_named(url):
    execute(url, *NULLED[make_url(url).get_backend_name()], f"UPDATE {STATUS} SET name = NULL {rows_of('visits')}")
    (found,) = [each for each in examine(url).findings if each.code == "key-damaged"]
    assert found.advice.endswith(f"DELETE FROM {STATUS} WHERE tenant = 'a' AND module = 'training-student' AND name IS NULL")


STRANGER = """
import json, os, sys
from perdure.doctor.case import Case
from perdure.doctor.diagnosis import diagnose
from perdure.plugins.discovery import Selection
import perdure.doctor.sqlite, sqlalchemy.dialects.sqlite, training_student
case = Case(where=sys.argv[1], plugins=Selection((), (), ()))
diagnose(Case(where="sqlite:////nowhere/at/all.db", plugins=case.plugins))
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
print(json.dumps([each.code for each in diagnose(case).findings if each.severity == "error"]))
"""


def test_a_file_that_this_user_may_not_write_is_named():
    import tempfile  # noqa: PLC0415 - a folder of its own, since that of pytest is closed to others

    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        path = Path(folder, "app.db")
        with App.open(f"sqlite:///{path}", plugins=[plugin(TRAINING)]) as app:
            app.scope("training-student").status.set("visits", 1)
        path.chmod(0o444)
        done = subprocess.run([sys.executable, "-c", STRANGER, f"sqlite:///{path}"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == ["database-read-only"]


@pytest.mark.parametrize("ending", ["-wal", "-shm"])
def test_what_lies_beside_a_file_and_may_not_be_written_is_named(ending):
    import tempfile  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        path = Path(folder, "app.db")
        with App.open(f"sqlite:///{path}", plugins=[plugin(TRAINING)]) as app:
            app.scope("training-student").status.set("visits", 1)
            for each in Path(folder).iterdir():
                each.chmod(0o444 if each.name.endswith(ending) else 0o666)
            command = [sys.executable, "-c", STRANGER, f"sqlite:///{path}"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["database-read-only"]


# --------------------------------------------------------------------------- servers


def test_a_collation_by_which_names_are_confused_is_named(mariadb):
    execute(mariadb, f"ALTER TABLE {STATUS} CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    found = [each for each in told(examine(mariadb)) if each.code == "collation"]
    assert {each.severity for each in found} == {"error"}
    assert f"{STATUS}.name of" in found[-1].where or any(f"{STATUS}.name of" in each.where for each in found)
    execute(mariadb, found[0].advice)
    assert not [each for each in told(examine(mariadb)) if each.code == "collation"]


def test_a_collation_of_the_system_is_named(postgresql):
    execute(postgresql, f'ALTER TABLE {STATUS} ALTER COLUMN name TYPE varchar(255) COLLATE "default"')
    found = [each for each in told(examine(postgresql)) if each.code == "collation"]
    assert [(each.severity, each.where.partition(" ")[0]) for each in found] == [("warning", f"{STATUS}.name")]
    execute(postgresql, found[0].advice)
    assert not [each for each in told(examine(postgresql)) if each.code == "collation"]


def test_a_database_that_is_set_to_read_only_is_named(postgresql):
    name = make_url(postgresql).database
    execute(postgresql, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    assert codes(examine(postgresql)) == [("error", "database-read-only")]
    execute(postgresql, "SET TRANSACTION READ WRITE", f"ALTER DATABASE {name} RESET default_transaction_read_only")
    assert codes(examine(postgresql)) == []


def test_durability_that_is_turned_off_for_a_database_is_told_of(postgresql):
    name = make_url(postgresql).database
    execute(postgresql, f"ALTER DATABASE {name} SET synchronous_commit = off")
    found = [each.severity for each in server_settings(examine(postgresql))]
    execute(postgresql, f"ALTER DATABASE {name} RESET synchronous_commit")
    assert found == ["info"]


NEEDED_RIGHTS = {versions.VERSION_TABLE: "SELECT", STATUS: "SELECT, INSERT, UPDATE", CHANGE: "SELECT, INSERT, DELETE"}


@attrs.frozen
class Stranger:
    """Somebody else than who has made the tables."""

    owner: str
    name: str

    @property
    def url(self):
        return make_url(self.owner).set(username=self.name, password=None).render_as_string()

    def granted(self, rights):
        execute(self.owner, *(f"GRANT {each} ON {table} TO {self.name}" for table, each in rights.items()))


@pytest.fixture(params=["postgresql", "mariadb"])
def stranger(request):
    owner, name = request.getfixturevalue(request.param), f"stranger_{uuid.uuid4().hex[:12]}"
    if request.param == "postgresql":
        make, remove = f"CREATE ROLE {name} LOGIN", [f"DROP OWNED BY {name}", f"DROP ROLE {name}"]
    else:
        make, remove = f"CREATE USER {name}", [f"DROP USER {name}"]
    execute(owner, make)
    yield Stranger(owner, name)
    execute(owner, *remove)


def test_a_user_who_may_only_read_is_told_what_writes_need(stranger):
    stranger.granted(dict.fromkeys(TABLES, "SELECT"))
    before = snapshot(stranger.owner)
    diagnosis = examine(stranger.url)
    assert codes(diagnosis) == [("error", "database-read-only")]
    assert "INSERT and UPDATE on perdure_status" in repr(diagnosis)
    assert diagnosis.checked[-3:] == ("schema", "values", "history")
    assert snapshot(stranger.owner) == before


@pytest.mark.parametrize(("table", "right"), [(STATUS, "INSERT"), (STATUS, "UPDATE"), (CHANGE, "INSERT"), (CHANGE, "DELETE")])
def test_one_right_that_is_missing_is_enough(stranger, table, right):
    others = {each for each in NEEDED_RIGHTS[table].split(", ") if each != right}
    stranger.granted(NEEDED_RIGHTS | {table: ", ".join(others)})
    assert codes(examine(stranger.url)) == [("error", "database-read-only")]


def test_a_user_with_the_rights_that_are_told_writes(stranger):
    stranger.granted(NEEDED_RIGHTS)
    assert codes(examine(stranger.url)) == []
    with App.open(stranger.url, plugins=[plugin(TRAINING, COURSE)]) as app:
        status = app.scope("training-student").status
        assert status.set("visits", 4).version == 2
        assert status.unset("visits")
        assert status.field(lambda training: training.visits).forget() == 3
        assert app.erase_tenant("a") == 6


def test_a_user_who_may_not_read_is_told_so(stranger):
    stranger.granted({CHANGE: "SELECT"})  # MariaDB lets nobody in who has no right at all
    found = examine(stranger.url)
    assert codes(found) == [("error", "database-denied")]
    assert "SELECT on perdure_schema" in repr(found)


@pytest.mark.parametrize("stranger", ["postgresql"], indirect=True)
def test_a_user_who_may_not_connect_is_told_so(stranger):
    name = make_url(stranger.owner).database
    execute(stranger.owner, f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")
    found = codes(examine(stranger.url))
    execute(stranger.owner, f"GRANT CONNECT ON DATABASE {name} TO PUBLIC")
    assert found == [("error", "database-denied")]


def test_values_that_are_longer_than_the_server_takes_are_named(mariadb):
    case = Case(where=mariadb, plugins=without_blocked(handed_in([plugin(TRAINING, COURSE)]), ()))
    long = attrs.evolve(case, policy=attrs.evolve(case.policy, max_value_bytes=1_000_000_000))
    assert ("warning", "server-packet") in codes(diagnose(long))
