"""A host's own engine, and an App's store on the same database."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import attrs
from sqlalchemy import create_engine, event, make_url

from perdure import StatusSpec
from perdure.errors import Conflict, StoreError
from perdure.scope.declared import DeclaredModule
from perdure.scope.policy import Policy
from perdure.scope.status import ModuleStatus
from perdure.store.callers.admission import identity_of
from perdure.store.callers.joined import Home
from perdure.store.servers import mariadb, postgresql
from perdure.store.sqlite import store as sqlite
from perdure.store.tables import metadata

__all__ = ["Conflict", "Counter", "House", "StoreError", "create_engine", "home_of", "sys", "tables_in"]


@attrs.frozen
class Counter:
    count: int = 0
    other: int = 0
    label: str = "none"


DECLARED = DeclaredModule(StatusSpec("counter", Counter), Policy({}, {}, 65536, None, datetime.now(UTC)), None)


def tables_in(url):
    """Make perdure's tables and one of the host's, in place of any that a test has left."""
    engine = create_engine(url)
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("DROP SCHEMA IF EXISTS elsewhere")
        for table in ("perdure_status", "perdure_change", "orders"):
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}")
    metadata.create_all(engine, checkfirst=False)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE orders (id INTEGER PRIMARY KEY, note VARCHAR(50))")
        connection.exec_driver_sql("INSERT INTO orders VALUES (1, 'a'), (2, 'b')")
    engine.dispose()


def compiled(dialect):
    """As the stores compile them."""
    if dialect.name == "sqlite":
        return sqlite.compiled(dialect)
    driver = postgresql.PostgreSQL("on") if dialect.name == "postgresql" else mariadb.MariaDB()
    return driver.compiled(dialect)


def home_of(engine):
    def identity():
        with engine.connect() as connection:
            return identity_of(connection)

    shown = engine.url.render_as_string()
    return Home(engine, shown, compiled, lambda error, key: StoreError(shown, str(error), key), identity)


class House:
    """The host's engine, and the App's: another engine on the same database."""

    def __init__(self, url, *, share=False, **options):
        self.url = make_url(url)
        self.engine = create_engine(url, **options)
        self.kind = self.engine.dialect.name
        self.own = self.engine if share else create_engine(url)
        self.home = home_of(self.own)
        self.delivery = self.home.delivery
        self.outside = create_engine(url)
        self.told = []
        self.delivery.subscribe(lambda written: self.told.append((written.key.name, written.row.text)))

    def within(self, transaction):
        return ModuleStatus(self.home.joined(transaction), "", DECLARED, None)  # nobody watches here

    @property
    def committed(self):
        """The counter's record, as anybody sees it."""
        with self.outside.connect() as connection:
            return self.within(connection).load()

    @property
    def history(self):
        with self.outside.connect() as connection:
            return connection.exec_driver_sql("SELECT name, version, value FROM perdure_change ORDER BY name, version").all()

    def begin_immediately(self):
        """Let SQLite begin each transaction as its writer, in the way that SQLAlchemy's documentation tells."""
        if self.kind == "sqlite":

            @event.listens_for(self.engine, "connect")
            def connect(connection, _record):
                connection.isolation_level = None

            @event.listens_for(self.engine, "begin")
            def begin(connection):
                connection.exec_driver_sql("BEGIN IMMEDIATE")

    def close(self):
        for engine in (self.engine, self.own, self.outside):
            engine.dispose()
