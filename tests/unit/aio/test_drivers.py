"""What asynchronous drivers tell of a transaction; the rest is in tests/contract/aio/test_within.py."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite

from perdure.store.callers.conflicts import can_commit, is_open
from perdure.store.callers.joined import with_places


class Refused(Exception):
    def __init__(self, sqlstate):
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


class Asked:
    """A cursor that answers, or is refused."""

    def __init__(self, refusal=None):
        self.refusal = refusal
        self.closed = False

    def execute(self, _text):
        if self.refusal is not None:
            raise self.refusal

    def close(self):
        self.closed = True


def connection_by(driver, cursor, dialect="postgresql"):
    proxy = SimpleNamespace(driver_connection=driver, cursor=lambda: cursor)
    return SimpleNamespace(connection=proxy, dialect=SimpleNamespace(name=dialect))


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [(None, True), (Refused("25P02"), False), (Refused("57P01"), True), (OSError("gone"), True)],
)
def test_a_driver_that_does_not_know_whether_a_transaction_has_failed_is_asked_to_find_out(refusal, expected):
    cursor = Asked(refusal)
    assert can_commit(connection_by(SimpleNamespace(is_in_transaction=lambda: True), cursor)) is expected
    assert cursor.closed


@pytest.mark.parametrize("within", [True, False])
def test_a_driver_that_knows_whether_there_is_a_transaction_is_believed(within):
    assert is_open(SimpleNamespace(is_in_transaction=lambda: within)) is within


def test_a_connection_within_a_connection_is_looked_at():
    inner = SimpleNamespace(autocommit=False)
    assert not is_open(SimpleNamespace(in_transaction=True, _conn=inner))
    assert is_open(SimpleNamespace(in_transaction=True, _conn=SimpleNamespace(autocommit=-1)))
    assert not is_open(SimpleNamespace(in_transaction=False, _conn=SimpleNamespace()))


@pytest.mark.parametrize(("dialect", "places"), [(PGDialect_asyncpg(), "numeric_dollar"), (SQLiteDialect_aiosqlite(), "qmark")])
def test_statements_have_the_places_of_the_driver(dialect, places):
    placed = with_places(dialect)
    assert (placed.paramstyle, placed.positional) == (places, True)
