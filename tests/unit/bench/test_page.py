"""What the benchmark writes into the page, and what it leaves alone."""

from __future__ import annotations

import pytest
from tests.bench.comparison import Comparison, Table
from tests.bench.measure import Measurement, Spread
from tests.bench.page import MarkerMissing, candidate_rows, duration, target_rows, written
from tests.bench.target import TIMES, Finding, Target

PAGE = """# Title

Written by hand.

<!-- measured: targets -->

| old | table |

<!-- end: targets -->

Written by hand, too: <!-- no marker --> and | a | pipe |.

<!-- measured: machine -->
<!-- end: machine -->
The end
"""


def test_what_is_between_the_markers_is_replaced_and_nothing_else():
    found = written(PAGE, {"targets": "| new |\n"})
    assert found == PAGE.replace("| old | table |", "| new |")


def test_an_empty_place_is_filled():
    found = written(PAGE, {"machine": "CPython"})
    assert found == PAGE.replace("<!-- measured: machine -->\n", "<!-- measured: machine -->\n\nCPython\n\n")


def test_writing_the_same_twice_changes_nothing():
    once = written(PAGE, {"targets": "| new |", "machine": "CPython"})
    assert written(once, {"targets": "| new |", "machine": "CPython"}) == once


@pytest.mark.parametrize(
    "page",
    [
        PAGE.replace("<!-- end: targets -->\n", ""),
        PAGE.replace("<!-- measured: targets -->\n", ""),
        PAGE + "<!-- measured: targets -->\n",
        "<!-- end: targets -->\n<!-- measured: targets -->\n",
    ],
)
def test_a_page_without_a_place_for_it_is_refused_and_not_guessed_at(page):
    with pytest.raises(MarkerMissing, match="targets"):
        written(page, {"targets": "| new |"})


def test_a_target_has_a_row_with_what_was_wanted_and_what_was_measured():
    target = Target("get of a bool", "SQLite", 1.25, "raw sqlite3")
    rows = target_rows(
        [Finding(target, Spread(1.2, 1.15, 1.3)), Finding(target, Spread(1.5, 1.4, 1.6)), Finding(target, None, "x")]
    )
    assert rows.splitlines()[2:] == [
        f"| get of a bool | SQLite | 1.25 {TIMES} raw sqlite3 | 1.20 {TIMES} | 1.15 to 1.30 | yes |",
        f"| get of a bool | SQLite | 1.25 {TIMES} raw sqlite3 | 1.50 {TIMES} | 1.40 to 1.60 | **no** |",
        f"| get of a bool | SQLite | 1.25 {TIMES} raw sqlite3 | not measured: x |  | ? |",
    ]


def test_a_table_has_every_candidate_with_its_ratio_to_the_floor():
    comparison = Comparison("get", "get of a bool", "SQLite", "raw", lambda _places, _stack: [])
    measurement = Measurement({"raw": [2e-6, 2e-6], "perdure": [3e-6, 3e-6]})
    rows = candidate_rows(Table(comparison, measurement, {"raw": "loads(…)", "perdure": "status.get('enable')"}))
    assert rows.splitlines()[0] == "### Get of a bool, SQLite"
    assert rows.splitlines()[4:] == [
        "| raw | `loads(…)` | 1.00 |  | 2 µs |",
        "| **perdure** | `status.get('enable')` | 1.50 | 1.50 to 1.50 | 3 µs |",
    ]


@pytest.mark.parametrize(("seconds", "shown"), [(2.5, "2.5 s"), (0.0123, "12.3 ms"), (4.56e-6, "4.56 µs"), (2.1e-8, "21 ns")])
def test_a_time_is_shown_in_the_unit_that_suits_it(seconds, shown):
    assert duration(seconds) == shown
