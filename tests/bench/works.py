"""Everything that is measured, in the order of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.work import (
    bounded,
    changed,
    codes,
    growth,
    listing,
    memory,
    moves,
    reads,
    startup,
    threads,
    writes,
)

if TYPE_CHECKING:
    from tests.bench.comparison import Work

WORKS: tuple[Work, ...] = (
    *reads.WORKS,
    *changed.WORKS,
    *bounded.WORKS,
    *listing.WORKS,
    *writes.WORKS,
    *growth.WORKS,
    *threads.WORKS,
    *startup.WORKS,
    *memory.WORKS,
    *codes.WORKS,
    *moves.WORKS,
)
