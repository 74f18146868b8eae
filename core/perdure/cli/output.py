"""Where the command line writes: data to stdout, for people or as JSON; words to stderr."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TextIO

import attrs
import click
from rich.console import Console
from rich.markup import escape

from perdure.cli.rows import Rows, legible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence


own_stdout: ContextVar[TextIO | None] = ContextVar("perdure_stdout", default=None)


def stdout() -> TextIO:
    """Return where data goes."""
    return own_stdout.get() or sys.stdout


@contextmanager
def data_apart() -> Iterator[None]:
    """Keep stdout for data in the block: what plugins and hosts print goes to stderr."""
    token = own_stdout.set(stdout())
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        own_stdout.reset(token)


@attrs.frozen
class Output:
    """The two ways out.

    Attributes:
        as_json: Whether data is written as JSON.
    """

    as_json: bool

    def tell(self, data: Any, show: Callable[[], Any]) -> None:
        """Write data: as JSON, or as `show` makes it for people.

        Args:
            data: What JSON has: dicts, lists, texts, numbers.
            show: Returns a text, or anything that rich can render, or a list of such; None for nothing to show.
        """
        if self.as_json:
            write(f"{json.dumps(data, ensure_ascii=not takes_unicode())}\n")
            return
        shown = show()
        for part in shown if isinstance(shown, list) else [shown]:
            if part is not None:
                write(f"{part}\n" if isinstance(part, str) else rendered(part))

    def say(self, words: str) -> None:
        """Say something to who sits there; it is no data.

        Args:
            words: The words, in rich's markup.
        """
        Console(stderr=True, highlight=False).print(words, soft_wrap=True)

    def warn(self, words: str, *, label: str = "Note") -> None:
        """Say what is to be heeded, and nothing failed by."""
        self.say(f"[yellow]{escape(label)}:[/] {escape(plainly(words))}")

    def fail(self, words: str) -> None:
        """Say what went wrong."""
        self.say(f"[red]Error:[/] {escape(plainly(words))}")


def plainly(words: str) -> str:
    """Return words, of several lines maybe, without what could disturb a terminal."""
    return "\n".join(map(legible, words.splitlines()))


def rendered(part: Any) -> str:
    """Return what rich makes of something for what stdout is."""
    console = Console(file=stdout(), highlight=False)
    with console.capture() as captured:
        console.print(part, soft_wrap=True)
    return captured.get()


def write(text: str) -> None:
    """Write to stdout at once; a character that it cannot be written to is written out."""
    encoded = text if takes_unicode() else text.encode(stdout().encoding, "backslashreplace")
    click.echo(encoded, nl=False, color=True, file=stdout())


def takes_unicode() -> bool:
    """Whether every character can be written to stdout."""
    return (getattr(stdout(), "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Rows:
    """Return a table for people; see `Rows.of`."""
    return Rows.of(columns, rows)


def several(count: int, noun: str) -> str:
    """Return how many of something there are, in words."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
