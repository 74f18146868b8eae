"""The whole house: App.open, app.begin() and within, on every database."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine
from tests.contract.transactions.house import Counter

from perdure import App, StatusSpec, hookimpl
from perdure.errors import TransactionRefused


class Plugin:
    @hookimpl
    def perdure_status_specs(self):
        return [StatusSpec("counter", Counter)]


@pytest.fixture(params=["sqlite", "memory", "postgresql", "mariadb"])
def url(request, tmp_path, free_databases):
    if request.param == "memory":
        yield "sqlite://"
    elif request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/app.db"
    else:
        take, free = free_databases
        taken = take(request.param)
        engine = create_engine(taken)
        with engine.begin() as connection:
            for table in ("perdure_status", "perdure_change", "perdure_schema"):
                connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}")
        yield taken
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE perdure_schema")
        engine.dispose()
        free[request.param].append(taken)


@pytest.fixture
def app(url):
    with App.open(url, plugins=[Plugin()]) as app:
        yield app


def test_a_transaction_of_the_app_commits_with_its_block_and_rolls_back_with_what_it_raises(app):
    status = app.scope("counter").status
    with app.begin() as connection:
        status.within(connection).set("count", 5)
        assert status.within(connection).update("count", lambda n: n + 1).version == 2
    with pytest.raises(ZeroDivisionError), app.begin() as connection:
        status.within(connection).set("count", 1 // 0 if status.within(connection).set("count", 9) else 0)
    assert status.get("count") == 6


def test_a_tenants_status_stays_its_own(app):
    with app.begin() as connection:
        app.tenant("a").scope("counter").status.within(connection).set("count", 1)
        assert app.scope("counter").status.within(connection).get("count") == 0
    assert app.tenant("a").scope("counter").status.get("count") == 1


def test_an_engine_of_the_host_on_the_same_database_will_do(app, url):
    engine = create_engine(url)
    status = app.scope("counter").status
    with engine.begin() as connection:
        if url == "sqlite://":
            with pytest.raises(TransactionRefused, match="where this App's tables are not"):
                status.within(connection)
        else:
            status.within(connection).set("count", 7)
    engine.dispose()
    assert status.get("count") == (0 if url == "sqlite://" else 7)
