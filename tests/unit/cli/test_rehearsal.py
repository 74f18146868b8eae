"""Before tables are made it is tried whether what is typed would be stored, where nobody hears of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.services.redis import redis_masters

LISTENING = """
from pathlib import Path

from perdure import hookimpl


def note(words):
    with Path("heard.txt").open("a") as file:
        file.write(f"{words}\\n")


@hookimpl
def perdure_opened(app):
    note(f"opened {app.resources.store.shown}")


@hookimpl
def perdure_value_changed(change):
    note(f"changed {change.module}.{change.name}")
"""


def new() -> str:
    return f"sqlite:///{Path.cwd() / 'new.db'}"


@pytest.fixture
def listening(installed):
    installed.add("cli-listening", LISTENING)


def heard() -> list[str]:
    return [line for line in Path("heard.txt").read_text().splitlines() if "perdure-migration" not in line]


def test_plugins_hear_of_the_database_only(run, listening):
    run("set", "cli-desk", "enable", "true", "--url", new())
    assert heard() == [f"opened {new()}", "changed cli-desk.enable"]


def test_plugins_hear_nothing_of_a_dry_run_without_tables(run, listening):
    Path("export.json").write_text('{"format": 1, "tenants": {"": {"cli-desk": {"visits": {"value": 3, "record_version": 1}}}}}')
    assert "1 created" in run("import", "--dry-run", "export.json", "--url", new()).stderr
    assert not Path("heard.txt").exists()
    assert not Path("new.db").exists()


def test_redis_is_asked_for_no_lock(run):
    with redis_masters(1) as (master,):
        run("set", "cli-desk", "enable", "yes", "--url", new(), "--redis", master.url, code=2)
        assert "cmdstat_set" not in master.client.info("commandstats")
        run("set", "cli-desk", "enable", "true", "--url", new(), "--redis", master.url)
        assert "cmdstat_set" in master.client.info("commandstats")


def test_tables_that_are_newer_are_not_taken_for_none(run):
    run("set", "cli-desk", "state", "201_OPEN")
    with closing(sqlite3.connect("app.db")) as connection:
        connection.execute("UPDATE perdure_schema SET version_num = '0009'")
        connection.commit()
    refused = run("set", "cli-desk", "state", "501_GONE", code=1)
    assert "'0009'" in refused.stderr
    assert "pip install --upgrade perdure" in refused.stderr


@pytest.mark.parametrize("command", ["export", "stubs"])
def test_links_that_lead_to_each_other_are_no_file(run, command):
    Path("one").symlink_to("two")
    Path("two").symlink_to("one")
    run("set", "cli-desk", "enable", "true")
    assert "--output" in run(command, "--output", "one", code=2).stderr
