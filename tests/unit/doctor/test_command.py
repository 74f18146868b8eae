"""`perdure doctor` as it is typed."""

from __future__ import annotations

import importlib
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from click.testing import CliRunner

from perdure import App
from perdure.cli.main import main

PLUGIN = """
import attrs
from perdure import StatusSpec, field, hookimpl

@attrs.frozen
class Desk:
    visits: int = 0
    password: str = field(secret=True, default="")

@hookimpl
def perdure_status_specs():
    print("a plugin that prints")
    return [StatusSpec("doctored-desk", Desk)]
"""

HOST = """
import doctored_desk
from perdure import App

OPTIONS = dict(plugins=[doctored_desk])

def create_app():
    return App.open("sqlite:///app.db", pinned={"doctored-desk": {"visits": 9}}, defaults={}, **OPTIONS)

def create_elsewhere():
    return App.open("sqlite:///elsewhere.db", **OPTIONS)

def create_twice():
    return App.open("sqlite:///app.db", plugins=[doctored_desk, Clashing])

class Clashing:
    perdure_status_specs = staticmethod(doctored_desk.perdure_status_specs)
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a database, a plugin that is installed, and a host's App."""
    site, folder = tmp_path / "site", tmp_path / "here"
    folder.mkdir()
    (metadata := site / "doctored_desk-1.0.0.dist-info").mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: doctored-desk\nVersion: 1.0.0\n", "utf-8")
    (metadata / "entry_points.txt").write_text("[perdure]\ndoctored-desk = doctored_desk\n", "utf-8")
    (site / "doctored_desk.py").write_text(PLUGIN, "utf-8")
    (folder / "doctored_host.py").write_text(HOST, "utf-8")
    for name in [each for each in os.environ if each.startswith("PERDURE_")]:
        monkeypatch.delenv(name)
    before = list(sys.path)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("PERDURE_URL", "sqlite:///app.db")
    monkeypatch.chdir(folder)
    with App.open(plugins=[importlib.import_module("doctored_desk")]) as app:
        app.scope("doctored-desk").status.set("visits", 3)
        app.tenant("ada").scope("doctored-desk").status.set("password", "hunter2")
    yield folder
    sys.path[:] = before
    for name in ("doctored_desk", "doctored_host"):
        sys.modules.pop(name, None)


@pytest.fixture
def damaged(here):
    with closing(sqlite3.connect("app.db")) as connection, connection:
        connection.execute("UPDATE perdure_status SET value = '[\"hunter2\"]' WHERE name = 'password'")


def run(*arguments):
    return CliRunner().invoke(main, ["doctor", *arguments])


def findings(result):
    """What JSON says, but for the version of SQLite here."""
    found = json.loads(result.stdout)
    assert set(found) == {"ok", "findings", "checked"}
    assert found["ok"] == (result.exit_code == 0)
    return [each for each in found["findings"] if each["code"] != "sqlite-wal-reset"]


def test_what_is_sound_is_ok(here):
    result = run("--json", "--strict")
    assert findings(result) == []
    assert result.exit_code == 0
    checked = ["environment", "plugins", "policy", "database", "sqlite", "schema", "values", "history"]
    assert json.loads(result.stdout)["checked"] == checked
    assert run().stdout.endswith("0 errors, 0 warnings\n")


def test_what_is_wrong_exits_with_1_and_says_what_to_do(damaged):
    result = run("--json")
    (finding,) = findings(result)
    assert result.exit_code == 1
    assert set(finding) == {"severity", "code", "where", "problem", "advice"}
    assert finding["where"] == "doctored-desk.password (tenant 'ada')"
    assert "perdure history doctored-desk password --tenant ada" in finding["advice"]
    assert "hunter2" not in result.output + run().output


def test_for_people_the_worst_comes_first_and_the_count_last(damaged, here):
    (here / "app.db").chmod(0o666)
    result = run()
    lines = result.stdout.splitlines()
    assert lines[0] == "Errors"
    assert lines[1] == "  doctored-desk.password (tenant 'ada')  [value-unreadable]"
    assert lines[3].startswith("    Do: perdure history")
    assert lines.index("Warnings") > lines.index("Errors")
    assert lines[-1] == "1 error, 1 warning"
    assert result.exit_code == 1


def test_a_warning_fails_where_that_is_asked_for(here):
    (here / "app.db").chmod(0o666)
    assert (run().exit_code, run("--strict").exit_code) == (0, 1)
    assert findings(run("--strict", "--json"))[0]["code"] == "sqlite-writable-by-all"


@pytest.mark.parametrize("order", [("doctor", "--json"), ("--json", "doctor")])
def test_a_real_process_writes_data_to_stdout_and_nothing_is_changed(damaged, here, order):
    before = {each.name: (each.read_bytes(), each.stat().st_mtime_ns) for each in here.iterdir() if each.is_file()}
    done = subprocess.run([sys.executable, "-m", "perdure", *order], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert json.loads(done.stdout)["findings"][0]["code"] == "value-unreadable"
    assert "a plugin that prints" in done.stderr
    assert {each.name: (each.read_bytes(), each.stat().st_mtime_ns) for each in here.iterdir() if each.is_file()} == before


def test_no_database_and_one_that_is_not_there_are_findings(here, monkeypatch):
    assert [each["code"] for each in findings(run("--json", "--url", "sqlite:///nowhere.db"))] == ["database-missing"]
    assert [each["code"] for each in findings(run("--json", "--url", "oracle://x"))] == ["database-url"]
    monkeypatch.delenv("PERDURE_URL")
    assert [each["code"] for each in findings(run("--json"))] == ["no-database"]
    assert not (here / "nowhere.db").exists()


@pytest.mark.parametrize(("variable", "value"), [("PERDURE_MIGRATE", "maybe"), ("PERDURE_TENANT", "x" * 65)])
def test_what_the_environment_says_wrongly_is_a_finding(here, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    assert [(each["code"], each["where"]) for each in findings(run("--json"))] == [("environment", variable)]


def test_redis_is_taken_from_the_options_and_from_the_environment(here, monkeypatch):
    assert [each["code"] for each in findings(run("--json", "--redis", "redis://127.0.0.1:1"))] == [
        "redis-quorum",
        "redis-unreachable",
    ]
    monkeypatch.setenv("PERDURE_REDIS", "redis://127.0.0.1:1")
    assert [each["code"] for each in findings(run("--json"))] == ["redis-quorum", "redis-unreachable"]


def test_a_hosts_own_app_is_examined_with_its_decisions(damaged):
    found = findings(run("--json", "--app", "doctored_host:create_app"))
    assert [(each["severity"], each["code"]) for each in found] == [("error", "value-unreadable"), ("info", "pinned")]


@pytest.mark.parametrize(
    ("name", "words"), [("create_elsewhere", "no such file"), ("create_twice", "'doctored-desk' is declared twice")]
)
def test_an_app_that_does_not_open_is_a_finding_and_the_rest_is_examined(damaged, here, name, words):
    found = findings(run("--json", "--app", f"doctored_host:{name}"))
    assert [each["code"] for each in found] == ["app-failed", "value-unreadable"]
    assert words in found[0]["problem"]


def test_an_app_that_is_not_there_is_used_wrongly(here):
    assert run("--app", "doctored_host:nothing").exit_code == 2
    assert run("--app", "doctored_host:create_app", "--url", "sqlite:///app.db").exit_code == 2
