"""What holds for every command there is."""

from __future__ import annotations

import json

import click
import pytest
from click.testing import CliRunner

from perdure import App
from perdure.cli.main import main

COMMANDS = {
    "plugins": [],
    "modules": [],
    "codes": ["desk"],
    "lifecycle": ["DeskLifecycle"],
    "list": ["cli-desk"],
    "get": ["cli-desk", "visits"],
    "set": ["cli-desk", "visits", "7"],
    "unset": ["cli-desk", "visits"],
    "history": ["cli-desk"],
    "revert": ["cli-desk", "visits", "1"],
    "watch": ["cli-desk", "--since", "0", "--count", "1"],
    "leftovers": [],
    "leftovers remove": ["--all", "--yes"],
    "forget": ["cli-desk", "visits", "--yes"],
    "migrate": [],
    "tenants": [],
    "tenants erase": ["", "--yes"],
    "doctor": [],
    "export": [],
    "import": ["export.json", "--yes"],
    "stubs": [],
    "new module": ["library-desk"],
    "new status": ["--package", "host_app"],
}
"""Words with which each command does something."""


def commands(group=main, path=""):
    """Yield the path of every command that does something, and the command."""
    for name, command in group.commands.items():
        full = f"{path} {name}".strip()
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield full, command
        if isinstance(command, click.Group):
            yield from commands(command, full)


HOST = """
from perdure import App

def app():
    return App.open("sqlite:///app.db")
"""

LOUD = """
print("hello")
from perdure import hookimpl

@hookimpl
def perdure_opened():
    print("open")
"""

EVERY = dict(commands())
NEED_NO_DATABASE = {"plugins", "modules", "codes", "lifecycle", "stubs", "new module", "new status"}


@pytest.fixture
def filled(run, here):
    """A database with a value, a document to import, and a package of the host."""
    run("set", "cli-desk", "visits", "1")
    (here / "host_app.py").write_text(
        'from perdure import App\n\n\ndef app():\n    return App.open("sqlite:///app.db")\n', "utf-8"
    )
    (here / "export.json").write_text(run("export").stdout, "utf-8")
    return run


def test_every_command_is_tried_here():
    assert set(EVERY) <= set(COMMANDS)


def ways(url):
    """Every way to say where the status is kept, and what it puts before the command, after it and in the environment."""
    return {
        "environment": ([], [], {"PERDURE_URL": url}),
        "before": (["--url", url], [], {}),
        "after": ([], ["--url", url], {}),
        "app": ([], ["--app", "host_app:app"], {}),
    }


@pytest.mark.parametrize("way", ["environment", "before", "after", "app"])
@pytest.mark.parametrize("path", sorted(set(EVERY) - {"new status"}))  # which changes a package, and has tests of its own
def test_json_is_all_that_is_on_stdout_wherever_the_database_is_named(filled, path, way):
    before, after, env = ways(filled.url)[way]
    words = [*before, *path.split(), *after, "--json", *COMMANDS[path]]
    found = CliRunner().invoke(main, words, prog_name="perdure", env={"PERDURE_URL": "", **env}, catch_exceptions=False)
    assert found.exit_code == 0, found.output
    assert found.stdout.endswith("\n")
    assert found.stdout.count("\n") == 1
    json.loads(found.stdout)


@pytest.mark.parametrize("path", EVERY)
def test_help_names_every_option_and_goes_to_stdout(run, path):
    for flag in ("--help", "-h"):
        found = run(*path.split(), flag)
        assert found.stdout.startswith(f"Usage: perdure {path} ")
        for parameter in EVERY[path].params:
            for option in parameter.opts if isinstance(parameter, click.Option) else ():
                assert option in found.stdout
        assert found.stderr == ""


@pytest.mark.parametrize("path", EVERY)
def test_every_command_and_option_is_explained(path):
    command = EVERY[path]
    assert command.get_short_help_str()
    assert [each.name for each in command.params if isinstance(each, click.Option) and not each.help] == []


@pytest.mark.parametrize("path", sorted(set(EVERY) - NEED_NO_DATABASE - {"doctor", "import"}))
def test_no_database_is_an_error_that_says_what_to_give(run, path):
    run.url = ""
    found = run(*path.split(), "--json", *COMMANDS[path], code=2)
    assert found.stdout == ""
    assert "--url sqlite:///app.db" in found.stderr


@pytest.mark.parametrize(
    "words", ["get cli-desk clerk", "import -", "leftovers remove x --yes", "stubs --check x.py", "tenants erase x --yes"]
)
def test_what_there_is_to_tell_of_a_failure_is_one_json_document_too(run, words):
    refused = '{"format": 1, "tenants": {"": {"gone": {"x": {"value": 1, "record_version": 1}}}}}'
    found = run(*words.split(), "--json", input=refused, code=1)
    assert found.stdout.count("\n") == 1
    json.loads(found.stdout)


@pytest.mark.parametrize("path", EVERY)
def test_an_option_that_is_not_there_exits_with_2(run, path):
    found = run(*path.split(), "--jsno", code=2)
    assert found.stdout == ""
    assert "--jsno" in found.stderr


@pytest.mark.parametrize("path", sorted(set(EVERY) - {"doctor", "leftovers", "leftovers remove"} - {"new module", "new status"}))
def test_a_broken_plugin_is_said_and_ends_nothing(filled, installed, path):
    installed.add("broken-desk", "raise ValueError('by design')")
    found = filled(*path.split(), "--json", *COMMANDS[path])
    assert "'broken-desk' of distribution 'broken-desk' failed: importing it raised ValueError: by design" in found.stderr
    json.loads(found.stdout)


def test_a_plugin_that_prints_does_not_disturb_the_data(filled, installed):
    installed.add(
        "loud-desk", "print('hello')\nfrom perdure import hookimpl\n@hookimpl\ndef perdure_opened():\n    print('open')\n"
    )
    found = filled("get", "cli-desk", "visits")
    assert found.stdout == "1\n"
    assert "hello" in found.stderr
    assert "open" in found.stderr


def test_a_blocked_name_that_nobody_goes_by_is_said(filled):
    assert "no plugin goes by that name" in filled("list", env={"PERDURE_BLOCKED": "nobody"}).stderr


def test_an_app_is_closed_again(filled, monkeypatch):
    closed = []
    close = App.close
    monkeypatch.setattr(App, "close", lambda app: (closed.append(app), close(app)))
    filled("list")
    filled("get", "cli-desk", "enable", code=1)
    filled("modules", "--app", "host_app:app")
    assert len(closed) == 3


@pytest.mark.parametrize("group", [[], ["new"], ["leftovers"], ["tenants"]])
def test_what_a_command_is_for_fits_on_a_line(run, group):
    assert "..." not in run(*group, "--help", terminal_width=80).stdout.partition("Commands:")[2]
