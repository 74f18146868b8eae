"""What a suite says that cannot be, and code whose faults it is to find."""

from __future__ import annotations

import pytest

from .test_lifecycle_suite import DOORS


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("conditions = {'retyr': ({}, {})}", "*TestDoors has conditions for 'retyr', which*when=. Did you mean 'retry'?*"),
        ("conditions = {**RETRY, 'finish': ({}, {})}", "*TestDoors has conditions for 'finish', which is no transition*"),
        ("conditions = {'retry': {'attempts': 2}}", "*is to give for 'retry' a row that when= says yes to*"),
        ("conditions = {'retry': ({'attempts': 2},)}", "*is to give for 'retry' a row that when= says yes to*"),
        ("conditions = RETRY; refusals = ValueError", "*expected a tuple of exceptions*"),
        ("conditions = RETRY; racers = 1", "*a race takes two*"),
        ("conditions = RETRY; rounds = 0", "*a race takes two*"),
        ("lifecycle = Statuses", "*expected a class made of perdure.Lifecycle*"),
        ("lifecycle = 'DoorLifecycle'", "*expected a class made of perdure.Lifecycle*"),
    ],
)
def test_a_slip_is_told_when_tests_are_collected(inner, said, expected):
    result = inner.run(f"{DOORS}\nclass TestDoors(LifecycleSuite):\n    lifecycle = DoorLifecycle\n    {said}\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([expected])


def test_a_move_that_moves_other_rows_too_is_found(inner):
    result = inner.run(
        DOORS
        + """
from perdure import move

class TestDoors(LifecycleSuite):
    lifecycle = DoorLifecycle
    conditions = RETRY

    def move(self, connection, column, where, case):
        move(connection, case.lifecycle, column, where, to=case.target)
        connection.execute(sa.update(column.table).values(status=case.target))
""",
        "-k",
        "an_allowed_move",
    )
    result.assert_outcomes(failed=4, passed=1)  # from RUNNING to RUNNING, nobody can tell
    result.stdout.fnmatch_lines(["*was to move one row, and has moved another, too*"])


UNIQUE = """
people = sa.Table(
    "people",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("email", sa.String(50), nullable=False, unique=True),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("who", sa.String(20), nullable=False, default="ada"),
    sa.Column("status", CodeType(DoorLifecycle), nullable=False, default=Statuses.NEW),
)

class TestPeople(LifecycleSuite):
    lifecycle = DoorLifecycle
    conditions = RETRY
    column = people.c.status
    values = {VALUES}
"""


def test_each_row_may_have_values_of_its_own(inner):
    result = inner.run(DOORS + UNIQUE.replace("VALUES", '"email": lambda number: f"{number}@example.org"'))
    result.assert_outcomes(passed=4 + 1 + 5 + 11 + 4 + 1 + 1 + 3, skipped=1)


def test_a_column_that_takes_no_value_twice_is_told_of(inner):
    result = inner.run(DOORS + UNIQUE.replace("VALUES", '"email": "ada@example.org"'), "-k", "race")
    result.stdout.fnmatch_lines(["*Where a column takes no value twice, give each row its own*"])


def test_a_lifecycle_without_conditions_can_be_collected_where_empty_sets_are_refused(inner):
    result = inner.run(
        DOORS
        + """
class PlainLifecycle(Lifecycle, family=Statuses, initial=Statuses.NEW):
    start = transition(Statuses.NEW, to=Statuses.RUNNING)

class TestPlain(LifecycleSuite):
    lifecycle = PlainLifecycle
""",
        "-o",
        "empty_parameter_set_mark=fail_at_collect",
        "-rs",
    )
    assert result.parseoutcomes()["passed"] > 5
    assert "failed" not in result.parseoutcomes()
    result.stdout.fnmatch_lines(["*the lifecycle has no such move*"])
