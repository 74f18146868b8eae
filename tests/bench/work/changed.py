"""Reading one name that somebody else has changed since it was last read, so that nothing remembered is of use."""

from __future__ import annotations

import json
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING

from tests.bench.comparison import Comparison
from tests.bench.measure import Candidate
from tests.bench.peers.roster import floor_of, opened
from tests.bench.places import SQLITE
from tests.bench.records import CLASSES, OTHERS, VALUES

from perdure.store.tables import status

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from tests.bench.places import Places

KINDS = {"enable": "a bool", "user": "a small frozen object"}


def after(write: Callable[[], object], reader: Candidate) -> Candidate:
    """Return a reader before each of whose reads something is written, which is not timed."""

    def seconds(count: int) -> float:
        total = 0.0
        for _ in range(count):
            write()
            total += reader.seconds(1)
        return total

    return Candidate(reader.name, seconds, reader.shown)


def reading(name: str, places: Places, stack: ExitStack) -> list[Candidate]:
    """Return who reads what another connection has just written."""
    place = places.new(SQLITE, "normal")
    writer, raw, ours, cache = opened(stack, place, "raw", "raw", "perdure", "diskcache")
    texts = cycle([json.dumps(OTHERS[name]), json.dumps(VALUES[name])])
    change = f"UPDATE {status.name} SET value = ?, version = version + 1 WHERE module = 'desk' AND name = ?"
    values = cycle([OTHERS[name], VALUES[name]])

    def write() -> None:
        writer.connection.execute(change, (next(texts), name))

    typed = [raw.get(name, typed=True)] if name in CLASSES else []
    readers = [after(write, each) for each in (raw.get(name), *typed, ours.get(name))]
    return [*readers, after(lambda: cache.cache.set(name, next(values)), cache.get(name))]


def comparison(name: str, kind: str) -> Comparison:
    """Return the comparison for a name."""
    work = f"get of {kind} that another has just changed"
    return Comparison(f"changed-{name}", work, SQLITE, floor_of(SQLITE), partial(reading, name), rounds=20)


WORKS = tuple(comparison(*kind) for kind in KINDS.items())
