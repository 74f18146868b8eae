from __future__ import annotations

import copy
import pickle

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from perdure.codes.category import Category
from perdure.codes.code import StatusCode
from perdure.codes.families import Families
from perdure.codes.family import StatusFamily
from perdure.codes.lifecycle import Lifecycle
from perdure.codes.statuses import CommonStatuses, Statuses
from perdure.codes.transition import transition
from perdure.columns import CodeType
from perdure.errors import InvalidCode, UnknownStatusCode


class StaffStatuses(CommonStatuses, extends=CommonStatuses):
    ON_LEAVE = StatusCode("409_ON_LEAVE", "Away, and coming back")


class Life(Lifecycle, family=CommonStatuses, initial=CommonStatuses.ACTIVATED):
    block = transition(CommonStatuses.ACTIVATED, to=CommonStatuses.BLOCKED)


def table(kind, metadata=None):
    columns = [sa.Column("id", sa.Integer, primary_key=True), sa.Column("status", kind)]
    return sa.Table("staff", sa.MetaData() if metadata is None else metadata, *columns)


@pytest.fixture
def connection():
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def stored(connection, kind, text):
    """A row as another program, or a plugin that is gone, has left it."""
    staff = table(kind)
    staff.create(connection)
    connection.execute(sa.text("INSERT INTO staff (status) VALUES (:text)"), {"text": text})
    return staff


def test_a_code_is_bound_as_exact_str_and_comes_back_with_its_description(connection):
    kind = CodeType(CommonStatuses)
    assert type(kind.process_bind_param(CommonStatuses.BLOCKED, connection.dialect)) is str
    staff = table(kind)
    staff.create(connection)
    connection.execute(staff.insert(), [{"status": "403_BLOCKED"}, {"status": None}])
    first, second = connection.scalars(sa.select(staff.c.status)).all()
    assert type(first) is StatusCode
    assert (first, first.description) == ("403_BLOCKED", CommonStatuses.BLOCKED.description)
    assert second is None


@pytest.mark.parametrize("foreign", ["403_BLOKED", Statuses.RUNNING, 403, "", b"403_BLOCKED"])
def test_a_foreign_code_is_refused_on_write_naming_family_and_nearest(connection, foreign):
    staff = table(CodeType(CommonStatuses))
    staff.create(connection)
    for statement in (staff.insert(), staff.update()):
        with pytest.raises(UnknownStatusCode, match="family 'common' has no code") as caught:
            connection.execute(statement, {"status": foreign})
        assert caught.value.known == tuple(CommonStatuses.by_text)
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(copy.copy(caught.value)) == str(caught.value)
    with pytest.raises(UnknownStatusCode, match="Did you mean '403_BLOCKED'"):
        connection.execute(staff.insert().values(status="403_BLOKED"))


def test_a_lifecycle_stands_for_its_family():
    assert CodeType(Life).family is CommonStatuses
    assert CodeType(lambda: Life).family is CommonStatuses


def test_with_the_plugin_its_codes_are_written_and_read_and_without_it_they_are_read(connection):
    known = {"families": Families.merge([])}
    staff = table(CodeType(lambda: known["families"][CommonStatuses]))
    staff.create(connection)
    with pytest.raises(UnknownStatusCode):
        connection.execute(staff.insert(), {"status": "409_ON_LEAVE"})
    known["families"] = Families.merge([("staff", StaffStatuses)])
    connection.execute(staff.insert(), {"status": "409_ON_LEAVE"})
    assert connection.scalar(sa.select(staff.c.status)).description == "Away, and coming back"
    known["families"] = Families.merge([])
    loaded = connection.scalar(sa.select(staff.c.status))
    assert (loaded, loaded.category, loaded.description) == ("409_ON_LEAVE", Category.INACTIVE, "")
    assert not known["families"][CommonStatuses].is_valid(loaded)


def test_an_unknown_code_raises_where_that_is_asked_for(connection):
    staff = stored(connection, CodeType(CommonStatuses, unknown="raise"), "409_ON_LEAVE")
    with pytest.raises(UnknownStatusCode, match="'409_ON_LEAVE'"):
        connection.execute(sa.select(staff.c.status)).all()
    with pytest.raises(ValueError, match="neither"):
        CodeType(CommonStatuses, unknown="drop")


def test_what_is_no_code_at_all_is_an_error(connection):
    connection.exec_driver_sql("CREATE TABLE staff (id INTEGER PRIMARY KEY, status TEXT)")
    connection.exec_driver_sql("INSERT INTO staff (status) VALUES ('active')")
    with pytest.raises(InvalidCode, match="'active'"):
        connection.execute(sa.select(table(CodeType(CommonStatuses)).c.status)).all()


def test_a_comparison_is_no_write(connection):
    staff = stored(connection, CodeType(CommonStatuses), "409_ON_LEAVE")
    status = staff.c.status
    for condition in (
        status == "409_ON_LEAVE",
        status.in_(["409_ON_LEAVE", "nonsense"]),
        status.like("409%"),
        status.startswith("4"),
        status != CommonStatuses.BLOCKED,
        status.is_not(None),
        status > "403_BLOCKED",
        status.notin_(CommonStatuses.SCHEME_SET),
        status == sa.bindparam("given", "409_ON_LEAVE"),
    ):
        assert connection.scalar(sa.select(sa.func.count()).select_from(staff).where(condition)) == 1, condition


def test_codes_are_rendered_as_literals():
    staff = table(CodeType(CommonStatuses))
    statement = staff.update().values(status=CommonStatuses.BLOCKED).where(staff.c.status == "409_ON_LEAVE")
    text = str(statement.compile(compile_kwargs={"literal_binds": True}))
    assert "SET status='403_BLOCKED'" in text
    assert "staff.status = '409_ON_LEAVE'" in text


def test_statements_are_cached_by_codes_and_policy():
    assert CodeType(Statuses)._static_cache_key == CodeType(Statuses)._static_cache_key
    assert (
        len(
            {
                CodeType(Statuses)._static_cache_key,
                CodeType(CommonStatuses)._static_cache_key,
                CodeType(Statuses, "raise")._static_cache_key,
            }
        )
        == 3
    )
    assert CodeType(Statuses).python_type is StatusCode


def checks(made):
    return sorted(str(each.name) for each in made.constraints if isinstance(each, sa.CheckConstraint))


def test_the_table_gets_one_check_however_it_comes_to_its_column():
    convention = {"ck": "ck_%(table_name)s_%(constraint_name)s"}
    first = table(CodeType(Statuses), sa.MetaData(naming_convention=convention))
    twice = first.to_metadata(sa.MetaData()).to_metadata(sa.MetaData(), name="other")
    assert checks(first) == ["ck_staff_status_code"]
    assert checks(twice) == ["ck_staff_status_code"]  # a copy keeps its name, as every constraint does
    late = sa.Table("late", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True))
    late.append_column(sa.Column("status", CodeType(Statuses)))
    assert checks(late) == ["status_code"]
    assert str(sa.schema.CreateTable(first)).count("CONSTRAINT ck_staff_status_code CHECK") == 1


def test_a_column_that_is_defined_again_brings_no_second_check():
    metadata = sa.MetaData()
    table(CodeType(Statuses), metadata)
    again = sa.Table("staff", metadata, sa.Column("status", CodeType(CommonStatuses)), extend_existing=True)
    assert checks(again) == ["status_code"]
    assert again.c.status.type.family is CommonStatuses


def test_a_check_can_be_copied_to_a_table_whose_column_is_plain_text():
    (check,) = (each for each in table(CodeType(Statuses)).constraints if isinstance(each, sa.CheckConstraint))
    plain = table(sa.String(64))
    plain.append_constraint(check._copy(target_table=plain))
    assert checks(plain) == ["status_code"]


def test_a_mixin_brings_the_check_to_every_table():
    class Base(DeclarativeBase):
        type_annotation_map = {StatusCode: CodeType(Statuses)}  # noqa: RUF012 - how SQLAlchemy reads it

    class Plain:
        status: Mapped[StatusCode] = mapped_column(CodeType(Statuses))

    class Declared:
        @declared_attr
        def status(cls) -> Mapped[StatusCode]:  # noqa: N805 - called on the class
            return mapped_column(CodeType(Statuses))

    class Annotated(Base):
        __tablename__ = "mapped"
        id: Mapped[int] = mapped_column(primary_key=True)
        status: Mapped[StatusCode]

    made = [
        type(name, (mixin, Base), {"__tablename__": name, "id": sa.Column(sa.Integer, primary_key=True)})
        for name, mixin in (("a", Plain), ("b", Plain), ("c", Declared))
    ]
    for each in (*made, Annotated):
        assert checks(each.__table__) == ["status_code"], each


def test_a_family_may_be_derived(connection):
    class Derived(CommonStatuses, name="derived-for-columns"):
        GONE = StatusCode("404_GONE")

    staff = table(CodeType(Derived))
    staff.create(connection)
    connection.execute(staff.insert(), {"status": Derived.GONE})
    assert issubclass(Derived, StatusFamily)
    assert connection.scalar(sa.select(staff.c.status)) is Derived.GONE
