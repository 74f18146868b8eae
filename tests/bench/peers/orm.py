"""SQLAlchemy's ORM: a mapped class of one's own, as an application writes it that uses nothing else."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import JSON, String
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from tests.bench.measure import Candidate
from tests.bench.peers.engines import engine_for
from tests.bench.places import SQLITE
from tests.bench.records import OTHERS, VALUES

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from tests.bench.places import Place


class Base(DeclarativeBase):
    """The benchmark's mapped classes."""


class Setting(Base):
    """A value by module and name."""

    __tablename__ = "bench_setting"

    module: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)


class ORM:
    """A session for each call, as a web application has one for each request."""

    name = "SQLAlchemy ORM"

    def __init__(self, place: Place) -> None:
        own = attrs.evolve(place, url=f"sqlite:///{place.folder / 'orm.db'}") if place.product == SQLITE else place
        self.reader, self.writer = engine_for(own, autocommit=True), engine_for(own, as_writer=True)
        Base.metadata.create_all(self.writer)
        with Session(self.writer) as session, session.begin():
            session.add_all(Setting(module="desk", name=name, value=value) for name, value in VALUES.items())

    def get(self, name: str) -> Candidate:
        """See `Peer`."""
        source = "with Session(engine) as session:\n    session.get(Setting, KEY).value"
        return self.candidate(source, "with Session(engine) as session: session.get(Setting, KEY).value", name, self.reader)

    def set(self, name: str) -> Candidate:
        """See `Peer`."""
        source = "with Session(engine) as session, session.begin():\n    session.get(Setting, KEY).value = next(values)"
        return self.candidate(source, "with session.begin(): session.get(Setting, KEY).value = next(values)", name, self.writer)

    def update(self, name: str) -> Candidate:
        """See `Peer`."""
        source = (
            "with Session(engine) as session, session.begin():\n"
            "    setting = session.get(Setting, KEY, with_for_update=True)\n"
            "    setting.value = setting.value + 1"
        )
        shown = "with session.begin(): session.get(Setting, KEY, with_for_update=True).value += 1"
        return self.candidate(source, shown, name, self.writer)

    def candidate(self, source: str, shown: str, name: str, engine: Engine) -> Candidate:
        """Return what a source does to a name."""
        values = cycle([OTHERS[name], VALUES[name]])
        known = {"Session": Session, "Setting": Setting, "KEY": ("desk", name), "engine": engine, "values": values}
        return Candidate.of(self.name, source, shown=shown, **known)

    def close(self) -> None:
        """See `Peer`."""
        self.reader.dispose()
        self.writer.dispose()
