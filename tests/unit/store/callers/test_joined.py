"""What is cheaper to see without a server; the rest is in tests/contract/transactions."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import create_engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from perdure.errors import StoreError
from perdure.store.callers.admission import sqlite_identity
from perdure.store.callers.conflicts import conflict, is_open
from perdure.store.callers.joined import Home, with_places
from perdure.store.rows import Content, Note, Written
from perdure.store.statements import Statements, row_by_key, upsert_on_conflict
from perdure.store.tables import metadata
from perdure.store.writer import Writer


def compiled(dialect):
    compiled.times += 1
    return Statements(dialect, lock=row_by_key, put=lambda: upsert_on_conflict(insert))


@pytest.fixture
def engine(tmp_path):
    compiled.times = 0
    engine = create_engine(f"sqlite:///{tmp_path}/app.db")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def home(engine):
    return Home(engine, "shown", compiled, lambda error, key: StoreError("shown", str(error), key), lambda: ("never",))


def test_statements_are_compiled_once_per_dialect_and_not_before(home, engine):
    assert compiled.times == 0
    for _ in range(3):
        with engine.connect() as connection:
            home.joined(connection).read_tenant("")
    assert compiled.times == 1


@pytest.mark.parametrize(
    ("dialect", "places"), [(PGDialect_psycopg(), "format"), (SQLiteDialect_pysqlite(paramstyle="named"), "qmark")]
)
def test_a_dialect_gets_places_and_stays_as_it_was(dialect, places):
    before = dialect.paramstyle
    placed = with_places(dialect)
    assert (placed.paramstyle, placed.positional) == (places, True)
    assert dialect.paramstyle == before != places


def test_what_is_written_is_noted_in_order(engine, key):
    with engine.connect() as connection:
        writer = Writer(compiled(engine.dialect), connection.exec_driver_sql, str(engine.url))
        first = writer.put(key, Content("1"), Note("set"))
        second = writer.put(key, Content("2"), Note("update"))
    assert writer.written == [Written(first, Note("set")), Written(second, Note("update"))]
    assert writer.written[0].key == key


def test_the_home_is_asked_once_which_database_it_is(engine):
    asked = []
    home = Home(engine, "shown", compiled, lambda error, _: error, lambda: asked.append(1) or ("it",))
    assert home.identity() == home.identity() == ("it",)
    assert asked == [1]


def test_a_file_is_itself_under_every_name_and_a_database_in_memory_nobody_else(tmp_path):
    (tmp_path / "a").touch()
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    assert sqlite_identity(tmp_path / "a") == sqlite_identity(tmp_path / "b")
    assert sqlite_identity(None) != sqlite_identity(None)
    assert sqlite_identity(tmp_path / "none") != sqlite_identity(tmp_path / "none")


def test_a_driver_that_begins_again_at_once_is_not_held_to_be_open():
    class Eager:
        in_transaction, autocommit = True, False

    assert not is_open(Eager())
    open_one = sqlite3.connect(":memory:")
    assert not is_open(open_one)
    open_one.execute("BEGIN")
    assert is_open(open_one)
    open_one.close()


def test_an_error_of_another_kind_is_no_conflict(engine):
    with engine.connect() as connection:
        assert conflict(ValueError("x"), connection) is None
        assert conflict(None, connection) is None
