"""What the pages say of the command line, held against click's own parameters, and run."""

from __future__ import annotations

import json
import re
import shlex
import sys
from doctest import ELLIPSIS, OutputChecker
from importlib.metadata import entry_points
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from perdure.cli.command import shared_options
from perdure.cli.main import main

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "reference/command-line.md").read_text("utf-8")
HOW_TO = (DOCS / "how-to/use-the-command-line.md").read_text("utf-8")
SHARED = {option.opts[0] for option in shared_options()}

MAILER = """
import attrs
from perdure import StatusSpec, field, hookimpl

@attrs.frozen
class MailerStatus:
    enable: bool = field(default=True, description="Whether mail is sent")
    host: str = field(default="localhost", description="The mail server")
    sent: int = 0
    password: str = field(secret=True, default="")

@hookimpl
def perdure_status_specs():
    return [StatusSpec("mailer", MailerStatus)]
"""


def commands(group=main, path="perdure"):
    for name, command in group.commands.items():
        full = f"{path} {name}"
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield full, command
        if isinstance(command, click.Group):
            yield from commands(command, full)


def usage(path, command):
    """How a command's heading calls it: with its arguments."""
    context = click.Context(command, info_name=path)
    arguments = [each.make_metavar(context) for each in command.params if isinstance(each, click.Argument)]
    return " ".join([path, *arguments])


SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
COMMANDS = {usage(path, command): command for path, command in commands()}


def options_in(text):
    return set(re.findall(r"^\| `(--[\w-]+)", text, re.MULTILINE))


def test_every_command_is_in_the_reference_with_its_arguments():
    documented = {title.strip("`") for title in SECTIONS if title.startswith("`perdure")}
    assert documented == set(COMMANDS)


@pytest.mark.parametrize("heading", COMMANDS)
def test_every_option_of_a_command_is_in_the_reference(heading):
    options = {each.opts[0] for each in COMMANDS[heading].params if isinstance(each, click.Option)}
    assert options_in(SECTIONS[f"`{heading}`"]) == options - SHARED
    assert options >= SHARED


def test_the_options_of_every_command_are_in_the_reference():
    assert options_in(SECTIONS["Every command"]) == SHARED | {"--help"}


@pytest.fixture
def perdure(tmp_path, monkeypatch):
    """Runs a command line on an empty database, with the module of the page installed and no other."""
    site = tmp_path / "site"
    metadata = site / "mailer-1.0.0.dist-info"
    metadata.mkdir(parents=True)
    (site / "mailer.py").write_text(MAILER, "utf-8")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: mailer\nVersion: 1.0.0\n", "utf-8")
    (metadata / "entry_points.txt").write_text("[perdure]\nmailer = mailer\n", "utf-8")
    others = ",".join(each.name for each in entry_points(group="perdure"))
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.chdir(tmp_path)
    env = {"PERDURE_URL": "sqlite:///app.db", "PERDURE_BLOCKED": others, "PERDURE_TENANT": "", "NO_COLOR": "1"}

    def run(line):
        words = shlex.split(line)
        assert words.pop(0) == "perdure"
        return CliRunner().invoke(main, words, prog_name="perdure", env=env, catch_exceptions=False)

    yield run
    sys.modules.pop("mailer", None)


def test_the_console_of_the_how_to_shows_what_is_there(perdure):
    blocks = re.findall(r"^```console\n(.*?)^```", HOW_TO, re.MULTILINE | re.DOTALL)
    steps = [step for block in blocks for step in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)]
    assert len(steps) > 10
    for line, expected in steps:
        found = perdure(line).output
        assert OutputChecker().check_output(expected, found, ELLIPSIS), f"$ {line}\n{found}"


def test_the_keys_of_entries_and_changes_are_in_the_reference(perdure):
    perdure("perdure set mailer sent 1")
    for command, title in (("list", "of an entry"), ("history", "of a change")):
        (found,) = json.loads(perdure(f"perdure {command} --json").stdout)
        table = SECTIONS["Entries and changes"].split(f"| {title} |")[1].split("\n\n")[0]
        documented = [key for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for key in re.findall(r"`(\w+)`", row)]
        assert sorted(documented) == sorted(found)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_how_to_switches_completion_on_by_what_click_answers_to(shell):
    assert f"_PERDURE_COMPLETE={shell}_source perdure" in HOW_TO
    found = CliRunner().invoke(main, prog_name="perdure", env={"_PERDURE_COMPLETE": f"{shell}_source"})
    assert "_PERDURE_COMPLETE" in found.stdout
