"""Asking before something is gone for good."""

from __future__ import annotations

import sys

import click

yes_option = click.option("--yes", is_flag=True, help="Do it without asking.")


def ask(question: str, *, yes: bool) -> None:
    """Return if it is to be done.

    Args:
        question: What would be done, and the question mark.
        yes: The answer, where the command has it already.

    Raises:
        click.UsageError: Nobody is there to be asked.
        click.Abort: The answer is no.
    """
    if yes:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise click.UsageError(f"{question} Nobody can be asked here, as stdin is no terminal: answer with --yes.")
    click.confirm(question, abort=True, err=True)
