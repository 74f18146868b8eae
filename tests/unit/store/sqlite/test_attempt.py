import sqlite3

import pytest

from perdure.errors import OutcomeUnknown, StoreFull, StoreUnavailable
from perdure.store.rows import Content, Note


def refusal(name):
    error = sqlite3.OperationalError(f"refused: {name}")
    error.sqlite_errorcode, error.sqlite_errorname = getattr(sqlite3, name), name
    return error


class FailingAtCommit:
    """Hands everything on to a connection, but has its COMMITs fail."""

    def __init__(self, connection, *failures):
        self.connection = connection
        self.failures = list(failures)
        self.commits = 0

    def __getattr__(self, name):
        return getattr(self.connection, name)

    def execute(self, text, parameters=()):
        if text == "COMMIT":
            self.commits += 1
            if self.failures:
                name, ends_it = self.failures.pop(0)
                if ends_it:
                    self.connection.execute(ends_it)
                raise refusal(name)
        return self.connection.execute(text, parameters)


@pytest.fixture
def failing(store):
    def failing(*failures):
        held = store.connections.mine()
        held.connection = FailingAtCommit(store.connections.lend(held), *failures)
        return held.connection

    return failing


@pytest.mark.parametrize("ends_it", ["COMMIT", "ROLLBACK"])
def test_a_commit_that_ends_the_transaction_and_fails_is_an_unknown_outcome_and_not_retried(store, put, failing, key, ends_it):
    connection = failing(("SQLITE_IOERR", ends_it))
    with pytest.raises(OutcomeUnknown, match=r"demo\.visits: .*app\.db.*Read 'visits'"):
        put(store)
    assert connection.commits == 1
    assert (store.read(key) is not None) == (ends_it == "COMMIT")


@pytest.mark.parametrize("ends_it", [None, "ROLLBACK"])
def test_a_commit_without_room_is_undone_and_known(store, put, failing, key, ends_it):
    failing(("SQLITE_FULL", ends_it))
    with pytest.raises(StoreFull):
        put(store)
    assert store.read(key) is None
    assert put(store).version == 1


def test_a_commit_that_fails_and_leaves_the_transaction_open_is_undone_and_known(store, put, failing, key):
    failing(("SQLITE_IOERR", None))
    with pytest.raises(StoreUnavailable):
        put(store)
    assert store.read(key) is None


def test_a_busy_commit_is_tried_again(store, put, failing):
    connection = failing(("SQLITE_BUSY", None), ("SQLITE_BUSY", None))
    assert put(store).version == 1
    assert connection.commits == 3


def test_work_that_swallows_a_refusal_which_ended_the_transaction_commits_nothing(store, key, failing):
    connection = failing()

    def work(transaction):
        transaction.put(key, Content("1"), Note("set"))
        try:
            connection.connection.execute("ROLLBACK")
            transaction.execute("SELECT * FROM nowhere")
        except sqlite3.Error:
            pass

    with pytest.raises(Exception, match="no such table"):
        store.transact(key, work)
    assert store.read(key) is None


def test_a_rollback_that_fails_costs_the_connection_and_nothing_else(store, put, failing, key):
    connection = failing(("SQLITE_FULL", None))

    def refuse():
        raise refusal("SQLITE_IOERR")

    connection.rollback = refuse
    with pytest.raises(StoreFull):
        put(store)
    assert store.connections.mine().connection is None
    assert store.read(key) is None
    assert put(store).version == 1
