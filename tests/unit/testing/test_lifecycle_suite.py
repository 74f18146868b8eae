from __future__ import annotations

import shlex
import subprocess
import sys

import pytest

DOORS = """
import pytest
import sqlalchemy as sa
from perdure import Category, CodeType, Lifecycle, Statuses, TransitionNotAllowed, graph, transition
from perdure.testing.lifecycle_suite import LifecycleSuite


class DoorLifecycle(Lifecycle, family=Statuses, initial=Statuses.NEW):
    start = transition(Statuses.NEW, to=Statuses.RUNNING)
    again = transition(Statuses.RUNNING, to=Statuses.RUNNING)
    finish = transition(Statuses.RUNNING, to=[Statuses.COMPLETED, Statuses.FAIL])
    retry = transition(
        Statuses.FAIL, to=Statuses.NEW, allow_terminal=True, when=lambda row: (row.attempts < 3) & (row.who != "nobody")
    )


RETRY = {"retry": ({"attempts": 2, "who": "ada"}, {"attempts": 3, "who": "ada"})}

metadata = sa.MetaData()
doors = sa.Table(
    "doors",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(20), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("who", sa.String(20), nullable=False, default="ada"),
    sa.Column("status", CodeType(DoorLifecycle), nullable=False, default=Statuses.NEW),
)
"""

EDGES = [
    "NEW -> RUNNING by start",
    "RUNNING -> RUNNING by again",
    "RUNNING -> COMPLETED by finish",
    "RUNNING -> FAIL by finish",
    "FAIL -> NEW by retry",
]


def ids(result, test, outcome="PASSED"):
    """The ids of a test that ended so."""
    marked = [line for line in result.outlines if f"::{test}[" in line and f" {outcome} " in line]
    return [line.partition("[")[2].partition("]")[0] for line in marked]


def test_there_is_a_test_for_every_edge_and_for_every_other(inner):
    result = inner.run(
        DOORS
        + """
class TestDoors(LifecycleSuite):
    lifecycle = DoorLifecycle
    conditions = RETRY
""",
        "-v",
    )
    result.assert_outcomes(passed=4 + 5 + 11 + 4 + 1 + 1 + 3, skipped=2)
    assert ids(result, "test_an_allowed_move_is_made") == EDGES
    refused = ids(result, "test_any_other_move_is_refused")
    assert len(refused) == 4 * 4 - 5
    assert {"COMPLETED -> NEW", "COMPLETED -> COMPLETED", "NEW -> FAIL"} <= set(refused)
    assert ids(result, "test_a_race_has_one_winner") == [
        "RUNNING -> COMPLETED by finish",  # but not NEW -> RUNNING: who comes second may stay there
        "RUNNING -> FAIL by finish",
        "FAIL -> NEW by retry",
    ]
    assert ids(result, "test_a_code_that_it_never_has_is_refused") == ["NEW", "RUNNING", "COMPLETED", "FAIL"]


def test_a_table_of_the_applications_own_is_tried_and_left_as_it_was(inner):
    inner.run(
        DOORS
        + """
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class Gate(Base):
    __tablename__ = "gates"
    id: Mapped[int] = mapped_column(primary_key=True)
    attempts: Mapped[int] = mapped_column(default=0)
    who: Mapped[str] = mapped_column(sa.String(20), default="ada")
    status: Mapped[str] = mapped_column(CodeType(DoorLifecycle), default=Statuses.NEW)

@pytest.fixture(scope="module")
def own(tmp_path_factory):
    engine = sa.create_engine(f"sqlite:///{tmp_path_factory.mktemp('own') / 'doors.db'}")
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(doors), {"name": "back"})
    yield engine
    with engine.connect() as connection:
        assert connection.scalars(sa.select(doors.c.name)).all() == ["back"]
    engine.dispose()

class TestTable(LifecycleSuite):
    lifecycle = DoorLifecycle
    conditions = {"retry": ({"attempts": 2}, {"attempts": 3})}
    column = doors.c.status
    values = {"name": "front"}

    @pytest.fixture
    def engine(self, own):
        return own

class TestMapped(LifecycleSuite):
    lifecycle = DoorLifecycle
    conditions = {"retry": ({"attempts": 2}, {"attempts": 3})}
    column = Gate.status
""",
    ).assert_outcomes(passed=2 * 30, skipped=2)


def test_what_is_wrong_with_a_table_is_found(inner):
    result = inner.run(
        DOORS
        + """
class TestTable(LifecycleSuite):
    lifecycle = DoorLifecycle
    column = sa.Table(
        "gates",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("attempts", sa.Integer),
        sa.Column("who", sa.String(20)),
        sa.Column("status", CodeType(Statuses), sa.CheckConstraint("status <> '500_FAIL'"), default=Statuses.QUEUED),
    ).c.status
    conditions = RETRY
""",
        "-v",
        "-k",
        "kept or begins",
    )
    assert ids(result, "test_every_code_can_be_kept", "FAILED") == ["FAIL"]
    result.assert_outcomes(passed=3, failed=2)


def test_moves_of_the_applications_own_are_held_to_the_lifecycle(inner):
    """Broken controls: code that looks first and writes then, and code that writes whatever it is told."""
    result = inner.run(
        DOORS
        + """
class TestLooking(LifecycleSuite):
    lifecycle = DoorLifecycle
    conditions = RETRY

    def move(self, connection, column, where, case):
        row = connection.execute(sa.select(column.table).where(where)).one()
        if not graph(DoorLifecycle).can(row.status, case.target, row=row):
            raise TransitionNotAllowed("DoorLifecycle", row.status, case.target, ())
        connection.execute(sa.update(column.table).where(where).values(status=case.target))

class TestHasty(LifecycleSuite):
    lifecycle = DoorLifecycle
    conditions = RETRY

    def move(self, connection, column, where, case):
        status = connection.execute(sa.select(column).where(where)).scalar_one()
        row = connection.execute(sa.select(column.table).where(where)).one()
        connection.execute(sa.update(column.table).where(where).values(status=case.target))
        if not graph(DoorLifecycle).can(status, case.target, row=row):
            raise TransitionNotAllowed("DoorLifecycle", status, case.target, ())

class TestRollingBack(TestHasty):
    def move(self, connection, column, where, case):
        try:
            super().move(connection, column, where, case)
        except TransitionNotAllowed:
            connection.rollback()
            raise

class NotToday(Exception):
    pass

class TestObeying(LifecycleSuite):
    lifecycle = DoorLifecycle
    conditions = RETRY
    refusals = (NotToday,)

    def move(self, connection, column, where, case):
        if case.target == "303_COMPLETED":
            raise NotToday
        connection.execute(sa.update(column.table).where(where).values(status=case.target))
""",
        "-v",
    )
    looking = [line for line in result.outlines if "::TestLooking::" in line and " FAILED " in line]
    assert len(looking) == 3
    assert all("::test_a_race_has_one_winner[" in line for line in looking)
    result.stdout.fnmatch_lines(["*transactions that raced have moved one row FAIL -> NEW by retry*"])
    hasty = [line for line in result.outlines if "::TestHasty::" in line and "_refused[" in line and "%]" in line]
    stayed = [line for line in hasty if " PASSED " in line]
    assert len(hasty) == 11 + 4
    assert [line.partition("[")[2].partition("]")[0] for line in stayed] == [
        "NEW -> NEW",
        "COMPLETED -> COMPLETED",
        "FAIL -> FAIL",
    ]
    result.stdout.fnmatch_lines(["*NEW -> FAIL was refused, and the status is another one now*"])
    assert not [line for line in result.outlines if "::TestRollingBack::" in line and "_refused[" in line and " FAILED " in line]
    obeying = [line for line in result.outlines if "::TestObeying::" in line]
    assert [line for line in obeying if "NEW -> FAIL" in line and " FAILED " in line]
    assert [line for line in obeying if "NEW -> COMPLETED" in line and " PASSED " in line]
    assert [line for line in obeying if "RUNNING -> COMPLETED by finish" in line and "allowed" in line and " FAILED " in line]
    result.stdout.fnmatch_lines(["*NEW -> FAIL was not refused*"])


def test_a_condition_needs_rows_and_says_the_same_in_python_and_in_sql(inner):
    result = inner.run(
        DOORS
        + """
class PlainLifecycle(Lifecycle, family=Statuses, initial=Statuses.NEW):
    start = transition(Statuses.NEW, to=Statuses.RUNNING, when=lambda row: row.attempts < 3 and row.size < 3)

class TestForgotten(LifecycleSuite):
    lifecycle = DoorLifecycle

class TestWrong(LifecycleSuite):
    lifecycle = DoorLifecycle
    conditions = {"retry": ({"attempts": 3, "who": "ada"}, {"attempts": 3, "who": "ada"})}

class TestPlain(LifecycleSuite):
    lifecycle = PlainLifecycle
    conditions = {"start": ({"attempts": 2, "size": 2}, {"attempts": 4, "size": 2})}
""",
        "-v",
        "-k",
        "condition or retry or start",
    )
    forgotten = [line for line in result.outlines if "::TestForgotten::" in line and "retry" in line]
    assert len([line for line in forgotten if " FAILED " in line]) == 4
    result.stdout.fnmatch_lines(["*Give TestForgotten the values of a row that it says yes to, and of one that it says no to*"])
    result.stdout.fnmatch_lines(["*when= of retry says (False, False), expected True*"])
    plain = [line for line in result.outlines if "::TestPlain::" in line]
    assert [line for line in plain if "in_a_query" in line and " FAILED " in line]


def test_what_plugins_add_is_tried_where_they_are_named(inner):
    result = inner.run(
        """
import pytest
from perdure.testing.lifecycle_suite import LifecycleSuite
from perdure_user import UserLifecycle
from staff_leave import StaffLifecycle

class TestUsers(LifecycleSuite):
    lifecycle = UserLifecycle

@pytest.mark.perdure("staff-leave")
class TestUsersAtWork(LifecycleSuite):
    lifecycle = UserLifecycle

class TestStaff(LifecycleSuite):
    lifecycle = StaffLifecycle
""",
        "-v",
        "-k",
        "allowed",
    )
    made = ids(result, "test_an_allowed_move_is_made")
    assert made.count("UNKNOWN -> ACTIVATED by activate") == 3
    assert made.count("ON_LEAVE -> ACTIVATED by come_back") == 2


def test_an_extension_that_no_named_plugin_hands_in_is_an_error(inner):
    result = inner.run("""
        import pytest
        from perdure.testing.lifecycle_suite import LifecycleSuite
        from staff_leave import StaffLifecycle

        @pytest.mark.perdure("perdure-user")
        class TestStaff(LifecycleSuite):
            lifecycle = StaffLifecycle
    """)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*UnknownLifecycle: StaffLifecycle adds nothing to UserLifecycle here*"])


@pytest.mark.parametrize("page", ["door.mmd", "doors.md"])
def test_a_diagram_that_has_drifted_fails_with_the_command_that_writes_it(inner, page):
    source = (
        DOORS
        + f"""
class TestDoors(LifecycleSuite):
    lifecycle = DoorLifecycle
    diagram = "docs/{page}"
"""
    )
    result = inner.run(source, "-k", "diagram")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"There is no file *{page}."])
    line = next(line for line in result.outlines if line.startswith("Write it anew: python -c "))
    command = shlex.split(line.removeprefix("Write it anew: ").partition(" > ")[0])
    drawn = subprocess.run([sys.executable, *command[1:]], capture_output=True, text=True, check=True, cwd=inner.path).stdout
    assert drawn.startswith("stateDiagram-v2")
    folder = inner.path / "docs"
    folder.mkdir()
    whole = drawn if page.endswith(".mmd") else f"# Doors\n\n```mermaid\n{drawn}```\n\n```mermaid\npie\n```\n"
    (folder / page).write_text(whole)
    inner.run(source, "-k", "diagram").assert_outcomes(passed=1)
    (folder / page).write_text(whole.replace("NEW --> 202_RUNNING: start", "NEW --> 202_RUNNING: begin"))
    drifted = inner.run(source, "-k", "diagram")
    drifted.assert_outcomes(failed=1)
    drifted.stdout.fnmatch_lines([f"*{page} is not the diagram of DoorLifecycle.", "-*: begin", "+*: start"])


def test_the_diagram_of_a_merged_lifecycle_is_written_by_the_command_line(inner):
    result = inner.run(
        """
import pytest
from perdure.testing.lifecycle_suite import LifecycleSuite
from staff_leave import StaffLifecycle

@pytest.mark.perdure("staff-leave")
class TestStaff(LifecycleSuite):
    lifecycle = StaffLifecycle
    diagram = "staff.mmd"
""",
        "-k",
        "diagram",
    )
    result.stdout.fnmatch_lines(["Write it anew: perdure lifecycle StaffLifecycle --mermaid > staff.mmd"])
    (inner.path / "staff.mmd").write_text(
        subprocess.run(
            [sys.executable, "-m", "perdure", "lifecycle", "StaffLifecycle", "--mermaid"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )
    inner.run((inner.path / "test_inner.py").read_text(), "-k", "diagram").assert_outcomes(passed=1)


def test_a_suite_that_names_no_lifecycle_says_so(inner):
    result = inner.run("""
        from perdure.testing.lifecycle_suite import LifecycleSuite

        class TestNothing(LifecycleSuite):
            pass
    """)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["TestNothing does not say which lifecycle it is about: lifecycle = *"])
