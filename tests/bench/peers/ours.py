"""perdure."""

from __future__ import annotations

from itertools import count, cycle
from typing import TYPE_CHECKING, Any

from tests.bench.measure import Candidate
from tests.bench.records import DESK, OTHERS, VALUES, add_one, plugin
from tests.bench.target import OURS

from perdure import App

if TYPE_CHECKING:
    from tests.bench.places import Place

    from perdure import StatusSpec

KEEP = 100
"""How many changes of a name the history keeps, as it does unless told otherwise."""


class Perdure:
    """An App on a place, with one module."""

    name = OURS

    def __init__(self, place: Place) -> None:
        self.app = opened(place, DESK)
        self.status = self.app.scope(DESK).status
        self.status.set_many(VALUES)

    def get(self, name: str) -> Candidate:
        """See `Peer`."""
        return Candidate.of(self.name, f"status.get({name!r})", status=self.status)

    def set(self, name: str) -> Candidate:
        """See `Peer`."""
        values = cycle([OTHERS[name], VALUES[name]])
        return Candidate.of(self.name, f"status.set({name!r}, next(values))", status=self.status, values=values)

    def update(self, name: str) -> Candidate:
        """See `Peer`."""
        return Candidate.of(self.name, f"status.update({name!r}, add_one)", status=self.status, add_one=add_one)

    def fill(self, name: str) -> None:
        """Write a name so often that its history is full."""
        self.set(name).seconds(KEEP + 1)

    def create(self) -> Candidate:
        """Return what writes a value for the first time; whose it is, is known before."""
        tenants = (f"tenant-{number}" for number in count())

        def seconds(number: int) -> float:
            statuses = iter([self.app.tenant(next(tenants)).scope(DESK).status for _ in range(number)])
            return Candidate.of(self.name, "next(statuses).set('enable', True)", statuses=statuses).seconds(number)

        return Candidate(self.name, seconds, "status.set('enable', True)")

    def close(self) -> None:
        """See `Peer`."""
        self.app.close()


def opened(place: Place, *specs: StatusSpec[Any]) -> App:
    """Return an App with these modules and no others, whatever is installed."""
    return App.open(place.url, plugins=[plugin(*specs)], durability=place.durability, tenant="", redis=())
