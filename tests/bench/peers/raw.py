"""The floor: perdure's own statements on a bare connection of the driver, as a good engineer would write them by hand.

The statements are prepared, the connection is held, what is looked up once is looked up beforehand, and nothing is checked.
"""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from itertools import count, cycle
from typing import TYPE_CHECKING, Any, ClassVar

from tests.bench.measure import Candidate
from tests.bench.peers.ours import KEEP, opened
from tests.bench.records import CLASSES, DESK, OTHERS, VALUES, add_one

from perdure.store.tables import status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.places import Place

    from perdure.store.statements import Statement

VALUE = list(status.columns.keys()).index("value")
"""Where a row of the table has its value."""

CONSTANTS = {"encoding": "json", "record_version": 1, "newest": 1, "actor": None, "reason": None, "change_set": None}
GIVEN = (*CONSTANTS, *"tenant module name value version created_at updated_at at operation until".split())  # noqa: SIM905
"""What the sources have names for."""


class Raw(ABC):
    """A bare connection to perdure's tables.

    Args:
        place: Where they are; they are created if need be.
        tenant: Whose values are read and written.

    Attributes:
        only: How the one row that a query finds is fetched, as source.
        every: How all rows are.
        changed: How many rows an UPDATE has changed.
    """

    name: ClassVar[str]
    mark: ClassVar[str] = "%s"
    only = "execute({text}, {arguments}).fetchone()"
    every = "execute({text}, {arguments}).fetchall()"
    changed = "execute({text}, {arguments}).rowcount"
    begin: ClassVar[str]
    commit: ClassVar[str]

    def __init__(self, place: Place, tenant: str = "") -> None:
        with opened(place, DESK) as app:
            self.statements = app.resources.store.statements
        self.connection = self.connect(place)
        calls = {"loads": json.loads, "dumps": json.dumps, "time_ns": time.time_ns, "add_one": add_one}
        self.names: dict[str, Any] = {**CONSTANTS, **calls, **self.calls(), "tenant": tenant, "module": "desk"}
        for each in ("put", "record", "prune", "lock"):
            self.names[each] = self.statement(each).text

    @abstractmethod
    def connect(self, place: Place) -> Any:
        """Return a connection in autocommit, as durable as the place asks for."""

    @abstractmethod
    def calls(self) -> dict[str, Callable[..., Any]]:
        """Return what the sources call: `execute`, and what else the driver needs."""

    # ----------------------------------------------------------------------- reading

    @property
    def select(self) -> str:
        """The query for one value: what nobody needs is not asked for."""
        where = " AND ".join(f"{column} = {self.mark}" for column in ("tenant", "module", "name"))
        return f"SELECT value FROM {status.name} WHERE {where}"

    def get(self, name: str, *, typed: bool = False) -> Candidate:
        """Return what reads a value: as JSON has it, or as an object of its class."""
        shown = f"loads({self.only.format(text='SELECT', arguments='KEY')}[0])"
        source = f"User(**{shown})" if typed else shown
        key = (self.names["tenant"], self.names["module"], name)
        called = f"{self.name}, and its class" if typed else self.name
        return Candidate.of(called, source, **self.names, SELECT=self.select, KEY=key, User=CLASSES.get(name))

    def by_turns(self, name: str, keys: Sequence[tuple[str, str, str]]) -> Candidate:
        """Return what reads one value after the other."""
        source = f"loads({self.only.format(text='SELECT', arguments='next(keys)')}[0])"
        return Candidate.of(name, source, **self.names, SELECT=self.select, keys=cycle(keys))

    def load(self, module: str) -> Candidate:
        """Return what reads all values of a module."""
        select = f"SELECT name, value FROM {status.name} WHERE tenant = {self.mark} AND module = {self.mark}"
        source = f"{{name: loads(value) for name, value in {self.every.format(text='SELECT', arguments='KEY')}}}"
        return Candidate.of(self.name, source, **self.names, SELECT=select, KEY=(self.names["tenant"], module))

    def entries(self) -> Candidate:
        """Return what reads everything of a tenant, with versions, times and actors."""
        found = self.every.format(text="SELECT", arguments="KEY")
        source = f"[(row, loads(row[{VALUE}])) for row in {found}]"
        return Candidate.of(self.name, source, **self.names, SELECT=self.statements.tenant.text, KEY=(self.names["tenant"],))

    # ----------------------------------------------------------------------- writing

    def set(self, name: str) -> Candidate:
        """Return what replaces a value: the statements that perdure runs, in one transaction."""
        return self.writing("BEGIN; upsert; history; COMMIT", self.changing("set", "dumps(next(values))"), name)

    def update(self, name: str) -> Candidate:
        """Return what adds one to a number, under a lock."""
        looked = f"row = {self.one('lock')}"
        source = self.changing("update", f"dumps(add_one(loads(row[{VALUE}])))", looked)
        return self.writing("BEGIN; locking read; upsert; history; COMMIT", source, name)

    def upsert(self, name: str) -> Candidate:
        """Return what replaces a value, and keeps no history."""
        source = f"value, created_at = dumps(next(values)), time_ns() // 1000\nupdated_at = created_at\n{self.one('put')}"
        found = self.writing("upsert in autocommit, no history", source, name)
        return Candidate(f"{self.name}, no history", found.seconds, found.shown)

    def create(self) -> Candidate:
        """Return what writes a value for the first time; whose it is, is known before."""
        source = "tenant = next(tenants)\n" + self.changing("set", "dumps(next(values))", prune=False)
        tenants = (f"tenant-{number}" for number in count())

        def seconds(number: int) -> float:
            fresh = {**self.names, "tenants": iter([next(tenants) for _ in range(number)])}
            return self.timed(source, "enable", fresh).seconds(number)

        return Candidate(self.name, seconds, "BEGIN; upsert; history; COMMIT")

    def changing(self, operation: str, value: str, first: str = "", *, prune: bool = True) -> str:
        """Return the source of a write."""
        wanted = f"if version > {KEEP}:\n    until = version - {KEEP}\n    {self.run('prune')}\n" if prune else ""
        return (
            f"operation, created_at = {operation!r}, time_ns() // 1000\n"
            f"updated_at = at = created_at\n"
            f"{self.begin}\n{first}\nvalue = {value}\n"
            f"version = {self.one('put')}[{self.returned('put', 'version')}]\n"
            f"{self.run('record')}\n{wanted}{self.commit}"
        )

    def writing(self, shown: str, source: str, name: str) -> Candidate:
        """Return what a source does to a name, with a full history behind it."""
        made = self.timed(source, name, self.names)
        self.fill(name)
        return Candidate(self.name, made.seconds, shown)

    def timed(self, source: str, name: str, names: dict[str, Any]) -> Candidate:
        """Return what a source does to a name."""
        return Candidate.of(self.name, source, **{**names, "name": name, "values": cycle([OTHERS[name], VALUES[name]])})

    def fill(self, name: str) -> None:
        """Write a name so often that its history is full."""
        self.timed(self.changing("set", "dumps(next(values))"), name, self.names).seconds(KEEP + 1)

    def one(self, statement: str) -> str:
        """Return the source that runs a statement, and is its one row."""
        return f"{self.every.format(text=statement, arguments=self.arguments(statement))}[0]"

    def run(self, statement: str) -> str:
        """Return the source that runs a statement."""
        return f"execute({statement}, {self.arguments(statement)})"

    def arguments(self, statement: str) -> str:
        """Return the source of what a statement takes, each in its place: names of ours, and what is always the same."""
        places = self.statement(statement).arguments({name: Source(name) for name in GIVEN})
        return f"({', '.join(map(repr, places))},)"

    def returned(self, statement: str, column: str) -> int:
        """Return where a statement returns a column."""
        columns = self.statement(statement).text.rpartition("RETURNING")[2].split(",")
        return [each.strip().rpartition(".")[2] for each in columns].index(column)

    def statement(self, name: str) -> Statement:
        """Return one of perdure's statements."""
        found: Statement = getattr(self.statements, name)
        return found

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


class Source(str):
    """A name in a source."""

    __slots__ = ()
    __repr__ = str.__str__
