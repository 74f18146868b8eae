"""The suite for lifecycles on a server: a table of its own, and one of an application's."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from order_desk import OrderLifecycle
from order_desk.orders import metadata, orders
from perdure.testing.lifecycle_suite import LifecycleSuite

CONDITIONS = {"retry": ({"attempts": 2}, {"attempts": 3})}


class OnServers(LifecycleSuite):
    lifecycle = OrderLifecycle
    conditions = CONDITIONS


class TestOnPostgreSQL(OnServers):
    @pytest.fixture
    def engine(self, postgresql_url):
        engine = sa.create_engine(postgresql_url)
        yield engine
        engine.dispose()


class TestOnMariaDB(OnServers):
    @pytest.fixture
    def engine(self, mariadb_url):
        engine = sa.create_engine(mariadb_url)
        yield engine
        engine.dispose()


class TestOwnTableOnPostgreSQL(OnServers):
    column = orders.c.status
    values = {"item": "a lamp"}  # noqa: RUF012 - as an application's tests would have it

    @pytest.fixture
    def engine(self, postgresql_url):
        engine = sa.create_engine(postgresql_url)
        metadata.create_all(engine)
        yield engine
        with engine.connect() as connection:
            assert connection.scalar(sa.select(sa.func.count()).select_from(orders)) == 0
        metadata.drop_all(engine)
        engine.dispose()
