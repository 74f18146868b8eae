"""Moving the status of a row in a table of the user's own: one winner, whoever else tries."""

from __future__ import annotations

import time
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Integer, MetaData, Table, bindparam, insert, update
from sqlalchemy.orm import Session, registry
from tests.bench.comparison import Comparison
from tests.bench.measure import Candidate
from tests.bench.peers.engines import engine_for
from tests.bench.peers.machines.ours import JobLifecycle
from tests.bench.peers.roster import floor_of, opened
from tests.bench.places import POSTGRESQL, PRODUCTS, SQLITE
from tests.bench.target import OURS

from perdure import CodeType, Statuses, apply, graph, history_table

if TYPE_CHECKING:
    from contextlib import ExitStack

    from tests.bench.places import Place, Places

WORK = "a job in a table is held and runs again, each in a transaction"
HOLD, RUN = ("hold", "202_RUNNING", "406_PAUSED"), ("run", "406_PAUSED", "202_RUNNING")
FACTS = ("entity", "column_name", "from_code", "to_code", "transition", "at")


class Jobs:
    """The user's tables, with a running job for each candidate.

    Args:
        place: Where they are.
        stack: Closes what they need.
    """

    def __init__(self, place: Place, stack: ExitStack) -> None:
        metadata = MetaData()
        columns = (Column("id", Integer, primary_key=True), Column("status", CodeType(JobLifecycle), index=True))
        self.table = Table("bench_jobs", metadata, *columns)
        self.history = history_table(metadata, "bench_job_history")
        self.place = place
        self.engine, self.writer = engine_for(place), engine_for(place, as_writer=True)
        stack.callback(self.engine.dispose)
        stack.callback(self.writer.dispose)
        metadata.create_all(self.engine)
        self.numbers = count(1)

    def new(self) -> int:
        """Return a running job."""
        number = next(self.numbers)
        with self.engine.begin() as connection:
            connection.execute(insert(self.table), {"id": number, "status": Statuses.RUNNING})
        return number

    def raw(self, stack: ExitStack, *, history: bool = False) -> Candidate:
        """Return the floor: guard and update in one statement, and a row of the history."""
        settled = "raw psycopg, settings made once" if self.place.product == POSTGRESQL else "raw"
        (peer,) = opened(stack, self.place, settled)
        guarded = f"UPDATE bench_jobs SET status = {peer.mark} WHERE id = {peer.mark} AND status = {peer.mark}"
        noted = f"INSERT INTO bench_job_history ({', '.join(FACTS)}) VALUES ({', '.join([peer.mark] * len(FACTS))})"
        number, source = self.new(), ""
        for name, before, after in (HOLD, RUN):
            moved = peer.changed.format(text="GUARDED", arguments=repr((after, number, before)))
            told = f"execute(NOTED, ({str(number)!r}, 'bench_jobs.status', {before!r}, {after!r}, {name!r}, time_ns() // 1000))\n"
            source += f"{peer.begin}\nif {moved} != 1: raise ValueError\n{told if history else ''}{peer.commit}\n"
        known = {**peer.names, "GUARDED": guarded, "NOTED": noted, "time_ns": time.time_ns}
        shown = "BEGIN; UPDATE … WHERE id = … AND status = …; COMMIT"
        name = floor_of(self.place.product)
        return Candidate.of(f"{name}, with a history" if history else name, source, shown=shown, **known)

    def core(self) -> Candidate:
        """Return the same through SQLAlchemy Core, with a statement that was built before."""
        guard = (self.table.c.id == self.new(), self.table.c.status == bindparam("before"))
        guarded = update(self.table).where(*guard).values(status=bindparam("to"))
        once = "with engine.begin() as connection:\n    if connection.execute(guarded, {known}).rowcount != 1: raise ValueError\n"
        source = "".join(once.format(known={"before": before, "to": after}) for _, before, after in (HOLD, RUN))
        shown = "with engine.begin() as connection: connection.execute(guarded, parameters)"
        return Candidate.of("SQLAlchemy Core", source, shown=shown, engine=self.engine, guarded=guarded)

    def ours(self, *, history: bool = False) -> Candidate:
        """Return `perdure.apply`."""
        noted = ", history=history" if history else ""
        call = f"apply(connection, JobLifecycle.{{}}, jobs.c.status, jobs.c.id == key{noted})"
        source = "\n".join(f"with engine.begin() as connection:\n    {call.format(name)}" for name, _, _ in (HOLD, RUN))
        shown = f"with engine.begin() as connection: {call.format('hold')}"
        known = {"apply": apply, "JobLifecycle": JobLifecycle, "jobs": self.table, "history": self.history, "engine": self.engine}
        return Candidate.of(f"{OURS}, with a history" if history else OURS, source, shown=shown, key=self.new(), **known)

    def orm(self) -> Candidate:
        """Return what an application writes with the ORM: lock and read, check, and write."""

        class Job:
            """A mapped class."""

        registry().map_imperatively(Job, self.table)
        once = (
            "with Session(engine) as session, session.begin():\n"
            "    job = session.get(Job, key, with_for_update=True)\n"
            "    moves.check(job.status, Statuses.{to})\n"
            "    job.status = Statuses.{to}\n"
        )
        source = once.format(to="PAUSED") + once.format(to="RUNNING")
        shown = "with session.begin(): job = session.get(Job, key, with_for_update=True); check(…); job.status = target"
        known: dict[str, Any] = {"Session": Session, "Job": Job, "moves": graph(JobLifecycle), "Statuses": Statuses}
        return Candidate.of("SQLAlchemy ORM", source, shown=shown, engine=self.writer, key=self.new(), **known)


def moving(product: str, places: Places, stack: ExitStack) -> list[Candidate]:
    """Return who moves a job there and back."""
    place = places.new(product, "normal")
    jobs = Jobs(place, stack)
    found = [jobs.raw(stack), jobs.raw(stack, history=True), jobs.core(), jobs.ours(), jobs.ours(history=True), jobs.orm()]
    if product == SQLITE:
        (django,) = opened(stack, place, "django-fsm-2")
        found += django.there_and_back()
    return found


WORKS = tuple(
    Comparison(f"move-{product}".lower(), WORK, product, floor_of(product), partial(moving, product), slice=0.03)
    for product in PRODUCTS
)
