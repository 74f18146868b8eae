import sqlite3

import pytest

from perdure.store.sqlite.checkpoints import COMMITS, GROWN, LOOK_EVERY, Checkpoints, has_wal_reset_fault
from perdure.store.sqlite.faults import BUSY_TIMEOUT

LIMIT = 256 * 1024


@pytest.mark.parametrize(
    ("version", "faulty"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 44, 99), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 0), True),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 52, 0), False),
        ((4, 0, 0), False),
    ],
)
def test_which_versions_have_the_fault(version, faulty):
    assert has_wal_reset_fault(version) is faulty


@pytest.fixture
def checkpoints(store, path):
    store.checkpoints = Checkpoints(path, busy_timeout=BUSY_TIMEOUT, grown=LIMIT)
    store.connections.lend(store.connections.mine()).execute("PRAGMA wal_autocheckpoint = 0")
    return store.checkpoints


def test_the_log_stays_bounded(store, put, checkpoints):
    largest = 0
    for _ in range(600):
        put(store, "1" * 4000)
        largest = max(largest, checkpoints.size())
    assert LIMIT / 2 < largest < LIMIT + LOOK_EVERY * 30_000


def test_what_many_commits_have_written_is_written_over(store, put, checkpoints):
    checkpoints.grown = GROWN
    for _ in range(COMMITS + LOOK_EVERY):
        put(store)
    size = checkpoints.size()
    for _ in range(2 * COMMITS):
        put(store)
    assert 0 < checkpoints.size() < 1.2 * size


def test_broken_control_without_checkpoints_the_log_grows(store, put, checkpoints):
    store.checkpoints = None
    for _ in range(600):
        put(store, "1" * 4000)
    assert checkpoints.size() > 4 * LIMIT


def test_a_reader_in_the_way_is_left_alone_for_a_while(store, put, checkpoints, path):
    put(store)
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM perdure_status").fetchall()
    asked = []
    connection = store.connections.mine().connection
    connection.set_trace_callback(lambda text: asked.append(text) if "wal_checkpoint" in text else None)
    for _ in range(300):
        put(store, "1" * 4000)
    assert 1 <= len(asked) <= 10
    reader.close()
    checkpoints.not_before = 0
    sizes = set()
    for _ in range(LOOK_EVERY):
        put(store)
        sizes.add(checkpoints.size())
    assert 0 in sizes
    assert connection.execute("PRAGMA busy_timeout").fetchone() == (5000,)


def test_a_checkpoint_that_fails_does_not_fail_the_write(checkpoints, caplog):
    closed = sqlite3.connect(":memory:")
    checkpoints.grown = 0

    class Failing:
        def execute(self, text):
            if "wal_checkpoint" in text:
                raise sqlite3.OperationalError("disk I/O error")
            return closed.execute(text)

    checkpoints.after_commit(Failing())
    closed.close()
    assert "could not copy back the log" in caplog.text
    assert checkpoints.rest > 0
