"""The main job from end to end: wheels, pip, a new virtual environment, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

STRANGER = {
    "pyproject.toml": """
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"

        [project]
        name = "strangers-garden"
        version = "3.1"
        dependencies = ["perdure"]

        [project.entry-points.perdure]
        garden = "strangers_garden.plugin:plugin"
    """,
    "strangers_garden/__init__.py": "",
    "strangers_garden/plugin.py": """
        from dataclasses import dataclass
        from datetime import date

        from perdure import StatusSpec, hookimpl


        @dataclass(frozen=True)
        class Garden:
            watered: date | None = None
            beds: tuple[str, ...] = ("roses",)


        class Plugin:
            @hookimpl
            def perdure_status_specs(self):
                return [StatusSpec("garden", Garden)]


        plugin = Plugin()
    """,
}

USE = """
    import datetime, sys
    from perdure import App

    with App.open(sys.argv[1]) as app:
        print([(each.origin.plugin, each.origin.distribution) for each in app.report.loaded])
        app.scope("training-student").status.set("enable", True)
        app.scope("garden").status.set("watered", datetime.date(2026, 11, 22))
    with App.open(sys.argv[1]) as app:
        print(app.scope("training-student").status.get("enable"), app.scope("garden").status.load())
"""


def run(*command: object) -> str:
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The python of a new virtual environment into which pip installed three wheels, and what they depend on."""
    folder = tmp_path_factory.mktemp("wheels")
    stranger = folder / "stranger"
    for name, text in STRANGER.items():
        file = stranger / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), "utf-8")
    for project in (ROOT / "core", ROOT / "example_modules/training_student", stranger):
        run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, project)
    venv.create(folder / "venv", with_pip=True)
    made = folder / "venv/bin/python"
    run(made, "-m", "pip", "install", "--quiet", *folder.glob("*.whl"))
    return made


def test_a_pip_installed_module_has_its_status(python, tmp_path):
    said = run(python, "-c", textwrap.dedent(USE), f"sqlite:///{tmp_path / 'app.db'}")
    assert said.splitlines() == [
        "[('garden', 'strangers-garden'), ('training-student', 'training-student')]",
        "True Garden(watered=datetime.date(2026, 11, 22), beds=('roses',))",
    ]


def test_an_uninstalled_module_is_gone_and_its_rows_are_not(python, tmp_path):
    url = f"sqlite:///{tmp_path / 'app.db'}"
    run(python, "-c", textwrap.dedent(USE), url)
    code = """
        import sys
        from perdure import App, UnknownModule
        with App.open(sys.argv[1], blocked=["strangers.garden"]) as app:
            print([origin.plugin for origin in app.report.blocked], "strangers_garden" in sys.modules)
            try:
                app.scope("garden")
            except UnknownModule as error:
                print(error)
            print(len(app.resources.store.read_tenant("")))
    """
    assert run(python, "-c", textwrap.dedent(code), url).splitlines() == [
        "['garden'] False",
        "No loaded plugin declares a status for the module 'garden'. Known: 'training-student'.",
        "2",
    ]
