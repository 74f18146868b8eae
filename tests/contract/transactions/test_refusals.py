"""Whose transaction is not joined."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, event

from perdure.errors import TransactionRefused


class AsyncSession:
    """As SQLAlchemy's, which needs greenlet to be made."""

    def run_sync(self, function):
        raise NotImplementedError


def test_a_connection_in_autocommit(house):
    with house.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        with pytest.raises(TransactionRefused, match="AUTOCOMMIT, so that nothing could be rolled back"):
            house.within(connection)
        with pytest.raises(TransactionRefused, match="AUTOCOMMIT"):
            house.within(connection)
    assert house.history == []


def test_a_connection_that_went_into_autocommit_since(house):
    with house.engine.connect() as connection:
        status = house.within(connection)
        connection.rollback()
        connection.execution_options(isolation_level="AUTOCOMMIT")
        with pytest.raises(TransactionRefused, match="counter.count: .*AUTOCOMMIT"):
            status.set("count", 1)
    assert house.history == []


def test_a_closed_connection(house):
    with house.engine.connect() as connection:
        status = house.within(connection)
    for use in (lambda: status.get("count"), lambda: status.set("count", 1), lambda: house.within(connection)):
        with pytest.raises(TransactionRefused, match="the connection is closed. Call within"):
            use()


def test_a_transaction_that_was_lost(house):
    with house.engine.connect() as connection:
        status = house.within(connection)
        connection.invalidate()
        for use in (lambda: status.get("count"), lambda: status.set("count", 1), lambda: house.within(connection)):
            with pytest.raises(TransactionRefused, match="Roll it back, and run it again"):
                use()
        connection.rollback()
        status.set("count", 1)


def test_another_database_of_the_same_kind(house, new_url, kind):
    engine = create_engine(new_url(kind))
    with engine.connect() as connection:
        for _ in range(2):
            with pytest.raises(TransactionRefused, match="where this App's tables are not"):
                house.within(connection)
    engine.dispose()


def test_a_database_of_another_kind(house, tmp_path):
    if house.kind == "sqlite":
        pytest.skip("it is the other kind")
    engine = create_engine(f"sqlite:///{tmp_path}/other.db")
    with engine.connect() as connection, pytest.raises(TransactionRefused, match="where this App's tables are not"):
        house.within(connection)
    engine.dispose()


def test_a_database_in_memory(house):
    if house.kind != "sqlite":
        pytest.skip("only SQLite has any")
    engine = create_engine("sqlite://")
    with engine.connect() as connection, pytest.raises(TransactionRefused, match="where this App's tables are not"):
        house.within(connection)
    engine.dispose()


def test_a_search_path_that_leads_to_no_table_or_another(house):
    if house.kind != "postgresql":
        pytest.skip("only PostgreSQL has one")
    with house.engine.connect() as connection:
        connection.exec_driver_sql("CREATE SCHEMA elsewhere")
        connection.exec_driver_sql("SET search_path TO elsewhere")
        with pytest.raises(TransactionRefused, match="where this App's tables are not"):
            house.within(connection)


def test_the_database_is_asked_once_per_connection_and_never_in_the_own_pool(open_house):
    house = open_house(pool_size=1, max_overflow=0)
    sent = []
    event.listen(house.engine, "before_cursor_execute", lambda *args: sent.append(args[2]))
    for _ in range(3):
        with house.engine.begin() as connection:
            house.within(connection).get("count")
            house.within(connection).get("count")
    asked = [each for each in sent if "perdure_status WHERE" not in each.replace("\n", " ") and "FROM perdure_status" not in each]
    assert len(asked) == (2 if house.kind in ("mysql", "mariadb") else 1)
    shared = open_house(house.url, share=True)
    del sent[:]
    event.listen(shared.engine, "before_cursor_execute", lambda *args: sent.append(args[2]))
    with shared.engine.begin() as connection:
        shared.within(connection).get("count")
    assert len(sent) == 1


def test_asynchronous_ones_are_told_of_run_sync(house):
    with pytest.raises(TransactionRefused, match=r"AsyncSession is asynchronous. Await it.run_sync\(lambda inner: status.within"):
        house.within(AsyncSession())


@pytest.mark.parametrize("given", [None, "postgresql://", object()])
def test_what_has_no_transaction(house, given):
    with pytest.raises(TransactionRefused, match="has no transaction. Give a Connection or a Session"):
        house.within(given)


def test_an_engine_has_none_either(house):
    with pytest.raises(TransactionRefused, match="Engine has no transaction"):
        house.within(house.engine)
