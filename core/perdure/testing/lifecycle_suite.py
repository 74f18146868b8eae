"""What a lifecycle is to do, as a suite for pytest: made from the lifecycle itself, a test for each of its moves.

```python
from perdure.testing.lifecycle_suite import LifecycleSuite

class TestOrders(LifecycleSuite):
    lifecycle = OrderLifecycle
    diagram = "docs/order.mmd"
    conditions = {"retry": ({"attempts": 2}, {"attempts": 3})}
```

It moves rows of a table of its own in a SQLite file. Given more of the application, it proves more: `column` is the table's own,
the fixture `engine` its database, and `move` how its code makes a move.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
import sqlalchemy as sa

from perdure.codes.graph import graph
from perdure.columns import accepts, apply, move
from perdure.columns.place import Place
from perdure.errors import TransitionConflict, TransitionNotAllowed
from perdure.testing.apps import Asked
from perdure.testing.diagram import command, drift
from perdure.testing.lifecycle_cases import CASES, Case, called, unreached
from perdure.testing.lifecycle_checks import check, checked_lifecycle
from perdure.testing.lifecycle_rows import Rows, file_engine, own_column
from perdure.testing.race import winners

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from perdure.codes.code import StatusCode
    from perdure.codes.lifecycle import Lifecycle
    from perdure.columns.place import StatusColumn

NOTHING = pytest.param(None, id="nothing", marks=pytest.mark.skip(reason="the lifecycle has no such move"))
"""Stands for tests of which there are none; pytest may be told to fail where it finds an empty set."""

MERGED: pytest.StashKey[type[Lifecycle]] = pytest.StashKey()


class LifecycleSuite:
    """What a lifecycle must do; subclass it, and say which lifecycle.

    Where the mark `perdure` or the project names plugins, it is the lifecycle with what they add to it.

    Attributes:
        lifecycle: The lifecycle, or an extension of one.
        diagram: Where its Mermaid diagram lies, from pytest's root folder on: a file, or a page in Markdown that has it.
        conditions: For each transition with `when=`, by name, values of a row that it says yes to, and of one that it says no to.
        column: The column, or mapped attribute, that holds the status; else the suite makes a table.
        values: What else a new row is given, in a table of the application's own. A function is called with the row's number,
            for a column that takes no value twice.
        refusals: What `move` raises where a row may not move so.
        racers: How many threads race for a row.
        rounds: How often they do, for each move.
    """

    lifecycle: ClassVar[type[Lifecycle]]
    diagram: ClassVar[str | Path | None] = None
    conditions: ClassVar[Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]]] = {}
    column: ClassVar[StatusColumn | None] = None
    values: ClassVar[Mapping[str, Any]] = {}
    refusals: ClassVar[tuple[type[Exception], ...]] = (TransitionNotAllowed,)
    racers: ClassVar[int] = 4
    rounds: ClassVar[int] = 3

    # ----------------------------------------------------------------------- what a subclass may replace

    @pytest.fixture
    def engine(self, tmp_path: Path) -> Iterator[sa.Engine]:
        """Where the rows are: an Engine that gives each thread a connection of its own."""
        engine = file_engine(tmp_path / "lifecycle.db")
        if (column := type(self).column) is not None:
            Place.of(column).table.metadata.create_all(engine)
        yield engine
        engine.dispose()

    def insert(self, connection: sa.Connection, column: StatusColumn, values: dict[str, Any]) -> sa.ColumnElement[bool]:
        """Insert a row, and return the condition that finds it.

        Args:
            connection: Where, in a transaction that commits afterwards.
            column: The column that holds the status.
            values: By the names of columns: its status, what a condition looks at, and `values`.
        """
        place = Place.of(column)
        key = connection.execute(sa.insert(place.table).values(values)).inserted_primary_key
        return sa.and_(*(of_key == value for of_key, value in zip(place.keys, key or (), strict=True)))

    def move(self, connection: sa.Connection, column: StatusColumn, where: sa.ColumnElement[bool], case: Case) -> object:
        """Make a move as the code under test does, or raise one of the `refusals`.

        Args:
            connection: Where, in a transaction that commits afterwards.
            column: The column that holds the status.
            where: Which row.
            case: The move: its `source`, `target` and `transition`, which is None where nothing allows it.
        """
        if case.transition is None:
            return move(connection, case.lifecycle, column, where, to=case.target)
        return apply(connection, case.transition, column, where, to=case.target)

    # ----------------------------------------------------------------------- the tests

    def test_every_code_can_be_kept(self, rows: Rows, reached: StatusCode) -> None:
        """What a status can come to have is read as it was written, whatever else the table checks."""
        assert rows.status(rows.new(reached, self.values)) == reached

    def test_a_new_row_begins_where_it_may(self, rows: Rows, merged: type[Lifecycle]) -> None:
        """What the column gives a row that is told no status is an initial code."""
        column = rows.place.column
        if column.default is None and column.server_default is None:
            pytest.skip("the column has no default")
        given, initial = rows.status(rows.new(None, self.values)), graph(merged).initial
        assert given in initial, f"the column gives a new row {given}, and the lifecycle begins at {', '.join(initial)}"

    def test_an_allowed_move_is_made(self, rows: Rows, allowed: Case) -> None:
        """It leads where the lifecycle says."""
        where, other = (rows.new(allowed.source, self.values_for(allowed)) for _ in range(2))
        self.moved(rows, where, allowed)
        assert rows.status(where) == allowed.target
        assert rows.status(other) == allowed.source, f"{allowed} was to move one row, and has moved another, too"

    def test_any_other_move_is_refused(self, rows: Rows, refused: Case) -> None:
        """It raises, and leaves the status as it was."""
        self.check_refused(rows, rows.new(refused.source, self.values), refused)

    def test_a_code_that_it_never_has_is_refused(self, rows: Rows, merged: type[Lifecycle], reached: StatusCode) -> None:
        """Other codes of the family are no way out either."""
        if not (others := unreached(merged)):
            pytest.skip("the lifecycle has every code of its family")
        where = rows.new(reached, self.values)
        for code in others:
            self.check_refused(rows, where, Case(merged, reached, code))

    def test_a_condition_stops_a_move(self, rows: Rows, conditional: Case) -> None:
        """Where `when=` says no, the move is refused as any other."""
        self.check_refused(rows, rows.new(conditional.source, self.values_for(conditional, holds=False)), conditional)

    def test_a_condition_is_the_same_in_a_query(self, rows: Rows, conditional: Case) -> None:
        """Of a row in Python and of the table in SQL, `when=` says what `conditions` has it say."""
        transition = conditional.transition
        assert transition is not None
        assert transition.when is not None
        for holds in (True, False):
            where = rows.new(conditional.source, self.values_for(conditional, holds=holds))
            said = bool(transition.when(rows.row(where))), rows.is_found(where, accepts(rows.column, transition))
            assert said == (holds, holds), f"of a row and in a query, when= of {transition.name} says {said}, expected {holds}"

    def test_a_race_has_one_winner(self, rows: Rows, contested: Case) -> None:
        """Of several transactions that make one move of one row at once, one succeeds and the others are refused."""
        for _ in range(self.rounds):
            where = rows.new(contested.source, self.values_for(contested))
            won = self.race(rows, where, contested)
            assert won == 1, f"{won} of {self.racers} transactions that raced have moved one row {contested}"
            assert rows.status(where) == contested.target

    def test_the_diagram_is_that_of_the_lifecycle(self, request: pytest.FixtureRequest, merged: type[Lifecycle]) -> None:
        """What is drawn for people is what the code does."""
        if self.diagram is None:
            pytest.skip("no diagram is named")
        if problem := drift(request.config.rootpath / self.diagram, graph(merged)):
            writes = command(self.lifecycle, merged=bool(Asked.of(request.node).plugins))
            into = "" if str(self.diagram).endswith(".md") else f" > {self.diagram}"
            pytest.fail(f"{problem}\n\nWrite it anew: {writes}{into}", pytrace=False)

    # ----------------------------------------------------------------------- how

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make a test for each move."""
        for argument, cases in CASES.items():
            if argument in metafunc.fixturenames:
                metafunc.parametrize(argument, cases(merged_lifecycle(metafunc.definition)) or [NOTHING], ids=called)

    @pytest.fixture
    def merged(self, request: pytest.FixtureRequest) -> type[Lifecycle]:
        """The lifecycle, with what the plugins that are named add to it."""
        return merged_lifecycle(request.node)

    @pytest.fixture
    def rows(self, engine: sa.Engine, merged: type[Lifecycle]) -> Iterator[Rows]:
        """The rows that moves are tried on."""
        with self.status_column(engine, merged) as column:
            rows = Rows(engine, column, self.insert)
            yield rows
            rows.remove()

    @contextmanager
    def status_column(self, engine: sa.Engine, lifecycle: type[Lifecycle]) -> Iterator[StatusColumn]:
        """Yield the column that holds the status: of the application's table, or of one that is there for the test only."""
        column = type(self).column  # of the class: a mapped attribute, asked for of an instance, looks for a value
        if column is not None:
            yield column
            return
        rows = [self.values, *(row for pair in self.conditions.values() for row in pair)]
        with own_column(engine, graph(lifecycle), rows) as own:
            yield own

    def values_for(self, case: Case, *, holds: bool = True) -> dict[str, Any]:
        """Return what else a row is given, so that the condition of a move says yes, or no."""
        transition = case.transition
        if transition is None or transition.when is None:
            return dict(self.values)
        if transition.name not in self.conditions:
            example = f'conditions = {{"{transition.name}": ({{"attempts": 0}}, {{"attempts": 3}})}}'
            pytest.fail(
                f"{transition!r} depends on the row. Give {type(self).__name__} the values of a row that it says yes to, "
                f"and of one that it says no to, such as {example}.",
                pytrace=False,
            )
        yes, no = self.conditions[transition.name]
        return {**self.values, **(yes if holds else no)}

    def moved(self, rows: Rows, where: sa.ColumnElement[bool], case: Case) -> None:
        """Make a move in a transaction of its own."""
        with rows.engine.begin() as connection:
            self.move(connection, rows.column, where, case)

    def race(self, rows: Rows, where: sa.ColumnElement[bool], case: Case) -> int:
        """Have several threads make a move at once, and return how many succeeded."""
        lost = (*self.refusals, TransitionConflict)
        return winners(rows.engine, self.racers, lambda connection: self.move(connection, rows.column, where, case), lost)

    def check_refused(self, rows: Rows, where: sa.ColumnElement[bool], case: Case) -> None:
        """Insist that a move is refused, and leaves the row alone: also where who called it goes on and commits."""
        with rows.engine.begin() as connection:
            try:
                self.move(connection, rows.column, where, case)
            except self.refusals:
                pass
            else:
                pytest.fail(f"{case} was not refused")
        assert rows.status(where) == case.source, f"{case} was refused, and the status is another one now"


def merged_lifecycle(node: pytest.Item | pytest.Collector) -> type[Lifecycle]:
    """Return the lifecycle of a suite with what the plugins that are named for it add: the same one for all of its tests."""
    suite = node.getparent(pytest.Class)
    assert suite is not None
    found = suite.stash.get(MERGED, None)
    if found is None:
        written, asked = checked_lifecycle(suite.obj), Asked.of(suite)
        found = asked.registry().lifecycles[written] if asked.plugins else written
        check(suite.obj, found)
        suite.stash[MERGED] = found
    return found
