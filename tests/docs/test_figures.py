"""The figures in the README, held against the page that `make bench` writes."""

from __future__ import annotations

from tests.docs.figures import CANDIDATES, README, WORKS, ratios, with_figures


def test_the_figures_in_the_readme_are_those_that_were_measured():
    readme = README.read_text("utf-8")
    assert with_figures(readme) == readme, "take them anew: make pictures"


def test_every_candidate_was_measured_somewhere():
    assert {name for work in WORKS for name in ratios(work)[1]} >= set(CANDIDATES)
