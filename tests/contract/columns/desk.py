"""The tables and lifecycles that these tests work on: jobs, orders and tasks, as in the seed's examples."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from perdure.codes.category import Category
from perdure.codes.code import StatusCode  # noqa: TC001 - SQLAlchemy evaluates the annotations
from perdure.codes.lifecycle import Lifecycle
from perdure.codes.statuses import Statuses
from perdure.codes.transition import transition
from perdure.columns import CodeType, history_table


class JobLifecycle(Lifecycle, family=Statuses, initial=Statuses.NEW):
    queue = transition(Statuses.NEW, to=Statuses.QUEUED)
    run = transition(Statuses.QUEUED, to=Statuses.RUNNING)
    finish = transition(Category.ACTIVE, to=[Statuses.COMPLETED, Statuses.PARTIAL])
    fail = transition(Category.ACTIVE, to=Statuses.FAIL)
    retry = transition(Category.FAILED, to=Statuses.QUEUED, allow_terminal=True, when=lambda row: row.attempts < 3)
    archive = transition(Category.COMPLETED, to=Statuses.ARCHIVED, allow_terminal=True)


class OrderLifecycle(Lifecycle, family=Statuses, initial=Statuses.NEW):
    queue = transition(Statuses.NEW, to=Statuses.QUEUED)
    process = transition(Statuses.QUEUED, to=Statuses.PROCESSING)
    complete = transition(Statuses.PROCESSING, to=Statuses.COMPLETED)
    fail = transition(Statuses.PROCESSING, to=Statuses.FAIL)
    cancel = transition(Category.PENDING, Category.ACTIVE, to=Statuses.CANCELLED)


class TaskLifecycle(Lifecycle, family=Statuses, initial=Statuses.NEW):
    begin = transition(Category.PENDING, to=Category.ACTIVE)
    pause = transition(Category.ACTIVE, to=Statuses.PAUSED)
    resume = transition(Statuses.PAUSED, to=Statuses.RUNNING)
    complete = transition(Category.ACTIVE, Category.PENDING, to=Statuses.COMPLETED)


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)
jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("status", CodeType(JobLifecycle), nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("worker", sa.String(20)),
    sa.Column("touched", sa.Integer, onupdate=lambda: 7),
)
places = sa.Table(
    "places",
    metadata,
    sa.Column("row", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seat", sa.String(10), primary_key=True),
    sa.Column("status", CodeType(JobLifecycle)),
)
history = history_table(metadata)
JOB = jobs.c.status


class Base(DeclarativeBase):
    pass


class Task(Base):
    __tablename__ = "tasks"

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[StatusCode] = mapped_column("status", CodeType(TaskLifecycle))
    title: Mapped[str] = mapped_column(sa.String(50), default="")
    tries: Mapped[int] = mapped_column("attempts", default=0)


def fill(engine, *codes: str, **values: object) -> None:
    """Put one job per code into an empty table, with ids from 1 on."""
    with engine.begin() as connection:
        connection.execute(jobs.delete())
        rows = [{"id": number, "status": code, **values} for number, code in enumerate(codes, 1)]
        for start in range(0, len(rows), 5000):
            connection.execute(jobs.insert(), rows[start : start + 5000])


def status_of(engine, number: int = 1) -> StatusCode | None:
    with engine.connect() as connection:
        return connection.scalar(sa.select(JOB).where(jobs.c.id == number))
