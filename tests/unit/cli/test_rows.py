from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta, timezone

import pytest
from rich.console import Console
from rich.text import Text

from perdure.cli.rows import Rows, legible, to_the_second

LONG = "word " * 40
ROWS = Rows.of(
    ("module", "name", "value", "version", "written (UTC)"),
    [
        ["training-student", "enable", "true", 1, "2026-01-31 12:30:00 perdure-cli:ada"],
        ["training-student", "notes", LONG, 12, "2026-01-31 12:30:00"],
    ],
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def rendered(rows, width, file):
    Console(file=file, width=width, color_system=None, legacy_windows=False).print(rows, soft_wrap=True)
    return [line.rstrip() for line in file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [40, 80, 200])
def test_elsewhere_than_on_a_terminal_each_row_is_one_line(width):
    found = rendered(ROWS, width, io.StringIO())
    assert len(found) == 3
    assert LONG.strip() in found[2]


def test_a_line_has_no_blanks_at_its_end():
    file = io.StringIO()
    rendered(ROWS, 80, file)
    assert all(line == line.rstrip() for line in file.getvalue().splitlines())


@pytest.mark.parametrize("width", [80, 100, 150])
def test_a_terminal_gets_cells_of_several_lines_and_whole_names(width):
    found = rendered(ROWS, width, Terminal())
    assert all(len(line) <= width for line in found)
    text = "\n".join(found)
    for whole in ("training-student", "2026-01-31 12:30:00", "perdure-cli:ada", "version"):
        assert whole in text
    assert text.count("word") == 40


def test_a_wide_terminal_gets_a_line_for_each_row():
    assert len(rendered(ROWS, 320, Terminal())) == 3


def test_a_narrow_terminal_loses_nothing():
    text = "".join(rendered(ROWS, 30, Terminal())).replace("\n", "")
    for whole in ("training-student", "2026-01-31 12:30:00", "perdure-cli:ada"):
        assert whole in text


def test_wide_characters_are_lined_up():
    rows = Rows.of(("name", "value"), [["日本", "x"], ["ab", "y"]])
    assert rendered(rows, 80, io.StringIO())[1:] == ["日本  x", "ab    y"]


def test_what_could_disturb_is_written_out():
    assert legible("a\tb\nc\x1b[0m\x9b\udcff\u202e日本 é") == "a\\tb\\nc\\x1b[0m\\x9b\\udcff\\u202e日本 é"
    rows = Rows.of(("name",), [[Text("\x1b[31m", style="red")], ["[red]x[/]"], [None], [7]])
    assert rendered(rows, 80, io.StringIO()) == ["name", "\\x1b[31m", "[red]x[/]", "", "7"]


def test_times_are_told_in_utc_to_the_second():
    time = datetime(2026, 1, 31, 13, 30, 5, 999_999, tzinfo=timezone(timedelta(hours=1)))
    assert to_the_second(time) == "2026-01-31 12:30:05"
    assert rendered(Rows.of(("at",), [[datetime(2026, 1, 31, tzinfo=UTC)]]), 80, io.StringIO())[1] == "2026-01-31 00:00:00"
