"""What an App counts, on every store."""

from __future__ import annotations

import gc
import logging
import sqlite3
from contextlib import closing, contextmanager

import attrs
import pytest
from sqlalchemy import create_engine, make_url

from perdure import App, VersionConflict
from perdure.metrics import Metrics

from .conftest import COURSE, TRAINING, plugin

MODULE = "training-student"


@pytest.fixture
def counted(app):
    """Returns what was counted since it was last asked."""
    last = [app.metrics()]

    def since():
        before, last[0] = last[0], app.metrics()
        names = [each.name for each in attrs.fields(Metrics)]
        differences = {name: getattr(last[0], name) - getattr(before, name) for name in names}
        return {name: count for name, count in differences.items() if count}

    return since


def test_every_read_is_counted(status, app, counted):
    for _ in range(3):
        status.get("visits")
    assert counted() == {"reads": 3}
    assert status.entries() == app.entries() == []
    assert "visits" not in status
    assert counted() == {"reads": 3}


def test_every_name_that_was_written_is_counted_once(status, app, counted):
    status.set("visits", 1)
    assert counted()["writes"] == 1
    status.set_many({"visits": 2, "enable": True})
    assert counted()["writes"] == 2
    status.unset("enable")
    assert counted()["writes"] == 1
    with pytest.raises(ZeroDivisionError):
        status.update("visits", lambda visits: visits / 0)
    assert "writes" not in counted()


def test_writes_of_callers_are_counted_once_they_are_committed(app, status, counted):
    with app.begin() as connection:
        status.within(connection).set("visits", 1)
        assert "writes" not in counted()
    assert counted()["writes"] == 1
    with pytest.raises(ZeroDivisionError), app.begin() as connection:
        status.within(connection).set("visits", 2)
        raise ZeroDivisionError
    assert "writes" not in counted()


def test_conflicts_are_counted(app, status, counted):
    version = status.set("visits", 1).version
    counted()
    with pytest.raises(VersionConflict):
        status.compare_and_set("visits", 2, version=version + 1)
    assert counted()["conflicts"] == 1
    with app.begin() as connection, pytest.raises(VersionConflict):
        status.within(connection).compare_and_set("visits", 2, version=version + 1)
    assert counted()["conflicts"] == 1
    status.compare_and_set("visits", 2, version=version)
    assert "conflicts" not in counted()


def test_reads_from_memory_are_told_apart(status, counted):
    status.set("visits", 1)
    counted()
    young = status.max_age(60)
    for _ in range(5):
        assert young.get("visits") == 1
    assert counted() == {"reads": 1, "cache_misses": 1, "cache_hits": 4}


def test_watches_that_are_open_are_counted(app, status):
    assert app.metrics().watchers == 0
    first, second = status.watch("visits"), app.watch()
    assert app.metrics().watchers == 2
    first.close()
    assert app.metrics().watchers == 1
    del second
    gc.collect()
    assert app.metrics().watchers == 0


def test_a_transaction_that_is_begun_anew_is_counted_and_logged(shared_url, caplog):
    caplog.set_level(logging.DEBUG, "perdure.store")
    with App.open(shared_url, plugins=[plugin(TRAINING, COURSE)]) as app:
        status = app.scope(MODULE).status
        status.set("visits", 1)
        assert app.metrics().retries == 0
        if shared_url.startswith("sqlite"):
            path = make_url(shared_url).database
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                app.resources.store.connections.mine().connection.execute("PRAGMA busy_timeout = 0")
                other.execute("BEGIN IMMEDIATE")
                with committed_at_a_retry(other):
                    status.set("visits", 2)
        else:
            end_sessions(shared_url)
            status.set("visits", 2)
        assert app.metrics().retries >= 1
        assert "once more, after OperationalError" in caplog.text or "once more, after AdminShutdown" in caplog.text
        assert status.get("visits") == 2


@contextmanager
def committed_at_a_retry(other):
    """Commit what another connection has begun, as soon as the log says that somebody tries again because of it."""
    handler = logging.Handler()
    handler.addFilter(lambda record: other.in_transaction and "once more" in record.getMessage())
    handler.emit = lambda _record: other.execute("COMMIT")
    logger = logging.getLogger("perdure.store")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def end_sessions(url):
    """Have a server end every other session of a database."""
    engine = create_engine(url)
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            connection.exec_driver_sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
        else:
            found = connection.exec_driver_sql(
                "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
            )
            for (each,) in found.fetchall():
                connection.exec_driver_sql(f"KILL {each}")
    engine.dispose()
