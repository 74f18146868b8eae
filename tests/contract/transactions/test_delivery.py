"""What is told, and when: after the COMMIT, once, and never without it."""

from __future__ import annotations

import gc
import logging

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from perdure.store.callers.delivery import WAITING
from perdure.store.rows import Note, Row, Written

ONE = [("count", "1")]


def test_a_write_is_told_once_after_the_commit_and_not_before(house):
    with house.engine.connect() as connection:
        house.within(connection).set("count", 1)
        assert house.told == []
        connection.commit()
        connection.execute(text("SELECT 1"))
        assert house.told == ONE
        connection.rollback()
        house.within(connection).set("count", 2)
        connection.commit()
    assert house.told == [*ONE, ("count", "2")]


def test_closing_without_a_commit_tells_nothing(house):
    with house.engine.connect() as connection:
        house.within(connection).set("count", 1)
    with house.engine.connect() as connection:
        assert WAITING not in connection.info
        connection.commit()
    assert house.told == []


def test_a_connection_that_was_forgotten_is_told_of_by_the_garbage_collector(open_house):
    house = open_house(pool_size=1, max_overflow=0)
    connection = house.engine.connect()
    house.within(connection).set("count", 1)
    connection.commit()
    del connection
    gc.collect()
    assert house.told == ONE


def test_it_is_told_where_connections_are_not_kept(open_house):
    house = open_house(poolclass=NullPool)
    with house.engine.begin() as connection:
        house.within(connection).set("count", 1)
    assert house.told == ONE


def test_several_apps_are_told_of_their_own(house, open_house):
    other = open_house(house.url)
    with house.engine.begin() as connection:
        house.within(connection).set("count", 1)
        other.within(connection).set("other", 2)
    assert house.told == ONE
    assert other.told == [("other", "2")]


def test_a_derived_engine_tells_once(house):
    with house.engine.begin() as connection:
        house.within(connection).set("count", 1)
    derived = house.engine.execution_options(logging_token="derived")
    with derived.begin() as connection:
        house.within(connection).set("count", 2)
    assert house.told == [*ONE, ("count", "2")]


def test_savepoints_within_savepoints(house):
    house.begin_immediately()
    with house.engine.begin() as connection:
        status = house.within(connection)
        before = connection.begin_nested()
        status.set("count", 1)
        with connection.begin_nested():
            status.set("other", 2)
            inner = connection.begin_nested()
            status.set("label", "x")
            inner.rollback()
        status.set("label", "y")
        before.commit()
        lost = connection.begin_nested()
        status.set("label", "z")
        with connection.begin_nested():
            status.set("label", "zz")
        lost.rollback()
    assert house.told == [("count", "1"), ("other", "2"), ("label", '"y"')]
    assert house.committed.label == "y"


def test_a_savepoint_from_before_the_first_write_takes_back_all(house):
    house.begin_immediately()
    with house.engine.begin() as connection:
        savepoint = connection.begin_nested()
        house.within(connection).set("count", 1)
        savepoint.rollback()
    assert house.told == []
    assert house.committed.count == 0


def test_an_error_that_the_caller_survives_loses_no_word(house):
    house.begin_immediately()
    with house.engine.begin() as connection:
        house.within(connection).set("count", 1)
        with pytest.raises(IntegrityError), connection.begin_nested():
            connection.exec_driver_sql("INSERT INTO orders VALUES (1, 'twice')")
    assert house.told == ONE
    assert house.committed.count == 1


def test_a_commit_that_the_database_answers_with_a_rollback_tells_nothing(house):
    """PostgreSQL does so, without an error, where a statement had failed before."""
    with house.engine.connect() as connection:
        house.within(connection).set("count", 1)
        with pytest.raises(IntegrityError):
            connection.exec_driver_sql("INSERT INTO orders VALUES (1, 'twice')")
        connection.commit()
    committed = house.committed.count
    assert committed == (0 if house.kind == "postgresql" else 1)
    assert house.told == ONE * committed


def failing_commit(house, connection):
    """Let the COMMIT of this transaction fail."""
    if house.kind == "postgresql":
        connection.exec_driver_sql("ALTER TABLE orders ADD CONSTRAINT once UNIQUE (note) DEFERRABLE INITIALLY DEFERRED")
        connection.commit()
        connection.exec_driver_sql("INSERT INTO orders VALUES (7, 'a')")
    elif house.kind == "sqlite":
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        connection.exec_driver_sql("CREATE TABLE lines (of INTEGER REFERENCES orders DEFERRABLE INITIALLY DEFERRED)")
        connection.commit()
        connection.exec_driver_sql("INSERT INTO lines VALUES (99)")
    else:
        pytest.skip("MariaDB has no deferred constraints")


def test_a_commit_that_fails_tells_nothing(house):
    with house.engine.connect() as connection:
        failing_commit(house, connection)
        house.within(connection).set("count", 1)
        with pytest.raises(IntegrityError):
            connection.commit()
        connection.rollback()
        assert house.told == []
        house.within(connection).set("other", 2)
        if house.kind == "sqlite":
            # SQLite keeps a transaction that it could not commit, and SQLAlchemy's rollback did not reach it.
            connection.exec_driver_sql("DELETE FROM lines")
        connection.commit()
    assert house.told == ([*ONE, ("other", "2")] if house.kind == "sqlite" else [("other", "2")])
    assert (house.committed.count, house.committed.other) == (1 if house.kind == "sqlite" else 0, 2)


def test_a_commit_that_fails_before_the_connection_is_closed_tells_nothing(house):
    with house.engine.connect() as connection:
        failing_commit(house, connection)
        house.within(connection).set("count", 1)
        with pytest.raises(IntegrityError):
            connection.commit()
    assert house.told == []
    assert house.committed.count == 0


def test_a_session_whose_commit_fails_tells_nothing(house):
    with house.engine.connect() as connection:
        failing_commit(house, connection)
        connection.rollback()
    with Session(house.engine) as session:
        house.within(session).set("count", 1)
        if house.kind == "sqlite":
            session.execute(text("PRAGMA foreign_keys"))
        session.execute(text("INSERT INTO lines VALUES (99)" if house.kind == "sqlite" else "INSERT INTO orders VALUES (7, 'a')"))
        with pytest.raises(IntegrityError):
            session.commit()
    assert house.told == []


def test_a_listener_that_prevents_the_commit_tells_nothing(house):
    """The host's own; it may come after ours, and no event tells of it."""
    house.begin_immediately()
    with house.engine.begin() as connection:
        house.within(connection).set("other", 1)
    house.told.clear()

    @event.listens_for(house.engine, "commit")
    def refuse(connection):
        if connection.get_execution_options().get("refuse"):
            raise PermissionError

    connection = house.engine.connect().execution_options(refuse=True)
    house.within(connection).set("count", 1)
    with pytest.raises(PermissionError):
        connection.commit()
    connection.close()
    assert house.told == []
    assert house.committed.count == 0


def test_a_lost_connection_tells_nothing_and_leaves_nothing(open_house):
    house = open_house(pool_size=1, max_overflow=0)
    with house.engine.connect() as connection:
        house.within(connection).set("count", 1)
        connection.invalidate()
        connection.rollback()
        assert WAITING not in connection.info
        house.within(connection).set("other", 2)
        connection.commit()
    assert house.told == [("other", "2")]


def test_what_was_committed_before_the_connection_was_lost_is_told(house):
    with house.engine.connect() as connection:
        house.within(connection).set("count", 1)
        connection.commit()
        connection.invalidate()
    assert house.told == ONE


def test_a_server_that_ends_the_connection_tells_nothing(house):
    if house.kind == "sqlite":
        pytest.skip("there is no server")
    with house.engine.connect() as connection:
        house.within(connection).set("count", 1)
        kill(house, connection)
        with pytest.raises(DBAPIError):
            connection.commit()
    assert house.told == []
    assert house.committed.count == 0


def kill(house, connection):
    with house.outside.connect() as other:
        if house.kind == "postgresql":
            pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            other.exec_driver_sql("SELECT pg_terminate_backend(%s)", (pid,))
        else:
            other.exec_driver_sql(f"KILL {connection.exec_driver_sql('SELECT CONNECTION_ID()').scalar()}")


def test_a_transaction_that_the_server_rolled_back_by_itself_tells_nothing(house):
    """MariaDB does so at a deadlock, and begins another one with the next statement."""
    if house.kind not in ("mysql", "mariadb"):
        pytest.skip("only MariaDB goes on as if nothing had been")
    with house.engine.connect() as connection, house.outside.connect() as other:
        connection.exec_driver_sql("SET SESSION innodb_snapshot_isolation = ON")
        connection.commit()
        connection.exec_driver_sql("SELECT * FROM orders").all()
        other.exec_driver_sql("UPDATE orders SET note = 'c' WHERE id = 1")
        other.commit()
        house.within(connection).set("count", 1)
        with pytest.raises(DBAPIError, match="1020"):
            connection.exec_driver_sql("UPDATE orders SET note = 'd' WHERE id = 1")
        house.within(connection).set("other", 2)
        connection.commit()
    assert (house.committed.count, house.committed.other) == (0, 2)
    assert house.told == [("other", "2")]


def test_two_phases(house):
    if house.kind == "sqlite":
        pytest.skip("SQLite has one phase")
    if house.kind == "postgresql":
        with house.outside.connect() as connection:
            if connection.exec_driver_sql("SHOW max_prepared_transactions").scalar() == "0":
                pytest.skip("max_prepared_transactions is 0")
    with house.engine.connect() as connection:
        undone = connection.begin_twophase()
        house.within(connection).set("label", "x")
        undone.prepare()
        undone.rollback()
        done = connection.begin_twophase()
        house.within(connection).set("count", 1)
        done.prepare()
        assert house.told == []
        done.commit()
    assert house.told == ONE
    assert house.committed.count == 1


def test_a_subscriber_that_fails_is_logged_and_keeps_nobody_else_from_hearing(house, caplog):
    house.delivery.subscribe(lambda written: 1 // 0)
    house.delivery.subscribe(lambda written: house.told.append(written.note.operation))
    with caplog.at_level(logging.ERROR), house.engine.begin() as connection:
        house.within(connection).set("count", 1)
    assert house.told == [*ONE, "set"]
    assert "count" in caplog.text


def test_our_own_commits_are_told_at_once_by_the_same_means(house):
    row = Row("", "counter", "count", "1", "json", 1, 1, 0, 0, None)
    house.delivery.tell([Written(row, Note("set"))])
    assert house.told == ONE


def test_control_telling_at_the_commit_event_tells_of_what_never_was(house):
    """The obvious way, which must fail: the event comes before COMMIT."""
    told = []
    with house.engine.connect() as connection:
        failing_commit(house, connection)
        event.listen(connection, "commit", lambda _: told.append("count"))
        house.within(connection).set("count", 1)
        with pytest.raises(IntegrityError):
            connection.commit()
    assert told == ["count"]
    assert house.committed.count == 0


class Recorder:
    """An observer, and what it was told."""

    def __init__(self):
        self.told = []
        self.commits = []

    def noted(self, written):
        self.told.append([(each.key.name, each.row.text) for each in written])

    def committing(self, commit, written):
        assert not commit.succeeded
        self.commits.append((commit, len(written)))


def test_an_observer_is_told_of_a_commit_and_the_driver_knows_when_it_is_through(house):
    recorder = Recorder()
    end = house.delivery.observe(recorder)
    with house.engine.connect() as connection:
        house.within(connection).set("count", 1)
        assert recorder.commits == []
        connection.commit()
        [(commit, writes)] = recorder.commits
        assert (commit.succeeded, writes, recorder.told) == (True, 1, [])
    assert recorder.told == [ONE]
    end()
    end()
    with house.engine.begin() as connection:
        house.within(connection).set("count", 2)
    assert recorder.told == [ONE]


def test_a_commit_that_failed_or_was_prevented_has_not_succeeded(house):
    recorder = Recorder()
    house.delivery.observe(recorder)

    def prevent(_connection):
        raise LookupError

    with house.engine.connect() as connection:
        house.within(connection).set("count", 1)
        event.listen(house.engine, "commit", prevent)
        with pytest.raises(LookupError):
            connection.commit()
        event.remove(house.engine, "commit", prevent)
        [(commit, _)] = recorder.commits
        assert not commit.succeeded
        connection.rollback()
        assert not commit.succeeded
    assert recorder.told == []


def test_an_observer_that_fails_stops_no_commit_and_hides_no_write(house, caplog):
    class Failing:
        def noted(self, written):
            raise LookupError(len(written))

        def committing(self, commit, written):
            self.noted(written)

    house.delivery.observe(Failing())
    with caplog.at_level(logging.ERROR, "perdure.store"), house.engine.begin() as connection:
        house.within(connection).set("count", 1)
    assert house.told == ONE
    assert [each.getMessage().partition(" at ")[0] for each in caplog.records] == ["an observer failed"] * 2
    assert all(each.exc_info[0] is LookupError for each in caplog.records)
