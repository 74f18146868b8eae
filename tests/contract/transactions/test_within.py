from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, String, event
from sqlalchemy.orm import DeclarativeBase, Session, scoped_session, sessionmaker

from perdure.errors import TransactionRefused, ValueRefused
from perdure.scope.status import ModuleStatus


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id = Column(Integer, primary_key=True)
    note = Column(String(50))


def test_everything_works_inside_and_is_seen_outside_after_the_commit(house):
    with house.engine.begin() as connection:
        status = house.within(connection)
        assert status.get("count") == 0
        assert "count" not in status
        assert status.set("count", 5).version == 1
        assert status.update("count", lambda n: n + 1).version == 2
        assert status.field(lambda r: r.count).get() == 6
        status.set("label", "x")
        assert status.unset("label")
        assert not status.unset("label")
        assert status.entry("count").value == status.current.count == status.load().count == 6
        assert [entry.name for entry in status.entries()] == ["count"]
        assert house.committed.count == 0
    assert house.committed.count == 6
    assert [(name, version) for name, version, _ in house.history] == [("count", 1), ("count", 2), ("label", 1), ("label", 2)]


def test_it_rolls_back_with_the_caller(house):
    with house.engine.connect() as connection:
        house.within(connection).set("count", 5)
        connection.exec_driver_sql("UPDATE orders SET note = 'c' WHERE id = 1")
        connection.rollback()
        assert house.within(connection).get("count") == 0
    assert house.committed.count == 0
    assert house.history == []
    assert house.told == []


def test_a_savepoint_takes_back_what_came_after_it(house):
    house.begin_immediately()
    with house.engine.begin() as connection:
        status = house.within(connection)
        status.set("count", 1)
        with connection.begin_nested() as kept:
            status.set("other", 1)
            kept.commit()
        with connection.begin_nested() as undone:
            status.set("count", 9)
            status.set("label", "y")
            undone.rollback()
        assert status.get("count") == 1
        assert status.set("count", 2).version == 2
    assert (house.committed.count, house.committed.other, house.committed.label) == (2, 1, "none")
    assert house.told == [("count", "1"), ("other", "1"), ("count", "2")]


def test_no_second_connection_is_taken(open_house):
    house = open_house(pool_size=1, max_overflow=0, pool_timeout=0.2, share=True)
    house.within(connection := house.engine.connect())
    status = house.within(connection)
    status.set("count", 1)
    status.update("count", lambda n: n + 1)
    connection.commit()
    connection.close()
    assert house.committed.count == 2


def test_within_inside_within_is_another_transaction_or_the_same(house):
    with house.engine.begin() as connection:
        status = house.within(connection)
        status.set("count", 3)
        again = status.within(connection)
        assert isinstance(again, ModuleStatus)
        assert again.get("count") == 3
        assert again.field(lambda r: r.count) is not status.field(lambda r: r.count)
    with house.outside.connect() as other:
        assert status.within(other).get("count") == 3


def test_a_session_is_followed_through_its_transactions_and_not_flushed(house):
    house.begin_immediately()
    with Session(house.engine) as session:
        status = house.within(session)
        status.set("count", 1)
        session.add(Order(id=10, note="new"))
        status.set("count", 2)
        assert session.new
        session.commit()
        assert house.committed.count == 2
        assert house.told == [("count", "1"), ("count", "2")]
        status.set("count", 3)
        session.rollback()
        status.set("count", 4)
        with session.begin_nested() as nested:
            status.set("count", 5)
            nested.rollback()
        session.commit()
    assert house.committed.count == 4
    assert house.told[2:] == [("count", "4")]


def test_a_session_of_several_engines_is_asked_for_its_tables_one(house):
    with Session(binds={Order: house.outside}) as session:
        session.bind = house.engine
        house.within(session).set("count", 1)
        session.commit()
    scoped = scoped_session(sessionmaker(house.engine))
    house.within(scoped).set("count", 2)
    scoped.commit()
    scoped.remove()
    assert house.committed.count == 2


def test_what_the_function_of_an_update_raises_goes_through_and_the_transaction_goes_on(house):
    with house.engine.begin() as connection:
        status = house.within(connection)
        status.set("count", 1)
        with pytest.raises(ZeroDivisionError):
            status.update("count", lambda n: n // 0)
        with pytest.raises(ValueRefused):
            status.update("count", lambda _: "x")
        status.set("other", 2)
    assert (house.committed.count, house.committed.other) == (1, 2)


def test_a_write_that_fails_half_way_leaves_nothing_of_itself(house):
    """The change is refused after the row was written; the caller goes on where the database lets it."""
    with house.outside.begin() as connection:
        connection.exec_driver_sql("DROP TABLE perdure_change")
    with house.engine.connect() as connection:
        connection.exec_driver_sql("UPDATE orders SET note = 'mine' WHERE id = 1")
        with pytest.raises(Exception, match="perdure_change"):
            house.within(connection).set("count", 1)
        if house.kind == "postgresql":
            with pytest.raises(TransactionRefused, match="Roll it back, and run it again"):
                house.within(connection).get("count")
        else:
            assert house.within(connection).get("count") == 0
            assert house.within(connection).entry("count") is None
        connection.commit()
    with house.outside.connect() as connection:
        notes = connection.exec_driver_sql("SELECT note FROM orders WHERE id = 1").scalar()
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM perdure_status").scalar() == 0
    assert notes == ("a" if house.kind == "postgresql" else "mine")
    assert house.told == []


def test_an_error_shows_no_value(house):
    """SQLAlchemy's own error shows the parameters."""
    with house.outside.begin() as connection:
        connection.exec_driver_sql("DROP TABLE perdure_change")
    with house.engine.connect() as connection:
        with pytest.raises(Exception, match="perdure_change") as raised:
            house.within(connection).set("label", "hunter2")
        assert "hunter2" not in str(raised.value)
        assert "hunter2" not in str(raised.value.__cause__)
        assert raised.value.__suppress_context__
        connection.rollback()


def test_no_lock_no_commit_and_no_repetition(house):
    """What is sent, statement by statement."""
    sent = []
    with house.engine.begin() as connection:
        status = house.within(connection)
        event.listen(connection, "before_cursor_execute", lambda *args: sent.append(args[2].split()[0]))
        status.set("count", 1)
    assert (
        sent
        == {
            "sqlite": ["UPDATE", "SAVEPOINT", "INSERT", "INSERT", "RELEASE"],
            "postgresql": ["INSERT", "INSERT"],
            "mysql": ["SAVEPOINT", "INSERT", "INSERT"],
            "mariadb": ["SAVEPOINT", "INSERT", "INSERT"],
        }[house.kind]
    )
