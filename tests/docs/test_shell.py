"""That the shell of the pages finds what is not as a page says."""

from __future__ import annotations

import pytest
from tests.docs import shell
from tests.docs.shell import CommandFailed, Shell, Step


@pytest.fixture
def bash():
    """A shell, closed after the test."""
    opened = Shell()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "step",
    [
        Step("false", ""),
        Step("echo hello", "good-bye\n"),
        Step("echo hello; false", "hello\n"),
        Step("echo Error: no such name", "Error: no such name\n"),
        Step("exit 3", "hello\n"),
    ],
)
def test_what_is_not_as_the_page_says_fails(bash, step):
    with pytest.raises(CommandFailed):
        bash.run(step)


def test_what_is_as_the_page_says_goes_on_in_the_same_shell(bash):
    bash.run(Step("who=Ada", ""))
    bash.run(Step("echo hello $who", "hello ...\n"))
    bash.run(Step("echo Error: no $who; false", "Error: no Ada\n"))
    bash.run(Step("echo Errors; echo desk; false", "Errors\n...\n"))
    bash.run(Step("echo desk.who: nothing is stored.; false", "desk.who: nothing is stored.\n"))


def test_what_takes_too_long_is_ended_with_its_children(bash, monkeypatch):
    monkeypatch.setattr(shell, "PATIENCE", 0.1)
    with pytest.raises(CommandFailed, match="took more than 0.1 s") as caught:
        bash.run(Step("(sleep 15; expr 40 + 2)", ""))
    assert "42" not in str(caught.value)  # what the child prints when it is left to itself
