"""How the benchmark times, with a clock that does as it is told."""

from __future__ import annotations

import pytest
from tests.bench.measure import TRIES, Candidate, Measurement, Pace, Spread, count_for, measure


class Clocked:
    """A candidate whose every turn takes what the script says; finding out how often it fits into a turn takes a second."""

    def __init__(self, name, *seconds, turns=None):
        self.name, self.script, self.turns, self.calls = name, list(seconds), turns, 0

    @property
    def candidate(self):
        return Candidate(self.name, self.seconds)

    def seconds(self, count):
        self.calls += 1
        if self.calls <= 1 + TRIES:
            return 1.0
        if self.turns is not None:
            self.turns.append(self.name)
        return self.script[self.calls - 2 - TRIES] * count


def measured(*clocked, rounds):
    return measure([each.candidate for each in clocked], Pace(rounds, 0.5))


def test_a_ratio_is_the_median_of_the_ratios_within_each_round():
    raw, ours = Clocked("raw", 1.0, 4.0, 2.0), Clocked("ours", 1.5, 4.4, 4.0)
    ratio = measured(raw, ours, rounds=3).ratio("ours", "raw")
    assert ratio.middle == pytest.approx(1.5)  # of 1.5, 1.1 and 2.0; the ratio of the medians would be 2.0


def test_what_slows_a_whole_round_changes_no_ratio():
    raw, ours = Clocked("raw", 1.0, 100.0, 1.0), Clocked("ours", 2.0, 200.0, 2.0)
    ratio = measured(raw, ours, rounds=3).ratio("ours", "raw")
    assert (ratio.low, ratio.middle, ratio.high) == (2.0, 2.0, 2.0)


def test_a_spread_is_the_middle_half():
    assert Spread.of([1.0, 2.0, 3.0, 4.0, 5.0]) == Spread(3.0, 2.0, 4.0)


def test_a_single_figure_has_no_spread():
    assert Spread.of([2.0]) == Spread(2.0, 2.0, 2.0)


def test_differences_are_taken_round_by_round():
    found = Measurement({"bare": [1.0, 9.0, 2.0], "ours": [1.5, 9.25, 3.0]})
    assert found.difference("ours", "bare").middle == pytest.approx(0.5)


def test_every_candidate_has_a_turn_in_each_round_and_nobody_is_always_first():
    turns = []
    everybody = [Clocked(name, 1.0, 1.0, 1.0, turns=turns) for name in "abc"]
    measured(*everybody, rounds=3)
    assert turns == ["a", "b", "c", "b", "c", "a", "c", "a", "b"]


def test_the_seconds_are_those_of_one_piece_of_work():
    doubled = Candidate("doubled", lambda count: 0.25 * count)
    assert measure([doubled], Pace(2, 1.0)).seconds["doubled"] == [0.25, 0.25]


@pytest.mark.parametrize(("once", "count"), [(0.001, 10), (0.0001, 100), (1.0, 1), (0.004, 2)])
def test_a_turn_is_as_long_as_the_pace_says_and_one_piece_of_work_at_least(once, count):
    assert count_for(Candidate("steady", lambda number: once * number), 0.01) == count


def test_a_machine_that_was_busy_once_makes_no_turn_too_short():
    hiccups = iter([1.0])
    busy = Candidate("busy", lambda count: next(hiccups, 0.0) + 0.0001 * count)
    assert count_for(busy, 0.01) == 100


def test_a_clock_that_is_too_coarse_for_one_piece_of_work_is_asked_about_more():
    coarse = Candidate("coarse", lambda count: 0.0 if count < 50 else 0.001 * count)
    assert count_for(coarse, 0.05) >= 50


def test_a_statement_is_timed_as_it_stands_and_shown_so():
    done = []
    candidate = Candidate.of("append", "done.append(1)", done=done)
    assert candidate.seconds(3) >= 0
    assert (candidate.shown, done) == ("done.append(1)", [1, 1, 1])


def test_a_pace_is_held_within_what_a_comparison_asks_for():
    assert Pace(30, 0.01).within(20, 0.05) == Pace(20, 0.05)
    assert Pace(3, 0.001).within(20, 0.05) == Pace(3, 0.001)  # a quick run stays quick
