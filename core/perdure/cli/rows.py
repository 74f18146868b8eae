"""Rows under headings, for people: fitted to a terminal, or one line each where they go elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import attrs
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

FLEXIBLE = frozenset({"brings", "change", "condition", "description", "file", "from", "moves to", "reason", "type", "value"})
"""Columns whose cells may take several lines of a terminal, and be broken anywhere."""

WORDED = frozenset({"written (UTC)"})
"""Columns that may be broken between words; all the others are names and numbers, and are not."""

ROOM = 16
"""How many characters of a terminal's line a flexible column needs."""

TIME_LENGTH = len("2026-01-31 12:30:00")

GAP = "  "

PADDED = 48
"""The longest cell, in characters, that the cells below it are lined up with, where lines may be of any length."""


def legible(text: str) -> str:
    """Return a text on one line, with what could disturb a terminal or be no character written out."""
    encodable = text.encode("utf-8", "backslashreplace").decode()
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in encodable)


def to_the_second(time: datetime) -> str:
    """Return a time as people read it: UTC, to the second."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def written(time: datetime, actor: str | None) -> str:
    """Return when something was written, and by whom."""
    return f"{to_the_second(time)} {actor}" if actor else to_the_second(time)


def cell(content: object) -> Text:
    """Return what stands in a cell."""
    if isinstance(content, Text):
        return Text(legible(content.plain), style=content.style)
    if isinstance(content, datetime):
        return Text(to_the_second(content))
    return Text("" if content is None else legible(str(content)))


@attrs.frozen
class Rows:
    """Rows under headings; rich renders them.

    Attributes:
        columns: The headings.
        rows: The cells.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]

    @classmethod
    def of(cls, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Rows:
        """Return rows of anything: None is empty, a time is told to the second, a `Text` keeps its style."""
        return cls(tuple(columns), tuple(tuple(map(cell, row)) for row in rows))

    def width(self, column: int) -> int:
        """Return how wide a column is, where nothing is broken."""
        return max(cell_len(text) for text in (self.columns[column], *(row[column].plain for row in self.rows)))

    def least(self, column: int, *, room: int = ROOM, words: bool = True) -> int:
        """Return how wide a column has to be.

        Args:
            column: Which.
            room: What a flexible column needs.
            words: Whether those that may be are broken between words.
        """
        if self.columns[column] in FLEXIBLE:
            return min(room, self.width(column))
        if self.columns[column] in WORDED and words:
            return max(TIME_LENGTH, *(cell_len(word) for row in self.rows for word in row[column].plain.split()))
        return self.width(column)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the rows as what reads them wants them."""
        if self.rows and console.file.isatty() and self.takes(self.least) <= options.max_width:
            roomy = partial(self.least, room=3 * ROOM, words=False)
            least = next(each for each in (self.width, roomy, self.least) if self.takes(each) <= options.max_width)
            yield self.fitted(least, tight=least != self.width)
        elif self.columns:
            yield from self.lines()

    def takes(self, width_of: Callable[[int], int]) -> int:
        """Return how wide all columns are together."""
        return sum(map(width_of, range(len(self.columns)))) + len(GAP) * (len(self.columns) - 1)

    def fitted(self, width_of: Callable[[int], int], *, tight: bool) -> Table:
        """Return a table; where it is tight, the flexible columns share what the others leave."""
        table = Table(box=None, pad_edge=False, padding=(0, len(GAP), 0, 0), header_style="bold", show_edge=False)
        for index, column in enumerate(self.columns):
            table.add_column(column, width=None if tight and column in FLEXIBLE else width_of(index), overflow="fold")
        for row in self.rows:
            table.add_row(*row)
        return table

    def lines(self) -> Iterator[Text]:
        """Yield each row on a line of its own, however long it is."""
        widths = [min(self.width(index), PADDED) for index in range(len(self.columns))]
        for row in (tuple(Text(column, style="bold") for column in self.columns), *self.rows):
            line = Text()
            for text, width in zip(row, widths, strict=True):
                line.append_text(text)
                line.append(" " * (width - cell_len(text.plain)) + GAP)
            line.rstrip()
            yield line
