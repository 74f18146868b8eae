"""What sybil runs in a page beside Python: TOML, files that the reader writes, and consoles."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from sybil import Region
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser
from tests.docs.shell import Shell, steps_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sybil import Document, Example

FILE = re.compile(r"<!-- file: (\S+) -->\n\n(```\w+\n)(.*?)^```$", re.MULTILINE | re.DOTALL)
"""A block that the reader is told to save in a file. The comment names it, as the sentence above it does."""

RUN = "<!-- its consoles are run -->"
"""On top of a page: every command in it is run. On the others, which need servers or the reader's own, they are only read."""


class PythonBlockParser(PythonCodeBlockParser):
    """Runs blocks of Python where they stand, unless they are to be saved in a file."""

    def __call__(self, document: Document) -> Iterable[Region]:
        saved = {found.start(2) for found in FILE.finditer(document.text)}
        return (region for region in super().__call__(document) if region.start not in saved)


class FileParser:
    """Saves what the reader is told to save."""

    def __call__(self, document: Document) -> Iterable[Region]:
        for found in FILE.finditer(document.text):
            yield Region(found.start(), found.start(2), (Path(found[1]), found[3]), self.evaluate)

    def evaluate(self, example: Example) -> None:
        """Write the file."""
        path, text = example.parsed
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


class TOMLBlockParser(CodeBlockParser):
    """Checks that a block of TOML is valid."""

    language = "toml"

    def evaluate(self, example: Example) -> None:
        """Parse it."""
        tomllib.loads(example.parsed)


class ConsoleParser(CodeBlockParser):
    """Runs the consoles of a page that says so, one after the other in one shell."""

    language = "console"

    def __call__(self, document: Document) -> Iterable[Region]:
        return super().__call__(document) if RUN in document.text else ()

    def evaluate(self, example: Example) -> None:
        """Run its commands."""
        shell = example.namespace.get("shell") or example.namespace.setdefault("shell", Shell())
        for step in steps_in(example.parsed):
            shell.run(step)
