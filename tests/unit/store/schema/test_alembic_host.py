import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.plugins import Plugin, _all_plugins
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, inspect, make_url
from tests.services.databases import MariaDBServer, PostgreSQLServer

from perdure.errors import SchemaMismatch
from perdure.store import tables
from perdure.store.opening import open_store
from perdure.store.schema import alembic_host, versions
from perdure.store.schema.upgrade import upgrade

NAME = "alembic.autogenerate.perdure_tables"

ENV = """
from alembic import context
from sqlalchemy import create_engine
from host_metadata import metadata
engine = create_engine(context.config.get_main_option("url").replace("%%", "%"))
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, **context.config.attributes.get("options", {}))
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
"""

REVISION = """
from alembic import op
import sqlalchemy as sa
from perdure.store.schema.upgrade import upgrade as perdure_upgrade
revision, down_revision = "a1", None
def upgrade():
    op.create_table("orders", sa.Column("id", sa.Integer, primary_key=True))
    perdure_upgrade(op.get_bind())
    op.create_table("invoices", sa.Column("id", sa.Integer, primary_key=True))
"""

TEMPLATE = """
revision, down_revision = ${repr(up_revision)}, ${repr(down_revision)}
def upgrade():
    ${upgrades if upgrades else "pass"}
"""


@pytest.fixture(scope="module")
def server_of():
    running = {}

    def server_of(kind):
        if kind not in running:
            running[kind] = {"postgresql": PostgreSQLServer, "mariadb": MariaDBServer}[kind]()
        return running[kind]

    yield server_of
    for server in running.values():
        server.close()


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def url(request, tmp_path, server_of):
    return make_url(f"sqlite:///{tmp_path / 'host.db'}") if request.param == "sqlite" else server_of(request.param).new_database()


@pytest.fixture
def plugin():
    """As Alembic loads it by its entry point; an installation from before the entry point was there does not have it."""
    known = NAME in _all_plugins
    if not known:
        Plugin.setup_plugin_from_module(alembic_host, NAME)
    yield
    if not known:
        _all_plugins[NAME].remove()


@pytest.fixture
def host(tmp_path, url, monkeypatch):
    """A host's Alembic environment, with tables `orders` and `invoices` of its own."""
    scripts = tmp_path / "host"
    (scripts / "versions").mkdir(parents=True)
    (scripts / "env.py").write_text(ENV, "utf-8")
    (scripts / "script.py.mako").write_text(TEMPLATE, "utf-8")
    (scripts / "versions" / "a1.py").write_text(REVISION, "utf-8")
    module = type(tables)("host_metadata")
    module.metadata = MetaData()
    for name in ("orders", "invoices"):
        Table(name, module.metadata, Column("id", Integer, primary_key=True))
    monkeypatch.setitem(__import__("sys").modules, "host_metadata", module)
    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.set_main_option("path_separator", "os")
    config.set_main_option("url", url.render_as_string(hide_password=False).replace("%", "%%"))
    return config


def proposed(config):
    script = command.revision(config, "next", autogenerate=True)
    return Path(script.path).read_text("utf-8")


def test_the_entry_point_names_this_module():
    project = tomllib.loads((Path(alembic_host.__file__).parents[3] / "pyproject.toml").read_text("utf-8"))
    assert import_module(project["project"]["entry-points"]["alembic.plugins"][NAME]) is alembic_host


def test_a_host_runs_our_migrations_in_its_own_chain(host, url):
    command.upgrade(host, "head")
    engine = create_engine(url)
    assert {"orders", "invoices", "alembic_version", "perdure_status", "perdure_change"} <= set(inspect(engine).get_table_names())
    engine.dispose()
    store = open_store(url, migrate=False)
    assert store.tenants() == []
    store.close()


def test_a_host_on_tables_that_are_there_already_does_nothing_about_them(host, url):
    open_store(url).close()
    command.upgrade(host, "head")
    store = open_store(url, migrate=False)
    assert store.upgraded == ()
    store.close()


def test_a_hosts_autogenerate_proposes_nothing_about_our_tables(host, url, plugin):
    command.upgrade(host, "head")
    assert "perdure" not in proposed(host)


def test_control_without_the_plugin_it_proposes_to_drop_them(host, url):
    host.attributes["options"] = {"autogenerate_plugins": ["alembic.autogenerate.*", f"~{NAME}"]}
    command.upgrade(host, "head")
    assert "op.drop_table('perdure_status')" in proposed(host)


@pytest.mark.parametrize("filters", ["include_name", "include_object"])
def test_the_filters_do_the_same_by_hand(host, url, filters):
    host.attributes["options"] = {
        "autogenerate_plugins": ["alembic.autogenerate.*", f"~{NAME}"],
        filters: getattr(alembic_host, filters),
    }
    command.upgrade(host, "head")
    assert "perdure" not in proposed(host)


def test_the_hosts_own_changes_are_still_proposed(host, url, plugin):
    command.upgrade(host, "head")
    Table("refunds", __import__("host_metadata").metadata, Column("id", Integer, primary_key=True))
    text = proposed(host)
    assert "op.create_table('refunds'" in text
    assert "perdure" not in text


def test_our_own_migrations_are_still_compared(plugin):
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": versions.VERSION_TABLE})
        assert len(compare_metadata(context, tables.metadata)) == 2
    engine.dispose()


def test_newer_tables_stop_the_hosts_chain(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'x.db'}")
    with engine.begin() as connection:
        upgrade(connection)
        connection.exec_driver_sql("UPDATE perdure_schema SET version_num = '9999'")
    with pytest.raises(SchemaMismatch, match="9999"), engine.begin() as connection:
        upgrade(connection)
    engine.dispose()


def test_the_module_imports_no_alembic(run):
    assert run("import perdure.store.schema.alembic_host; say('alembic' in sys.modules)") == ["False"]
