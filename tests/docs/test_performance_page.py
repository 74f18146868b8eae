"""The page of what was measured, held against what the benchmark is to measure. Nothing is timed here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.bench.page import PAGE as PLACE
from tests.bench.page import target_rows, written
from tests.bench.works import WORKS

PAGE = Path(PLACE).read_text("utf-8")
TARGETS = [target for work in WORKS for target in work.targets]
"""All that is to be reached."""


def rows():
    """The rows of the page's first table, by what each is about."""
    table = PAGE.split("<!-- measured: targets -->")[1].split("<!-- end: targets -->")[0]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.strip().splitlines()[2:]]
    return {tuple(row[:3]): row[3:] for row in cells}


def said(target):
    return target.work, target.database, target.wanted


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: f"{target.work}, {target.database}, {target.over}")
def test_the_verdict_on_every_target_agrees_with_its_own_figure(target):
    measured, spread, verdict = rows()[said(target)]
    if measured.startswith("not measured: "):
        assert (spread, verdict) == ("", "?")
        return
    figure, _, unit = measured.partition(" ")
    assert unit == target.unit
    assert verdict == ("yes" if float(figure) <= target.limit else "**no**")


def test_the_page_has_no_row_of_a_target_that_is_not_there_any_more():
    assert set(rows()) == set(map(said, TARGETS))


def test_the_page_has_a_place_for_everything_that_is_written():
    assert written(PAGE, {"targets": target_rows([]), "machine": "", "candidates": ""}) != PAGE


def test_the_page_tells_versions_and_no_places():
    assert re.search(r"CPython \d+\.\d+", PAGE)
    assert not re.search(r"/(home|root|tmp|work|usr|var)/|https?://|127\.0\.0\.1|localhost", PAGE)
