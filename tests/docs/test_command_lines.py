"""Every `perdure …` that a page tells the reader to run, held against the command line's own parser."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from tests.docs.shell import steps_in

from perdure.cli.main import main

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(perdure [^`]+)`")
UNFINISHED = (click.BadParameter, click.BadOptionUsage, click.exceptions.NoArgsIsHelpError, click.exceptions.Exit)
"""What comes of a line that only mentions a command, or has a word where a value goes."""


def commands_of(line):
    """The words of each command of a line."""
    words = shlex.shlex(line, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    begun = []
    for word in words:
        if set(word) <= set(words.punctuation_chars):
            yield begun
            begun = []
        else:
            begun.append(word)
    yield begun


def command_lines(page):
    """Every call of `perdure` in the consoles of a page and in its running text."""
    text = page.read_text("utf-8")
    typed = [step.command for block in BLOCK.findall(text) for step in steps_in(block)]
    lines = [line for line in [*typed, *INLINE.findall(text)] if "…" not in line]
    return [words[1:] for line in lines for words in commands_of(line) if words[:1] == ["perdure"]]


PAGES = [
    page
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*/*/README.md"))]
    if command_lines(page)
]


def parse(command, words):
    """Parse words as the command line does: unknown commands and options are errors, a value that stands for one is none."""
    try:
        context = command.make_context(command.name, list(words))
    except UNFINISHED:
        return
    if isinstance(command, click.Group) and context._protected_args:
        _, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        parse(found, rest)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_tells_to_run_what_can_be_run(page):
    for words in command_lines(page):
        try:
            parse(main, words)
        except click.UsageError as error:
            pytest.fail(f"perdure {shlex.join(words)}: {error.format_message()}")


@pytest.mark.parametrize("line", ["perdure list --colour", "perdure lst", "perdure leftovers drop"])
def test_what_cannot_be_run_is_found(line):
    with pytest.raises(click.UsageError):
        parse(main, shlex.split(line)[1:])
