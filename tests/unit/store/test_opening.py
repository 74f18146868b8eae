import sys

import pytest
from sqlalchemy import create_engine, make_url

from perdure.errors import DriverMissing, InvalidArgument, InvalidStoreUrl
from perdure.store.opening import open_store, parsed


@pytest.mark.parametrize(
    ("given", "read_as"),
    [
        ("sqlite:///app.db", "sqlite+pysqlite"),
        ("sqlite+pysqlite://", "sqlite+pysqlite"),
        ("postgresql://u@h/d", "postgresql+psycopg"),
        ("postgresql+psycopg://u@h/d", "postgresql+psycopg"),
        ("postgres://u@h/d", "postgresql+psycopg"),
        ("mysql://u@h/d", "mysql+pymysql"),
        ("mariadb://u@h/d", "mariadb+pymysql"),
        ("mysql+pymysql://u@h/d", "mysql+pymysql"),
    ],
)
def test_the_driver_is_ours_where_the_url_names_none(given, read_as):
    assert parsed(given).drivername == read_as
    assert parsed(make_url(given)).drivername == read_as


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("no url at all", "not of the form database://"),
        ("postgresql://u:a@secret@h/d", "more than one @. In a user or password, write @ as %40"),
        ("mariadb://u:a@b/secret@h/d", "more than one @"),
        ("oracle://u:a@secret@h/d", "more than one @"),
        ("mariadb://u:a@b:secret/@h/d", "host or port is none. In a user or password, write @ as %40"),
        ("oracle://u:secret@h/d", "status is not kept in 'oracle'"),
        ("postgresql+asyncpg://u:secret@h/d", "the driver 'asyncpg' is not psycopg; leave it out"),
        ("mysql+mysqldb://u:secret@h/d", "the driver 'mysqldb' is not pymysql"),
        ("sqlite+aiosqlite://", "the driver 'aiosqlite' is not pysqlite"),
    ],
)
def test_what_cannot_be_opened_says_why(given, problem):
    with pytest.raises(InvalidStoreUrl, match=problem) as raised:
        open_store(given)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(("url", "module", "extra"), [("postgresql", "psycopg", "postgresql"), ("mariadb", "pymysql", "mariadb")])
def test_a_missing_driver_says_how_to_install_it(monkeypatch, url, module, extra):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, f"perdure.store.servers.{url}", raising=False)
    with pytest.raises(DriverMissing, match=rf"pip install 'perdure\[{extra}\]'") as raised:
        open_store(f"{url}://u:secret@h/d")
    assert "secret" not in str(raised.value)


def test_only_what_is_needed_is_imported(run, path):
    script = """
from perdure.store.opening import open_store as opened
opened("sqlite:///" + sys.argv[1]).close()
say([name for name in ("psycopg", "pymysql", "perdure.store.servers.store") if name in sys.modules])
"""
    assert run(script, path) == ["[]"]


def test_an_engine_of_an_unknown_database_is_refused():
    class Engine:
        class dialect:  # noqa: N801 - the attribute of an engine
            name = "oracle"

        url = make_url("oracle://h/d")

    with pytest.raises(InvalidArgument, match="SQLite, PostgreSQL or MariaDB"):
        open_store(Engine())


def test_an_asynchronous_engine_is_refused_with_a_hint():
    class AsyncEngine:
        sync_engine = create_engine("sqlite://")

    with pytest.raises(InvalidArgument, match="a synchronous Engine beside it"):
        open_store(AsyncEngine())


def test_an_engine_of_sqlite_is_taken(path):
    engine = create_engine(f"sqlite:///{path}")
    store = open_store(engine)
    assert store.engine is engine
    store.close()
    engine.dispose()
