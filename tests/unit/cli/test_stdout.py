"""What is printed by others is no data, and what cannot be written is told in words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PRINTING = """
import attrs
from perdure import StatusSpec, hookimpl

print("at import")

def loud(_record, _attribute, value):
    print("a validator", value)

@attrs.frozen
class Printer:
    pages: int = attrs.field(default=1, validator=loud)

@hookimpl
def perdure_status_specs():
    return [StatusSpec("printer", Printer)]

@hookimpl
def perdure_value_changed(app, change):
    print("a change")
"""
HOST = """
from perdure import App
import printing

SECRET = "PINSECRET"

def create_app():
    return App.open("sqlite:///app.db", plugins=[printing])

def broken():
    raise RuntimeError if SECRET else ValueError("PINSECRET")
"""


@pytest.fixture
def run(tmp_path):
    """Runs the command line in a folder with an App of a host."""
    (tmp_path / "printing.py").write_text(PRINTING)
    (tmp_path / "shop.py").write_text(HOST)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PERDURE_")}

    def run(*arguments, **options):
        command = [sys.executable, "-m", "perdure", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, **options)

    return run


def test_what_plugins_print_is_never_among_the_data(run):
    written = run("set", "printer", "pages", "4", "--json", "--app", "shop:create_app")
    assert json.loads(written.stdout)["value"] == 4
    assert "at import" in written.stderr
    assert "a validator 4" in written.stderr
    exported = run("export", "printer", "--app", "shop:create_app")
    assert json.loads(exported.stdout)["tenants"][""]["printer"]["pages"]["value"] == 4


def test_who_runs_the_command_writes_to_a_hosts_app_too(run):
    run("set", "printer", "pages", "4", "--app", "shop:create_app")
    (entry,) = json.loads(run("list", "--json", "--app", "shop:create_app").stdout)
    assert entry["actor"].startswith("perdure-cli:")


def test_a_host_that_fails_is_told_of_without_its_lines(run):
    failed = run("list", "--app", "shop:broken")
    assert failed.returncode == 1
    assert "shop.py" in failed.stderr
    assert "PINSECRET" not in failed.stderr


@pytest.mark.parametrize("command", ["list", "doctor", "migrate"])
@pytest.mark.parametrize("url", ["postgresql://u:SEKRET/x", "postgresql://u:SEKRET@host:SEKRET/x", "postgresql://u:SEKRET@[::1"])
def test_a_url_that_is_none_shows_no_password(run, command, url):
    failed = run(command, "--json", "--url", url)
    assert failed.returncode in (1, 2)
    assert "SEKRET" not in failed.stdout + failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize("words", [["plugins"], ["--help"], ["--version"], ["list", "--help"]], ids=" ".join)
def test_where_nothing_can_be_written_it_says_so(tmp_path, words):
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        command = [sys.executable, "-m", "perdure", *words]
        failed = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert failed.returncode != 0
    assert "Traceback" not in failed.stderr
    assert "No space left" in failed.stderr


def test_tables_that_are_made_by_a_write_are_told_of(run):
    assert "Made the tables" in run("set", "training-student", "visits", "1", "--url", "sqlite:///other.db").stderr
    assert "Made the tables" not in run("set", "training-student", "visits", "1", "--url", "sqlite:///other.db").stderr
