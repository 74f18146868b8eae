"""The way of a write, drawn from what a real one asks of Redis and of the database."""

from __future__ import annotations

import re
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
from sqlalchemy import event
from sqlalchemy.pool import Pool

from perdure import App, StatusSpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = """\
sequenceDiagram
    participant module
    participant perdure
    participant Redis
    participant database
"""


@attrs.frozen
class DeskStatus:
    enable: bool = False


class Desk:
    @hookimpl
    def perdure_status_specs(self):
        return [StatusSpec("front-desk", DeskStatus)]


@attrs.frozen
class Recorder:
    """Takes the place of the Redis masters, and notes down what the database is asked."""

    steps: list[str] = attrs.field(factory=list)

    @contextmanager
    def ordered(self, _key: object) -> Iterator[None]:
        self.steps.append("perdure->>Redis: take the Redlock")
        yield
        self.steps.append("perdure->>Redis: release it")

    def listen(self, connection, _record: object) -> None:
        connection.set_trace_callback(lambda statement: self.steps.append(f"perdure->>database: {shortened(statement)}"))


def shortened(statement: str) -> str:
    """Return a statement without its columns and conditions."""
    flat = " ".join(statement.split())
    flat = re.sub(r"^SELECT .* FROM (\w+) .*", r"SELECT … FROM \1", flat)
    flat = re.sub(r"^(INSERT INTO \w+) \(.*?\) VALUES \(.*?\)", r"\1 …", flat)
    return re.sub(r"ON CONFLICT .* (RETURNING version).*", r"<br>ON CONFLICT DO UPDATE … \1", flat)


def first_write() -> str:
    """Draw a first write and the next one."""
    recorder = Recorder()
    event.listen(Pool, "connect", recorder.listen)
    try:
        with tempfile.TemporaryDirectory() as folder, App.open(f"sqlite:///{Path(folder, 'app.db')}", plugins=[Desk()]) as app:
            app.resources.locks.first_writes = recorder
            status = app.scope("front-desk").status
            recorder.steps.clear()
            for title in ("the first write of this name", "every later one"):
                recorder.steps.append(f"Note over module,database: {title}")
                recorder.steps.append('module->>perdure: status.set("enable", True)')
                entry = status.set("enable", value=True)
                recorder.steps.append(f"perdure-->>module: Entry, version={entry.version}")
            return HEAD + "".join(f"    {step}\n" for step in recorder.steps)
    finally:
        event.remove(Pool, "connect", recorder.listen)
