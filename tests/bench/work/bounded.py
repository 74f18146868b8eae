"""Reading one name where the reader takes an older value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.comparison import Comparison
from tests.bench.measure import Candidate
from tests.bench.peers.roster import opened
from tests.bench.places import SQLITE, NotMeasured
from tests.bench.records import VALUES
from tests.bench.target import Target

if TYPE_CHECKING:
    from contextlib import ExitStack

    from tests.bench.places import Places

FLOOR = "a dict lookup"
WORK = "get of a bool within max_age"


def reading(places: Places, stack: ExitStack) -> list[Candidate]:
    """Return who reads from memory."""
    (ours,) = opened(stack, places.new(SQLITE), "perdure")
    if not hasattr(ours.status, "max_age"):
        raise NotMeasured("there is no max_age yet")
    status = ours.status.max_age(3600)
    return [
        Candidate.of(FLOOR, "values['enable']", values=dict(VALUES)),
        Candidate.of("perdure", "status.get('enable')", status=status),
        Candidate.of("perdure, fresh", "status.get('enable')", status=ours.status),
    ]


WORKS = (Comparison("max-age", WORK, SQLITE, FLOOR, reading, (Target(WORK, SQLITE, 10, FLOOR),)),)
