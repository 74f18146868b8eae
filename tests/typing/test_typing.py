"""What design promises to type checkers, held against mypy and pyright themselves."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def mypy(folder: Path) -> tuple[set[tuple[str, int]], str]:
    """Return the files and lines in which mypy finds an error."""
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary", str(folder)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    errors = re.findall(r"^(.+?):(\d+): error: ", found.stdout, re.MULTILINE)
    assert errors or found.returncode == 0, found.stdout + found.stderr
    return {(Path(file).name, int(line)) for file, line in errors}, found.stdout


def pyright(folder: Path) -> tuple[set[tuple[str, int]], str]:
    """Return the files and lines in which pyright finds an error."""
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, str(folder)]
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    diagnostics = json.loads(found.stdout)["generalDiagnostics"]
    errors = [each for each in diagnostics if each["severity"] == "error"]
    return {(Path(each["file"]).name, each["range"]["start"]["line"] + 1) for each in errors}, found.stdout


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_right_usage_satisfies(checker):
    errors, said = checker(HERE / "right")
    assert not errors, said


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_wrong_usage_is_an_error_on_every_line_that_says_so_and_on_no_other(checker):
    expected = {
        (file.name, number)
        for file in (HERE / "wrong").glob("*.py")
        for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1)
        if line.endswith("# wrong")
    }
    assert expected
    errors, said = checker(HERE / "wrong")
    assert errors == expected, said
