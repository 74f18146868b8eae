from __future__ import annotations

import pytest
import sqlalchemy as sa
from tests.contract.columns.desk import JOB, JobLifecycle, fill, jobs, metadata

from perdure.codes.category import Category
from perdure.codes.code import StatusCode
from perdure.codes.graph import graph
from perdure.codes.statuses import Statuses
from perdure.columns import accepts, in_category


@pytest.mark.parametrize("text", ["nonsense", "", "600_HIGH", "2x1_ODD", "20_SHORT", "201-DASH", "201_", "ACTIVATED"])
def test_the_table_refuses_what_is_no_code(engine, text):
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="(?i)ck_jobs_status_code"):
        connection.execute(sa.text("INSERT INTO jobs (id, status) VALUES (1, :code)"), {"code": text})


@pytest.mark.parametrize("text", ["409_ON_LEAVE", "599_" + "X" * 60, "000_A"])
def test_the_table_takes_codes_of_plugins_to_come(engine, text):
    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO jobs (id, status) VALUES (1, :code)"), {"code": text})
        loaded = connection.scalar(sa.select(JOB))
        assert type(loaded) is StatusCode
        assert loaded == text
        assert loaded.category is Category.of(text)
        assert not Statuses.is_valid(loaded)
        assert connection.scalar(sa.select(sa.func.count()).where(text == JOB)) == 1
        assert connection.scalar(sa.select(sa.func.count()).where(JOB.like(f"{text[:4]}%"))) == 1


def test_lower_case_is_refused_where_the_column_tells_cases_apart(engine):
    if engine.dialect.name in ("mysql", "mariadb"):
        pytest.skip("its default collation does not")
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError):
        connection.exec_driver_sql("INSERT INTO jobs (id, status) VALUES (1, '201_activated')")


def test_the_check_is_there_once_also_in_a_copy_of_the_table(engine):
    copy = jobs.to_metadata(sa.MetaData(naming_convention=metadata.naming_convention))
    with engine.begin() as connection:
        jobs.drop(connection)
        copy.create(connection)
        names = [each["name"] for each in sa.inspect(connection).get_check_constraints("jobs")]
    assert names == ["ck_jobs_status_code"]


def test_a_plain_name_serves_several_tables_without_a_convention(engine):
    plain = sa.MetaData()
    for name in ("plain_a", "plain_b"):
        sa.Table(name, plain, sa.Column("id", sa.Integer, primary_key=True), sa.Column("order", JOB.type))
    plain.create_all(engine)
    assert [each["name"] for each in sa.inspect(engine).get_check_constraints("plain_b")] == ["order_code"]
    plain.drop_all(engine)


def test_a_transition_accepts_in_sql_what_it_accepts_in_python(engine):
    foreign = [StatusCode(f"{category.value}98_FOREIGN") for category in Category]
    fill(engine, *Statuses.SCHEME_SET)
    with engine.begin() as connection:
        for number, code in enumerate(foreign, 100):
            connection.execute(sa.text("INSERT INTO jobs (id, status) VALUES (:id, :code)"), {"id": number, "code": str(code)})
        for each in graph(JobLifecycle).transitions.values():
            found = set(connection.scalars(sa.select(JOB).where(accepts(JOB, each))))
            assert found == {code for code in (*Statuses.SCHEME_SET, *foreign) if graph(JobLifecycle).can(code, each)}, each
        within = connection.scalars(sa.select(JOB).where(in_category(JOB, Category.ACTIVE, Category.FAILED))).all()
        assert sorted(within) == sorted(code for code in (*Statuses.SCHEME_SET, *foreign) if code[0] in "25")


EXPLAIN = {
    "sqlite": "EXPLAIN QUERY PLAN ",
    "postgresql": "EXPLAIN ",
    "mysql": "EXPLAIN FORMAT=JSON ",
    "mariadb": "EXPLAIN FORMAT=JSON ",
}


def plan(connection, condition):
    compiled = sa.select(jobs.c.id).where(condition).compile(connection, compile_kwargs={"literal_binds": True})
    rows = connection.exec_driver_sql(EXPLAIN[connection.dialect.name] + str(compiled).replace("%", "%%"))
    return "\n".join(str(cell) for row in rows for cell in row)


def test_a_category_is_answered_from_the_index(engine):
    fill(engine, *[*[Statuses.COMPLETED] * 5000, Statuses.RUNNING, Statuses.FAIL])
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "ANALYZE TABLE jobs" if engine.dialect.name in ("mysql", "mariadb") else "ANALYZE jobs"
        ).close()
        for condition in (
            in_category(JOB, Category.ACTIVE),
            in_category(JOB, Category.ACTIVE, Category.FAILED),
            accepts(JOB, JobLifecycle.fail),
            accepts(JOB, JobLifecycle.retry),
        ):
            assert "ix_jobs_status" in plan(connection, condition)
        if engine.dialect.name == "sqlite":  # the control: a pattern scans
            assert "(status>? AND status<?)" in plan(connection, in_category(JOB, Category.ACTIVE))
            assert "(status>?" not in plan(connection, JOB.like("2%"))
