from __future__ import annotations

import threading
import time

import pytest
import sqlalchemy as sa

from perdure.testing.lifecycle_rows import file_engine
from perdure.testing.race import WRITES, winners

metadata = sa.MetaData()
doors = sa.Table("doors", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("open", sa.Boolean))


class AlreadyOpen(Exception):
    pass


@pytest.fixture
def engine(tmp_path):
    engine = file_engine(tmp_path / "doors.db")
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(doors), {"id": 1, "open": False})
    yield engine
    engine.dispose()


def look_and_then_open(connection):
    if connection.execute(sa.select(doors.c.open)).scalar_one():
        raise AlreadyOpen
    connection.execute(sa.update(doors).values(open=True))


def open_if_shut(connection):
    if not connection.execute(sa.update(doors).where(~doors.c.open).values(open=True)).rowcount:
        raise AlreadyOpen


def lock_and_then_open(connection):
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    look_and_then_open(connection)


def look_late_and_then_open(connection):
    """One looks when the others would have written already."""
    time.sleep(0.05 if threading.current_thread().name == "racer-0" else 0)
    look_and_then_open(connection)


@pytest.mark.parametrize("broken", [look_and_then_open, look_late_and_then_open])
def test_those_who_look_first_and_then_write_all_win(engine, broken):
    assert winners(engine, 4, broken, (AlreadyOpen,)) == 4


def test_those_who_lock_first_are_one_and_are_not_waited_for_to_the_end(engine):
    assert winners(engine, 4, lock_and_then_open, (AlreadyOpen,)) == 1


@pytest.mark.parametrize(
    ("statement", "writes"),
    [
        ("SELECT 1 FOR UPDATE", False),
        ("select last_update from doors", False),
        ("BEGIN IMMEDIATE", False),
        ("SAVEPOINT one", False),
        ("update doors set open = 1", True),
        ("\n  INSERT INTO doors VALUES (2)", True),
        ("WITH one AS (SELECT 1)\nDELETE FROM doors", True),
    ],
)
def test_what_is_known_for_a_write(statement, writes):
    assert bool(WRITES.match(statement)) is writes


def test_those_who_do_both_in_one_are_one(engine):
    assert winners(engine, 4, open_if_shut, (AlreadyOpen,)) == 1


def test_what_is_no_refusal_is_raised(engine):
    with pytest.raises(AlreadyOpen):
        winners(engine, 4, open_if_shut, (LookupError,))


def test_no_statement_waits_afterwards(engine):
    winners(engine, 2, open_if_shut, (AlreadyOpen,))
    assert not engine.dispatch.before_cursor_execute
