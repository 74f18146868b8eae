"""Every test here runs on every store."""

from __future__ import annotations

from types import ModuleType

import attrs
import pytest
from sqlalchemy import create_engine, delete, inspect, make_url
from tests.services.databases import MariaDBServer, PostgreSQLServer

from perdure import App, StatusSpec, field, hookimpl
from perdure.store.schema.versions import VERSION_TABLE
from perdure.store.tables import metadata


@attrs.frozen
class User:
    name: str
    age: int


@attrs.frozen
class Training:
    enable: bool
    user: User
    visits: int = 0
    tags: list[str] = attrs.field(factory=list)
    limits: dict[str, int] = attrs.field(default={"day": 3})
    password: str = field(secret=True, default="")
    renamed: int = field(stored_as="former", default=1)
    size: int = field(default=5, validator=attrs.validators.ge(1))

    @property
    def greeting(self) -> str:
        return f"Hello {self.user.name}"

    def older(self, years: int) -> int:
        return self.user.age + years


@attrs.frozen
class Course:
    enable: bool


TRAINING = StatusSpec("training-student", Training)
COURSE = StatusSpec("demo-course", Course)


def plugin(*specs: StatusSpec, name: str = "contract_plugin") -> ModuleType:
    """A plugin object that declares these specs."""
    made = ModuleType(name)

    @hookimpl
    def perdure_status_specs():
        return list(specs)

    made.perdure_status_specs = perdure_status_specs
    return made


@pytest.fixture(scope="session")
def postgresql_url():
    """A database of this run's own, on a PostgreSQL that is there or that the tests start."""
    server = PostgreSQLServer()
    yield server.new_database()
    server.close()


@pytest.fixture(scope="session")
def mariadb_url():
    """A database of this run's own, on a MariaDB that is there or that the tests start."""
    server = MariaDBServer()
    yield server.new_database()
    server.close()


def emptied(url):
    """Return a server's database without what the test before has left in it."""
    engine = create_engine(url)
    with engine.begin() as connection:
        present = inspect(connection).get_table_names()
        for table in metadata.sorted_tables:
            if table.name in present:
                connection.execute(delete(table))
    engine.dispose()
    return url.render_as_string(hide_password=False)


def without_tables(url):
    """Drop perdure's tables on a server."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for table in (*metadata.tables, VERSION_TABLE):
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}")
    engine.dispose()


LOOSE = {
    "sqlite": (),  # which keeps anything in any column
    "postgresql": ("ALTER TABLE perdure_status ALTER version DROP NOT NULL",),
    "mysql": ("ALTER TABLE perdure_status MODIFY version BIGINT NULL",),
}


def take_versions(url):
    """Leave every row without a version, as a restore without constraints may."""
    engine = create_engine(url)
    version = "'three'" if engine.dialect.name == "sqlite" else "NULL"
    with engine.begin() as connection:
        for statement in (*LOOSE[make_url(url).get_backend_name()], f"UPDATE perdure_status SET version = {version}"):
            connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture(params=["file", "memory", "postgresql", "mariadb"])
def url(request, tmp_path):
    """Where this test keeps its status."""
    return "sqlite://" if request.param == "memory" else place(request, tmp_path)


@pytest.fixture(params=["file", "postgresql", "mariadb"])
def shared_url(request, tmp_path):
    """Where this test keeps its status, and other processes and Apps find it."""
    return place(request, tmp_path)


def place(request, tmp_path):
    """Return the URL of an empty place of the kind that a fixture is asked for."""
    if request.param == "file":
        return f"sqlite:///{tmp_path / 'app.db'}"
    return emptied(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def open_app(url):
    """Opens Apps on this test's store with its two modules, and closes them."""
    opened = []

    def open_one(**options):
        app = App.open(url, plugins=[plugin(TRAINING, COURSE)], **options)
        opened.append(app)
        return app

    yield open_one
    for app in opened:
        app.close()


@pytest.fixture
def app(open_app):
    return open_app()


@pytest.fixture
def status(app):
    return app.scope("training-student").status
