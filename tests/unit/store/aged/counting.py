"""Counts reads that are too old, in this process and, since it imports next to nothing, in others."""

from __future__ import annotations

import time

ENOUGH_READS, ENOUGH_WRITES = 150, 30

READS = {
    "get": lambda status: status.get("visits"),
    "field": lambda status: status.field(lambda record: record.visits).get(),
    "required": lambda status: status.field(lambda record: record.visits).required(),
    "current": lambda status: status.current.visits,
    "load": lambda status: status.load().visits,
    "entry": lambda status: status.entry("visits").value,
    "version": lambda status: status.entry("visits").version,
    "entries": lambda status: {entry.name: entry.value for entry in status.entries()}["visits"],
    "in": lambda status: status.get("visits") if "visits" in status else 0,
}


def is_too_old(read, status, acknowledged, seconds=0.0):
    """Whether the value after the one that is read was acknowledged before the read began, or so long before."""
    began = time.monotonic()
    found = read(status)
    return 0.0 < acknowledged[found + 1] < began - seconds


def counted(status, acknowledged, duration, seconds=0.0, *, reads=READS, beside=lambda: None):  # noqa: PLR0913 - a race has many sides
    """Return how many reads there were, and how many were too old.

    They begin at the first write, and go on for so many seconds, and on a slow machine until enough was read and written.
    """
    number = stale = 0
    latest = time.monotonic() + 60
    while not acknowledged[2]:
        assert time.monotonic() < latest, "nobody writes"
        time.sleep(0.001)
    end = time.monotonic() + duration
    while time.monotonic() < end or number < ENOUGH_READS or not acknowledged[ENOUGH_WRITES]:
        assert time.monotonic() < latest, "nobody writes any more"
        for read in reads.values():
            number += 1
            stale += is_too_old(read, status, acknowledged, seconds)
        beside()
    return number, stale
