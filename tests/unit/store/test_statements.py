from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import insert, psycopg

from perdure.store.statements import KEY, Statements, row_by_key, upsert_on_conflict
from perdure.store.tables import status


def test_reads_take_the_parts_of_a_key_in_its_order():
    statements = Statements(sqlite.dialect(paramstyle="qmark"), lock=row_by_key, put=lambda: upsert_on_conflict(sqlite.insert))
    assert statements.value.order == statements.row.order == statements.lock.order == KEY
    assert statements.module.order == KEY[:2]
    assert statements.tenant.order == KEY[:1]


def test_the_upsert_keeps_created_at_and_counts_for_itself():
    put = Statements(psycopg.dialect(paramstyle="format"), lock=row_by_key, put=lambda: upsert_on_conflict(insert)).put
    assert "version = (perdure_status.version + 1)" in put.text
    assert (
        "created_at = CASE WHEN (perdure_status.version = 0) THEN excluded.created_at ELSE perdure_status.created_at END"
        in put.text
    )
    assert set(put.order) == set(status.columns.keys()) - {"version"} | {"newest"}
    assert put.text.count("%s") == len(put.order)
