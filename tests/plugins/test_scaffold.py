"""What `perdure new` writes, as its author has it: a new virtual environment, pip, and every check at once."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

OLDER = """\
# An older package, which has no status yet.

[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "front-desk"      # as pip has it
version = "2.0"
requires-python = ">=3.11"
dependencies = [
  "perdure",  # for its families
]

[tool.hatch.build.targets.wheel]
packages = ["src/front_desk"]

[tool.mypy]
strict = true
files = ["src", "tests"]
"""

KIT = """\
from collections.abc import Mapping
from typing import Any, ClassVar

import attrs
import pytest
from perdure import App, Lifecycle, Statuses, StatusSpec, hookimpl, transition
from perdure.testing.changes import Changes
from perdure.testing.lifecycle_suite import LifecycleSuite
from perdure.testing.older import StoreOlder
from perdure.testing.overriding import Override

import library_desk

SPEC = StatusSpec(
    "older-desk",
    library_desk.LibraryDeskStatus,
    record_version=2,
    upgrades={"runs": {1: lambda data: len(data)}},
)


@attrs.frozen
class Plugin:
    @hookimpl
    def perdure_status_specs(self) -> list[StatusSpec[library_desk.LibraryDeskStatus]]:
        return [SPEC]


pytestmark = pytest.mark.perdure("library-desk", Plugin())


class LoanLifecycle(Lifecycle, family=Statuses, initial=Statuses.NEW):
    lend = transition(Statuses.NEW, to=Statuses.RUNNING, when=lambda row: row.due > 0)
    take_back = transition(Statuses.RUNNING, to=Statuses.NEW)


class TestLoans(LifecycleSuite):
    lifecycle = LoanLifecycle
    conditions: ClassVar[Mapping[str, Any]] = {"lend": ({"due": 1}, {"due": 0})}


def test_all_of_it(
    perdure_app: App,
    perdure_override: Override,
    perdure_changes: Changes,
    perdure_store_older: StoreOlder,
) -> None:
    status = perdure_app.scope(library_desk.STATUS).status
    with perdure_override(library_desk.STATUS, runs=3), perdure_override("library-desk", {"enable": False}):
        status.field(lambda record: record.notes).set(("all is well",))
        assert (status.current.runs, status.current.enable) == (3, False)
    assert [each.name for each in status.entries()] == ["notes"]
    assert perdure_changes.values() == [("library-desk", "notes", ("all is well",))]
    with perdure_store_older(SPEC, "runs", ["a", "b"]):
        assert perdure_app.scope(SPEC).status.current.runs == 2
"""

USE = """
import sys
from perdure import App

with App.open(sys.argv[1]) as app:
    assert [each.origin.plugin for each in app.report.loaded] == ["library-desk"]
    status = app.scope("library-desk").status
    status.set("enable", False)
    print(status.update("runs", lambda runs: runs + 1).value, status.load())
"""


def run(*command, folder=None):
    done = subprocess.run([str(each) for each in command], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wheel(project, folder):
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, project)
    return next(folder.glob("*.whl"))


class Environment:
    """A virtual environment, and what is run in it."""

    def __init__(self, folder, *requirements):
        venv.create(folder, with_pip=True)
        self.bin = folder / ("Scripts" if sys.platform == "win32" else "bin")
        self.pip("--upgrade", "pip")  # the one that comes with Python may be older than --group
        self.pip(*requirements)

    def pip(self, *requirements, folder=None):
        self("python", "-m", "pip", "install", "--quiet", *requirements, folder=folder)

    def __call__(self, command, *words, folder=None):
        return run(self.bin / command, *words, folder=folder)

    def check(self, project):
        """Everything that is to pass at once."""
        self("python", "-m", "pytest", "-p", "no:cacheprovider", folder=project)
        self("ruff", "check", "--no-cache", folder=project)
        self("ruff", "format", "--check", "--no-cache", folder=project)
        self("mypy", folder=project)
        self("mypy", "--strict", ".", folder=project)
        run(sys.executable, "-m", "pyright", "--pythonpath", self.bin / "python", ".", folder=project)


@pytest.fixture(scope="module")
def perdure(tmp_path_factory):
    """The wheel of perdure, built from this tree."""
    return wheel(ROOT / "core", tmp_path_factory.mktemp("perdure"))


@pytest.fixture(scope="module")
def authors(perdure, tmp_path_factory):
    """Where the author of a module works: perdure is installed, and nothing else."""
    return Environment(tmp_path_factory.mktemp("authors"), perdure)


@pytest.fixture(scope="module")
def library_desk(authors, tmp_path_factory):
    """A new module, installed as its README says, with what it is tested with."""
    folder = tmp_path_factory.mktemp("modules")
    written = json.loads(authors("perdure", "new", "module", "Library.Desk", "--author", "Ada", "--json", folder=folder))
    assert {each["path"] for each in written} == {str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file()}
    project = folder / "library-desk"
    commands = re.findall(r"^\$ python -m pip install (--editable .*)$", (project / "README.md").read_text("utf-8"), re.MULTILINE)
    assert len(commands) == 1
    authors.pip(*commands[0].split(), folder=project)
    return project


def test_a_new_module_passes_every_check_at_once(authors, library_desk):
    authors.check(library_desk)
    assert authors("perdure", "modules", "--json").count('"library-desk"') == 1
    again = authors("perdure", "new", "module", "library-desk", "--force", "--dry-run", "--json", folder=library_desk.parent)
    assert {each["action"] for each in json.loads(again)} == {"overwrite"}


def test_its_checks_can_fail(authors, library_desk, tmp_path):
    """A broken control: what is checked above is checked for certain."""
    broken = Path(shutil.copytree(library_desk, tmp_path / "library-desk"))
    source = broken / "library_desk/__init__.py"
    source.write_text(source.read_text("utf-8").replace("runs: int =", "runs: str ="), "utf-8")
    with pytest.raises(AssertionError, match="failed"):
        authors("python", "-m", "pytest", "-p", "no:cacheprovider", "-o", "pythonpath=.", folder=broken)
    with pytest.raises(AssertionError, match="error"):
        authors("mypy", folder=broken)


def test_its_author_has_the_whole_kit_for_tests(authors, library_desk, tmp_path):
    project = Path(shutil.copytree(library_desk, tmp_path / "library-desk"))
    more = project / "tests/test_more.py"
    more.write_text(KIT, "utf-8")
    said = authors("python", "-m", "pytest", "-v", "-W", "error", "-p", "no:cacheprovider", folder=project)
    assert "TestLoans::test_a_race_has_one_winner[NEW -> RUNNING by lend] PASSED" in said
    assert "test_more.py::test_all_of_it PASSED" in said
    authors("mypy", "--strict", "tests", folder=project)
    run(sys.executable, "-m", "pyright", "--pythonpath", authors.bin / "python", "tests", folder=project)
    more.write_text(KIT.replace("row.due > 0", "row.due >= 0").replace("current.runs == 2", "current.runs == 3"), "utf-8")
    with pytest.raises(AssertionError, match="3 failed"):  # a broken control
        authors("python", "-m", "pytest", "-p", "no:cacheprovider", folder=project)


def test_its_wheel_is_a_plugin_elsewhere(perdure, library_desk, tmp_path):
    made = wheel(library_desk, tmp_path)
    users = Environment(tmp_path / "users", perdure, made)
    url = f"sqlite:///{tmp_path / 'app.db'}"
    assert users("python", "-c", USE, url) == "1 LibraryDeskStatus(enable=False, runs=1, notes=(), last_run=None)\n"
    readme = (library_desk / "README.md").read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    assert len(blocks) == 2
    users("python", "-c", "".join(blocks), folder=tmp_path)  # where app.db is
    commands = re.findall(r"^\$ perdure (.*)$", readme, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        users("perdure", *command.split(), "--url", url)
    said = json.loads(users("perdure", "list", "library-desk", "--json", "--url", url))
    assert {each["name"]: each["value"] for each in said} == {"enable": True, "runs": 12}


def test_a_status_that_is_added_passes_every_check_at_once(authors, library_desk, tmp_path):
    project = tmp_path / "front"
    (project / "src/front_desk").mkdir(parents=True)
    (project / "src/front_desk/__init__.py").write_text('"""A desk."""\n', "utf-8")
    (project / "src/front_desk/py.typed").touch()
    (project / "pyproject.toml").write_text(OLDER, "utf-8")
    authors.pip("--editable", project)  # as it was
    authors("perdure", "new", "status", "--package", "front_desk", folder=tmp_path)
    text = (project / "pyproject.toml").read_text("utf-8")
    assert text.startswith(OLDER)
    assert tomllib.loads(text)["project"]["entry-points"] == {"perdure": {"front-desk": "front_desk.status"}}
    authors.pip("--editable", project)
    authors.check(project)
    assert {"front-desk", "library-desk"} <= {each["module"] for each in json.loads(authors("perdure", "modules", "--json"))}
