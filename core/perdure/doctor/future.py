"""Values that were written later than it is now: the clock of a machine was, or is, wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure.doctor.finding import warning
from perdure.errors import place
from perdure.records.entry import moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perdure.doctor.finding import Finding
    from perdure.store.rows import Row

ALLOWED = 5.0
"""Seconds by which a time may be ahead: clocks differ, and the diagnosis takes time."""


class Future:
    """Counts rows that are ahead of the time, and keeps the one that is farthest.

    Args:
        now: The time, in seconds since 1970.
    """

    def __init__(self, now: float) -> None:
        self.latest = (now + ALLOWED) * 1e6
        self.count = 0
        self.farthest: Row | None = None

    def note(self, row: Row) -> None:
        """Count a row, if it is ahead."""
        if not isinstance(row.updated_at, int) or row.updated_at <= self.latest:
            return
        self.count += 1
        if self.farthest is None or row.updated_at > self.farthest.updated_at:
            self.farthest = row

    def findings(self) -> Iterator[Finding]:
        """Tell how many there are, and which is farthest ahead."""
        row = self.farthest
        if row is None:
            return
        try:
            when = f"{moment(row.updated_at):%Y-%m-%d %H:%M:%S} UTC"
        except (OverflowError, ValueError):
            when = f"{row.updated_at} µs after 1970"
        rows = "1 row was" if self.count == 1 else f"{self.count} rows were"
        problem = f"{rows} written in the future; this one, by {row.actor or 'somebody'}, on {when}"
        advice = (
            "Set the clocks of all machines that write (chronyc tracking). The rows are right again when they are next written"
        )
        yield warning("updated-in-future", place(row.tenant, row.module, row.name), problem, advice)
