from __future__ import annotations

import json
import subprocess
import sys
import tomllib

import pytest
from click.testing import CliRunner

from perdure.cli.main import main


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words):
    return CliRunner().invoke(main, [str(each) for each in words])


def files(folder):
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file())


MODULE = [
    "library-desk/pyproject.toml",
    "library-desk/README.md",
    "library-desk/.gitignore",
    "library-desk/library_desk/__init__.py",
    "library-desk/library_desk/py.typed",
    "library-desk/tests/test_status.py",
]


def test_a_module_is_written_and_told_of(here):
    said = run("new", "module", "Library_Desk")
    assert said.exit_code == 0, said.output
    assert [line.split() for line in said.stdout.splitlines()] == [["action", "file"], *(["create", each] for each in MODULE)]
    assert "Library_Desk is written library-desk" in said.stderr
    assert "pip install --editable . --group dev" in said.stderr
    assert files(here) == sorted(MODULE)


def test_json_is_the_list_of_files(here):
    said = run("new", "--json", "module", "library-desk", "--directory", "modules")
    assert json.loads(said.stdout) == [{"path": f"modules/{each}", "action": "create", "written": True} for each in MODULE]
    assert files(here / "modules") == sorted(MODULE)


def test_a_dry_run_shows_the_plan_and_writes_nothing(here):
    said = run("new", "module", "library-desk", "--dry-run", "--json")
    assert said.exit_code == 0
    assert json.loads(said.stdout) == [{"path": each, "action": "create", "written": False} for each in MODULE]
    assert files(here) == []


def test_nothing_is_overwritten_without_force(here):
    (here / "library-desk").mkdir()
    (here / "library-desk/README.md").write_text("mine")
    said = run("new", "module", "library-desk", "--json")
    assert (said.exit_code, said.stdout) == (1, "")
    assert "library-desk/README.md is there already. Nothing was written." in said.stderr
    assert files(here) == ["library-desk/README.md"]
    tried = run("new", "module", "library-desk", "--json", "--dry-run")
    assert tried.exit_code == 1
    assert [each["action"] for each in json.loads(tried.stdout)].count("overwrite") == 1
    forced = run("new", "module", "library-desk", "--json", "--force")
    assert forced.exit_code == 0
    assert {each["path"]: each["action"] for each in json.loads(forced.stdout)}["library-desk/README.md"] == "overwrite"
    assert (here / "library-desk/README.md").read_text() != "mine"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["module", "bücher"], "The name 'bücher' cannot be used: it is no name of a distribution"),
        (["module", "json"], "standard library"),
        (["module", "attrs"], "installed package"),
        (["module", "desk", "--package", "class"], "keyword"),
        (["module", "desk", "--author", "<>"], "author"),
        (["module"], "Missing argument 'NAME'"),
        (["status"], "Missing option '--package'"),
        (["status", "--package", "a b"], "no name of a Python package"),
    ],
)
def test_names_that_cannot_be_used_are_refused(here, words, problem):
    said = run("new", *words)
    assert (said.exit_code, said.stdout) == (2, "")
    assert problem in said.stderr
    assert files(here) == []


def test_a_module_that_somebody_declares_is_warned_of(here):
    said = run("new", "module", "order.desk", "--package", "orders", "--directory", here)
    assert said.exit_code == 2  # it is installed
    (here / "shop").mkdir()
    (here / "shop/__init__.py").touch()
    (here / "pyproject.toml").write_text('[project]\nname = "shop"\ndependencies = ["perdure"]\n')
    said = run("new", "status", "--package", "shop", "--module", "training-student")
    assert said.exit_code == 0
    assert "Warning: the module 'training-student' is declared by 'training-student' of distribution" in said.stderr
    assert "Warning" not in run("new", "module", "library-desk").stderr


def test_a_status_is_added_to_a_package(here):
    (here / "src/shop").mkdir(parents=True)
    (here / "src/shop/__init__.py").touch()
    before = '[project] # the shop\nname = "shop"\n'
    (here / "pyproject.toml").write_text(before)
    said = run("new", "status", "--package", "shop", "--json")
    assert said.exit_code == 0, said.output
    assert [(each["action"], each["path"]) for each in json.loads(said.stdout)] == [
        ("create", "src/shop/status.py"),
        ("create", "tests/test_shop_status.py"),
        ("edit", "pyproject.toml"),
    ]
    assert 'does not depend on perdure: add "perdure>=' in said.stderr
    text = (here / "pyproject.toml").read_text()
    assert text.startswith(before)
    assert tomllib.loads(text)["project"]["entry-points"] == {"perdure": {"shop": "shop.status"}}
    again = run("new", "status", "--package", "shop")
    assert again.exit_code == 1
    assert 'add StatusSpec("shop", ShopStatus) to the list' in again.stderr


def test_what_cannot_be_edited_is_told_and_nothing_is_written(here):
    (here / "shop").mkdir()
    (here / "shop/__init__.py").touch()
    (here / "pyproject.toml").write_text('[project]\nname = "shop"\nentry-points = { perdure = { a = "b" } }\n')
    said = run("new", "status", "--package", "shop")
    assert said.exit_code == 1
    assert '[project.entry-points.perdure]\nshop = "shop.status"' in said.stderr
    assert files(here) == ["pyproject.toml", "shop/__init__.py"]


def test_it_is_a_command_of_a_real_shell(here):
    command = [sys.executable, "-m", "perdure", "new", "module", "library-desk", "--json"]
    first, second = (subprocess.run(command, cwd=here, capture_output=True, text=True, check=False) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 1)
    assert [each["path"] for each in json.loads(first.stdout)] == MODULE
    assert second.stdout == ""
    assert "Traceback" not in second.stderr
