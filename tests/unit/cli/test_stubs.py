from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

FILE = "app_status.py"


def test_it_is_written_to_stdout_and_knows_the_module_without_a_database(run):
    written = run("stubs", env={"PERDURE_URL": ""})
    compile(written.stdout, FILE, "exec")
    assert 'module: Literal["cli-desk"]' in written.stdout
    assert written.stderr == ""


def test_json_has_the_source_and_the_modules(run):
    found = run.json("stubs")
    assert "cli-desk" in found["modules"]
    assert (found["warnings"], found["source"]) == ([], run("stubs").stdout)


def test_a_file_is_written_once_and_left_alone_afterwards(run):
    assert run.json("stubs", "--output", FILE)["changed"] is True
    first = Path(FILE).stat()
    again = run("stubs", "--output", FILE)
    assert "up to date already" in again.stderr
    assert Path(FILE).stat().st_ino == first.st_ino
    assert first.st_mode & 0o077  # source, which everybody may read whom the process lets


def test_check_passes_what_is_up_to_date_however_it_is_laid_out(run):
    run("stubs", "--output", FILE)
    assert run.json("stubs", "--check", FILE) == {"file": FILE, "up_to_date": True}
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length=40", FILE]
    subprocess.run(command, check=True, capture_output=True)
    run("stubs", "--check", FILE)


def test_check_fails_when_a_module_has_changed_and_says_how_to_write_it_anew(run, installed):
    run("stubs", "--output", FILE)
    before = Path(FILE).read_text("utf-8")
    installed.forget()
    source = (installed.folder / "cli_desk.py").read_text("utf-8")
    (installed.folder / "cli_desk.py").write_text(source.replace("enable: bool", "enable: int  # rather"), "utf-8")
    checked = run("stubs", "--check", FILE, code=1)
    assert "app_status.py is out of date. Write it anew: perdure stubs --output app_status.py" in checked.stderr
    assert Path(FILE).read_text("utf-8") == before
    run("stubs", "--output", FILE)
    run("stubs", "--check", FILE)


def test_check_fails_when_the_file_is_not_there_and_writes_none(run):
    checked = run("stubs", "--check", "my status.py", "--json", code=1)
    assert json.loads(checked.stdout) == {"file": "my status.py", "up_to_date": False}
    assert "is not there. Write it anew: perdure stubs --output 'my status.py'" in checked.stderr
    assert not Path("my status.py").exists()


def test_what_cannot_be_imported_is_said(run, installed):
    source = (
        "import attrs\nfrom perdure import StatusSpec, hookimpl\n"
        "def make():\n    @attrs.frozen\n    class Local:\n        name: str\n    return Local\n"
        "@attrs.frozen\nclass Hidden:\n    user: make()\n"
        "@hookimpl\ndef perdure_status_specs():\n    return [StatusSpec('hidden', Hidden)]\n"
    )
    installed.add("hidden", source)
    assert "hidden: user: Any stands for Local, which cannot be imported." in run("stubs").stderr


@pytest.mark.parametrize("arguments", [["--output", FILE, "--check", FILE], ["--output", "."], ["--check", "."]])
def test_used_wrongly_it_exits_with_2(run, arguments):
    run("stubs", *arguments, code=2)


def test_where_it_cannot_be_written_it_fails_and_leaves_nothing(run):
    assert "There is no folder" in run("stubs", "--output", "nowhere/app_status.py", code=2).stderr
    assert not Path("nowhere").exists()
    assert "/proc/app_status.py cannot be written: " in run("stubs", "--output", "/proc/app_status.py", code=1).stderr
