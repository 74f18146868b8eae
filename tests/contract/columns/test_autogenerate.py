"""What Alembic writes for a table with a `CodeType`, in a real environment on each database."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.plugins import Plugin
from tests.contract.columns.desk import fill, metadata, status_of

from perdure.codes.statuses import Statuses
from perdure.columns import autogenerate, render_item

ENV = """
from alembic import context
given = context.config.attributes
context.configure(connection=given["connection"], target_metadata=given["metadata"], **given["options"])
with context.begin_transaction():
    context.run_migrations()
"""
TEMPLATE = """
import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision, down_revision = ${repr(up_revision)}, ${repr(down_revision)}
def upgrade():
    ${upgrades if upgrades else "pass"}
def downgrade():
    ${downgrades if downgrades else "pass"}
"""


@pytest.fixture
def environment(engine, tmp_path):
    """Alembic's own environment on an empty database, as a function of the options of `context.configure`."""
    metadata.drop_all(engine)
    scripts = tmp_path / "scripts"
    (scripts / "versions").mkdir(parents=True)
    (scripts / "env.py").write_text(ENV, "utf-8")
    (scripts / "script.py.mako").write_text(TEMPLATE, "utf-8")

    def alembic(connection, **options):
        config = Config()
        config.set_main_option("script_location", str(scripts))
        config.set_main_option("path_separator", "os")
        config.attributes.update(connection=connection, metadata=metadata, options={"include_name": ours, **options})
        return config

    yield alembic
    metadata.drop_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")


def ours(name, kind, _parents):
    return kind != "table" or name in metadata.tables


@pytest.fixture
def plugin():
    """The plugin, registered as the distribution's entry point does it."""
    Plugin.setup_plugin_from_module(autogenerate, "alembic.autogenerate.perdure_under_test")
    yield
    from alembic.runtime import plugins  # noqa: PLC0415 - its table has no public way out but this object

    plugins._all_plugins["alembic.autogenerate.perdure_under_test"].remove()


def written(config) -> str:
    return Path(command.revision(config, autogenerate=True).path).read_text("utf-8")


def check(engine, environment, **options):
    with engine.connect() as connection:
        text = written(environment(connection, **options))
        assert "perdure" not in text
        assert "sa.Column('status', sa.String(length=64), nullable=False)" in text
        assert text.count("status_code'") == 2  # once for each table
        assert "name=op.f('ck_jobs_status_code')" in text
        connection.rollback()
        command.upgrade(environment(connection, **options), "head")
        connection.commit()
        command.check(environment(connection, **options))  # nothing is left to do
        connection.rollback()
    fill(engine, Statuses.NEW)
    assert status_of(engine) == Statuses.NEW
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError):
        connection.exec_driver_sql("INSERT INTO jobs (id, status) VALUES (2, 'nonsense')")


def test_one_line_in_env_makes_it_plain_text(engine, environment):
    check(engine, environment, render_item=render_item)


def test_the_plugin_makes_it_plain_text_without_a_line(engine, environment, plugin):
    check(engine, environment)


def test_the_plugin_leaves_what_the_host_renders_itself(engine, environment, plugin):
    def own(kind, item, _context):
        return "sa.Unicode(9)" if kind == "type" and isinstance(item, sa.Integer) else False

    with engine.connect() as connection:
        text = written(environment(connection, render_item=own))
    assert "sa.Unicode(9)" in text
    assert "sa.String(length=64)" in text


def test_without_either_the_migration_would_need_perdure(engine, environment):
    with engine.connect() as connection:
        text = written(environment(connection, autogenerate_plugins=["alembic.autogenerate.*", "~alembic.autogenerate.perdure"]))
    assert "perdure.columns" in text
