"""What is measured: that it can be asked for, and that everything that is to be reached has its row."""

from __future__ import annotations

from collections import Counter

from tests.bench.comparison import Comparison, Count
from tests.bench.measure import Candidate, Pace
from tests.bench.page import target_rows
from tests.bench.places import NotMeasured, Places
from tests.bench.target import NUMBER, TIMES, Target
from tests.bench.works import WORKS

QUICK = Pace(2, 1e-6)
TARGET = Target("get", "SQLite", 1.25, "raw")


def candidates(_places, _stack):
    return [Candidate("raw", lambda count: 1.0 * count), Candidate("perdure", lambda count: 2.0 * count)]


def absent(_places, *_stack):
    raise NotMeasured("no server")


def ran(work):
    with Places() as places:
        return work.run(places, QUICK)


def test_no_two_works_have_a_name_in_common():
    assert [name for name, count in Counter(work.name for work in WORKS).items() if count > 1] == []


def test_no_two_targets_have_a_row_in_common():
    rows = Counter((target.work, target.database, target.wanted) for work in WORKS for target in work.targets)
    assert [row for row, count in rows.items() if count > 1] == []


def test_every_target_of_a_work_has_a_finding_and_a_row():
    outcome = ran(Comparison("get", "get", "SQLite", "raw", candidates, (TARGET,)))
    assert [finding.target for finding in outcome.findings] == [TARGET]
    assert len(target_rows(outcome.findings).splitlines()) == 3


def test_a_miss_is_told_of():
    (finding,) = ran(Comparison("get", "get", "SQLite", "raw", candidates, (TARGET,))).findings
    assert (finding.measured, finding.verdict) == (f"2.00 {TIMES}", "**no**")


def test_what_cannot_be_measured_has_its_rows_too():
    for work in (Comparison("get", "get", "SQLite", "raw", absent, (TARGET,)), Count("queries", TARGET, absent)):
        (finding,) = ran(work).findings
        assert (finding.measured, finding.verdict) == ("not measured: no server", "?")


def test_what_is_counted_is_its_own_figure():
    (finding,) = ran(Count("queries", Target("load()", "SQLite", 1, "query", NUMBER), lambda _places: 1.0)).findings
    assert (finding.measured, finding.verdict) == ("1", "yes")
