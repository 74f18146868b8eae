"""The page on metrics and logs, held against the code."""

from __future__ import annotations

import ast
import logging
import re
from pathlib import Path

import attrs
import pytest

from perdure import Metrics

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/metrics-and-logs.md").read_text("utf-8")
LEVELS = {"debug": "debug", "info": "info", "warning": "warning", "exception": "error", "error": "error"}


def said():
    """Every message of perdure's loggers, with logger and level."""
    for path in (ROOT / "core/perdure").rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        names = [
            node.value.args[0].value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "logger"
        ]
        for node in ast.walk(tree):
            function = node.func if isinstance(node, ast.Call) else None
            if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "logger":
                yield names[0], LEVELS[function.attr], node.args[0].value


def test_every_counter_is_on_the_page_and_no_other():
    counters = re.findall(r"^\| `(\w+)` \| [a-z]", PAGE.split("## Logs")[0], re.MULTILINE)
    assert counters == [each.name for each in attrs.fields(Metrics)]


def test_every_message_is_on_the_page_and_no_other():
    rows = re.findall(r"^\| `(perdure\.\w+)` \| (\w+) \| (.*?) \|", PAGE, re.MULTILINE)
    messages = list(said())
    assert len(messages) > 15
    unseen = set(rows)
    for logger, level, text in messages:
        found = {row for row in rows if row[:2] == (logger, level) and told(row[2], text)}
        assert found, f"{logger} {level}: {text}"
        unseen -= found
    assert not unseen


def told(row, text):
    """Whether a row speaks of a message; that of a lost lock is the error's own."""
    if text == "%s":
        return "lock was lost" in row
    return re.search(".*".join(map(re.escape, row.split("…"))), text) is not None


@pytest.mark.parametrize(
    ("row", "fits"),
    [
        ("plugin … failed in perdure_value_changed", True),
        ("once more, after …", True),
        ("plugin … sang a song", False),
        ("perdure_value_changed failed in plugin …", False),
        ("perdure_value_changed … plugin", False),
    ],
)
def test_a_row_fits_by_all_its_parts_in_their_order(row, fits):
    texts = ["plugin %s failed in perdure_value_changed; version %s of %s is committed", "%s: once more, after %s %s"]
    assert any(told(row, text) for text in texts) is fits


def test_nobody_hears_what_nobody_asked_for():
    assert any(isinstance(each, logging.NullHandler) for each in logging.getLogger("perdure").handlers)
