import logging
import re
import sqlite3
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.schema import CreateTable

from perdure.errors import SchemaMismatch, TablesMissing
from perdure.store import tables
from perdure.store.schema import versions
from perdure.store.schema.upgrade import config_for


@pytest.fixture
def set_revision(path):
    def set_revision(revision):
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE perdure_schema SET version_num = ?", (revision,))
        connection.close()

    return set_revision


def test_the_migrated_tables_are_those_of_tables_py(store):
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": versions.VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
        for table in tables.metadata.sorted_tables:
            migrated = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (table.name,)).scalar()
            declared = str(CreateTable(table).compile(connection))
            assert re.sub(r"\s+", " ", migrated).strip() == re.sub(r"\s+", " ", declared).strip()


def test_the_revisions_are_those_of_the_script_directory():
    scripts = ScriptDirectory.from_config(config_for())
    assert scripts.get_heads() == [versions.HEAD]
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == versions.REVISIONS


def test_alembic_is_imported_only_to_migrate(run, path):
    script = "store = open_store(); put(store, '1'); store.close(); say('alembic' in sys.modules)"
    assert run(script, path) == ["True"]
    assert run(script, path) == ["False"]


def test_processes_that_open_a_new_file_at_once_all_succeed(run_all, tmp_path):
    script = """
for number in range(5):
    sys.argv[1] = os.path.join(os.path.dirname(sys.argv[1]), f"{number}.db")
    store = open_store()
    put(store, "1")
    store.close()
"""
    run_all(8, script, tmp_path / "x.db")
    for number in range(5):
        connection = sqlite3.connect(tmp_path / f"{number}.db")
        assert connection.execute("SELECT version FROM perdure_status").fetchall() == [(8,)]
        connection.close()


def test_tables_that_are_made_are_told_of_once(open_store, path, caplog):
    caplog.set_level(logging.INFO, "perdure.store")
    open_store(path)
    assert f"sqlite:///{path}: the tables are of version 0001 now, and were of none." in caplog.text
    caplog.clear()
    open_store(path)
    assert caplog.text == ""


def test_migrate_false_makes_no_file(open_store, path):
    with pytest.raises(TablesMissing, match=r"no such file.*migrate=True"):
        open_store(path, migrate=False)
    assert not path.exists()


def test_migrate_false_on_a_file_without_tables_says_how_to_create_them(open_store, path):
    path.touch()
    with pytest.raises(TablesMissing, match=r"no tables of perdure.*migrate=True"):
        open_store(path, migrate=False)


def test_migrate_false_is_fine_where_nothing_is_to_be_done(store, open_store, path, key):
    assert open_store(path, migrate=False).read(key) is None


@pytest.mark.parametrize("migrate", [True, False])
def test_newer_tables_say_to_upgrade_perdure(store, open_store, path, set_revision, migrate):
    set_revision("9999")
    with pytest.raises(SchemaMismatch, match=r"'9999'.*pip install --upgrade perdure"):
        open_store(path, migrate=migrate)


def test_older_tables_are_not_touched_without_leave(store, open_store, path, set_revision, monkeypatch):
    monkeypatch.setattr(versions, "REVISIONS", ("0000", "0001"))
    set_revision("0000")
    with pytest.raises(SchemaMismatch, match="of version 0000, and this perdure needs 0001"):
        open_store(path, migrate=False)


def test_tables_of_others_in_the_same_file_are_left_alone(open_store, path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE orders (id INTEGER)")
    connection.close()
    store = open_store(path)
    assert store.fetch("SELECT count(*) FROM orders", ()) == [(0,)]
