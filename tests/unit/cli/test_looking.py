"""To look must not change anything."""

from __future__ import annotations

import hashlib
import os
import sqlite3

import pytest

LOOKING = [
    ["list"],
    ["get", "cli-desk", "visits"],
    ["history"],
    ["watch", "--since", "0", "--count", "1"],
    ["leftovers"],
    ["tenants"],
    ["unset", "cli-desk", "visits"],
    ["revert", "cli-desk", "visits", "1"],
    ["forget", "cli-desk", "visits", "--yes"],
]


def state(folder):
    return {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in folder.iterdir()}


@pytest.mark.parametrize("words", LOOKING, ids=" ".join)
def test_a_file_that_is_not_there_is_not_made(run, here, words):
    before = state(here)
    for url in ("sqlite:///missing.db", "sqlite:///file:missing.db?mode=ro&uri=true", "sqlite:///no/folder/app.db"):
        found = run(*words, "--url", url, code=1)
        assert found.stdout == ""
        assert "perdure migrate" in found.stderr
    assert state(here) == before


@pytest.mark.parametrize("words", LOOKING, ids=" ".join)
def test_a_file_of_somebody_else_is_left_as_it_is(run, here, words):
    connection = sqlite3.connect("other.db")
    connection.execute("CREATE TABLE theirs (id INTEGER)")
    connection.close()
    (here / "empty.db").touch()
    before = state(here)
    for url in ("sqlite:///other.db", "sqlite:///empty.db"):
        assert "perdure migrate" in run(*words, "--url", url, code=1).stderr
    assert state(here) == before


@pytest.mark.parametrize(
    "words", [["list"], ["history"], ["tenants"], ["leftovers"], ["get", "cli-desk", "visits"]], ids=" ".join
)
def test_a_database_is_left_as_it_is(run, here, words):
    run("set", "cli-desk", "visits", "1")
    before = state(here)
    run(*words)
    assert state(here) == before


def without_log():
    """Switch the database back to a rollback journal."""
    connection = sqlite3.connect("app.db")
    assert connection.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
    connection.close()


def test_a_database_without_a_write_ahead_log_is_read_and_not_switched(run, here):
    run("set", "cli-desk", "visits", "1")
    without_log()
    before = state(here)
    assert run("get", "cli-desk", "visits").stdout == "1\n"
    assert state(here) == before


@pytest.mark.parametrize(
    "words",
    [["set", "cli-desk", "visits", "2"], *LOOKING[6:], ["tenants", "erase", "", "--yes"], ["migrate"]],
    ids=" ".join,
)
def test_a_database_without_a_write_ahead_log_is_written_to(run, words):
    run("set", "cli-desk", "visits", "1")
    without_log()
    assert run(*words, env={"PERDURE_MIGRATE": "no"}).exit_code == 0


def test_a_file_that_is_no_database_is_told_of(run, here):
    (here / "notes.db").write_text("not a database" * 100)
    before = state(here)
    found = run("list", "--url", "sqlite:///notes.db", code=1)
    assert found.stdout == ""
    assert f"(sqlite:///{here}/notes.db)" in found.stderr
    assert state(here) == before


def test_a_pipe_is_no_database_and_nobody_is_waited_for_at_it(run, here):
    os.mkfifo(here / "pipe")
    for words in (["list"], ["set", "cli-desk", "visits", "1"]):
        assert f"(sqlite:///{here}/pipe)" in run(*words, "--url", "sqlite:///pipe", code=1).stderr
    assert "it is a device, a pipe or a socket" in run("doctor", "--url", "sqlite:///pipe", code=1).stdout


def test_set_makes_the_file_unless_the_environment_says_no(run, here):
    refused = run("set", "cli-desk", "visits", "1", "--url", "sqlite:///new.db", env={"PERDURE_MIGRATE": "no"}, code=1)
    assert "there is no such file, and none is to be made. `perdure migrate`" in refused.stderr
    assert not (here / "new.db").exists()
    run("set", "cli-desk", "visits", "1", "--url", "sqlite:///new.db")
    assert run("get", "cli-desk", "visits", "--url", "sqlite:///new.db").stdout == "1\n"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", "Give its URL (--url sqlite:///app.db)"),
        ("app.db", "not of the form database://"),
        ("oracle://x", "'oracle'"),
        ("sqlite://app.db", "three slashes"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused(run, url, expected):
    run.url = ""
    found = run("list", *(["--url", url] if url else []), code=2)
    assert (found.stdout, expected in found.stderr) == ("", True)
