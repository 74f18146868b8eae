from __future__ import annotations

from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from perdure.codes.category import Category
from perdure.codes.lifecycle import Lifecycle
from perdure.codes.statuses import Statuses
from perdure.codes.transition import transition
from perdure.columns import CodeType, accepts, in_category
from perdure.errors import InvalidTarget


class Life(Lifecycle, family=Statuses, initial=[Statuses.NEW, Statuses.RUNNING]):
    queue = transition(Statuses.NEW, Category.ACTIVE, to=Statuses.QUEUED)
    again = transition(Statuses.QUEUED, to=[Statuses.QUEUED, Statuses.PAUSED])
    anyhow = transition(Category.ACTIVE, to=Category.ACTIVE)
    stop = transition(Category.INACTIVE, to=Statuses.PAUSED, when=lambda row: row.tries < 3)
    never = transition(Statuses.NEW, to=Statuses.ABORTED, when=lambda _row: False)
    always = transition(Statuses.NEW, to=Statuses.EXPIRED, when=lambda _row: True)


TABLE = sa.Table(
    "rows",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("status", CodeType(Life)),
    sa.Column("tries", sa.Integer),
)
STATUS = TABLE.c.status


def shown(condition):
    return str(condition.compile(compile_kwargs={"literal_binds": True})).replace("rows.", "")


def test_a_category_is_a_range_and_several_are_alternatives():
    assert shown(in_category(STATUS, Category.ACTIVE)) == "status >= '2' AND status < '3'"
    both = "status >= '5' AND status < '6' OR status >= '0' AND status < '1'"
    assert shown(in_category(STATUS, Category.FAILED, Category.INITIAL, Category.FAILED)) == both
    assert shown(in_category(sa.column("status", sa.String), Category.ACTIVE)) == "status >= '2' AND status < '3'"


@pytest.mark.parametrize(
    ("name", "to", "expected"),
    [
        ("queue", None, "status IN ('100_NEW') OR status >= '2' AND status < '3' AND status != '101_QUEUED'"),
        ("again", None, "status IN ('101_QUEUED')"),
        ("again", "101_QUEUED", "status IN ('101_QUEUED')"),
        ("anyhow", None, "status >= '2' AND status < '3'"),
        ("anyhow", "202_RUNNING", "status >= '2' AND status < '3' AND status != '202_RUNNING'"),
        ("stop", None, "status >= '4' AND status < '5' AND status != '406_PAUSED' AND tries < 3"),
        ("always", None, "status IN ('100_NEW')"),
    ],
)
def test_a_transition_accepts_its_sources_but_never_a_target_by_its_category(name, to, expected):
    assert shown(accepts(STATUS, getattr(Life, name), to=to)) == expected


def test_a_condition_that_looks_at_no_column_counts():
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        TABLE.create(connection)
        connection.execute(TABLE.insert(), {"status": Statuses.NEW})
        assert [
            len(connection.execute(sa.select(TABLE).where(accepts(STATUS, each))).all()) for each in (Life.always, Life.never)
        ] == [1, 0]
    engine.dispose()


def test_a_target_that_is_not_the_transitions_own_is_refused():
    with pytest.raises(InvalidTarget):
        accepts(STATUS, Life.queue, to="202_RUNNING")


def test_a_column_that_when_misspells_is_named():
    class Typo(Lifecycle, family=Statuses, initial=Statuses.NEW):
        go = transition(Statuses.NEW, to=Statuses.QUEUED, when=lambda row: row.attemps < 3)

    with pytest.raises(AttributeError, match="attemps"):
        accepts(STATUS, Typo.go)


def test_columns_of_any_name_can_be_asked_for():
    table = sa.Table(
        "odd", sa.MetaData(), *(sa.Column(each, CodeType(Statuses), primary_key=each == "keys") for each in ("keys", "values"))
    )

    class Odd(Lifecycle, family=Statuses, initial=Statuses.NEW):
        go = transition(Statuses.NEW, to=Statuses.QUEUED, when=lambda row: row.keys == "200_ENABLED")

    assert shown(accepts(table.c["values"], Odd.go)) == "odd.values IN ('100_NEW') AND odd.keys = '200_ENABLED'"
    assert Odd.go.when(SimpleNamespace(keys="200_ENABLED"))
