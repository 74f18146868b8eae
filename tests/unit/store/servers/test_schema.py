import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from perdure.errors import SchemaMismatch
from perdure.store import tables
from perdure.store.schema import versions


@pytest.fixture
def set_revision(database):
    def set_revision(revision):
        database.ask(f"UPDATE perdure_schema SET version_num = '{revision}'")

    return set_revision


def test_the_migrated_tables_are_those_of_tables_py(store):
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": versions.VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_keys_are_compared_by_code_point(store, database):
    if database.kind == "postgresql":
        collations = "SELECT DISTINCT collation_name FROM information_schema.columns WHERE table_name LIKE 'perdure_%%' "
        assert database.ask(collations + "AND column_name IN ('tenant', 'module', 'name')") == [("C",)]
    else:
        collations = "SELECT DISTINCT collation_name, engine FROM information_schema.columns JOIN information_schema.tables "
        collations += "USING (table_schema, table_name) WHERE table_schema = DATABASE() AND column_name IN ('module', 'value')"
        assert database.ask(collations + " AND table_name LIKE 'perdure_%%'") == [("utf8mb4_nopad_bin", "InnoDB")]


def test_processes_that_open_a_new_database_at_once_all_succeed(run_all, server):
    for _ in range(2):
        url = server.new_database()
        script = "store = open_store(); put(store, '1'); say(len(store.upgraded)); store.close()"
        said = run_all(8, script, url.render_as_string(hide_password=False))
        assert sorted(line for lines in said for line in lines) == ["0"] * 7 + ["1"]
        server.drop(url)


def test_alembic_is_imported_only_to_migrate(run, database):
    script = "store = open_store(); put(store, '1'); store.close(); say('alembic' in sys.modules)"
    assert run(script, database.address) == ["True"]
    assert run(script, database.address) == ["False"]


def test_migrate_false_without_tables_says_how_to_create_them(open_store):
    with pytest.raises(SchemaMismatch, match=r"no tables of perdure.*migrate=True"):
        open_store(migrate=False)


def test_migrate_false_is_fine_where_nothing_is_to_be_done(store, open_store, key):
    assert store.upgraded == ("0001",)
    again = open_store(migrate=False)
    assert again.read(key) is None
    assert again.upgraded == ()


@pytest.mark.parametrize("migrate", [True, False])
def test_newer_tables_say_to_upgrade_perdure(store, open_store, set_revision, migrate):
    set_revision("9999")
    with pytest.raises(SchemaMismatch, match=r"'9999'.*pip install --upgrade perdure"):
        open_store(migrate=migrate)


def test_older_tables_are_not_touched_without_leave(store, open_store, set_revision, monkeypatch):
    monkeypatch.setattr(versions, "REVISIONS", ("0000", "0001"))
    set_revision("0000")
    with pytest.raises(SchemaMismatch, match="of version 0000, and this perdure needs 0001"):
        open_store(migrate=False)


def test_a_migration_that_was_killed_halfway_goes_on_where_it_stopped(open_store, database, put):
    open_store().close()
    database.ask("DELETE FROM perdure_schema")
    database.ask("DROP TABLE perdure_change")
    assert put(open_store()).version == 1


def test_tables_are_made_in_a_database_of_another_character_set(mariadb, database_of, open_store, put, key):
    database = database_of("mariadb")
    database.ask(f"ALTER DATABASE {database.url.database} CHARACTER SET latin1")
    store = open_store(database.url)
    assert put(store, '"😀"').text == '"😀"'
