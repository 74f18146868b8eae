"""What the benchmark says of a figure."""

from __future__ import annotations

import pytest
from tests.bench.measure import Measurement, Spread
from tests.bench.target import MILLISECONDS, NUMBER, Finding, Target

GET = Target("get", "SQLite", 1.25, "raw")


def finding(middle, target=GET):
    return Finding(target, Spread(middle, middle - 0.1, middle + 0.1))


def test_a_target_that_is_reached_is_shown_as_reached():
    assert finding(1.2).verdict == "yes"


def test_a_target_that_is_missed_is_shown_as_missed():
    assert finding(1.26).verdict == "**no**"


@pytest.mark.parametrize(("middle", "verdict"), [(1.2549, "yes"), (1.2551, "**no**")])
def test_the_verdict_is_on_the_figure_as_it_is_shown(middle, verdict):
    shown = finding(middle)
    assert shown.verdict == verdict
    assert (float(shown.measured.split()[0]) <= GET.limit) == (verdict == "yes")


def test_what_was_not_measured_is_neither_reached_nor_missed():
    missing = Finding(GET, None, "no server")
    assert (missing.met, missing.verdict, missing.measured, missing.spread) == (None, "?", "not measured: no server", "")


def test_a_ratio_is_to_the_candidate_that_the_target_names():
    measurement = Measurement({"raw": [1.0], "perdure": [1.2], "diskcache": [2.0]})
    assert GET.figure(measurement).middle == pytest.approx(1.2)
    assert Target("get", "SQLite", 1, "diskcache").figure(measurement).middle == pytest.approx(0.6)


def test_what_the_page_says_may_be_another_word_than_the_candidates_name():
    measurement = Measurement({"perdure, few": [2.0], "perdure, many": [3.0]})
    grown = Target("get", "SQLite", 1.3, "the same with few", base="perdure, few", of="perdure, many")
    assert grown.figure(measurement).middle == pytest.approx(1.5)


def test_a_target_in_milliseconds_is_a_difference():
    measurement = Measurement({"bare": [0.010], "perdure": [0.025]})
    start = Target("import", "any", 60, "bare", MILLISECONDS)
    assert start.figure(measurement).middle == pytest.approx(15)
    assert start.wanted == "60 ms over bare"


def test_something_counted_is_shown_with_what_is_counted():
    queries = Target("load()", "SQLite", 1, "query", NUMBER)
    assert Finding(queries, Spread(2, 2, 2)).measured == "2"
    assert Finding(queries, Spread(2, 2, 2)).verdict == "**no**"
    assert queries.wanted == "1 query"
