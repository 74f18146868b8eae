"""shelve, of the standard library."""

from __future__ import annotations

import shelve
from itertools import cycle
from typing import TYPE_CHECKING

from tests.bench.measure import Candidate
from tests.bench.records import OTHERS, VALUES

if TYPE_CHECKING:
    from tests.bench.places import Place


class Shelf:
    """A shelf, synced after each write as far as its file format does so."""

    name = "shelve"

    def __init__(self, place: Place) -> None:
        self.kept = shelve.open(str(place.folder / "shelf"))  # noqa: SIM115 - closed by close()
        self.kept.update(VALUES)
        self.kept.sync()

    def get(self, name: str) -> Candidate:
        """See `Peer`; it sees what this process has written."""
        return Candidate.of(self.name, f"kept[{name!r}]", kept=self.kept)

    def set(self, name: str) -> Candidate:
        """See `Peer`."""
        values = cycle([OTHERS[name], VALUES[name]])
        return Candidate.of(self.name, f"kept[{name!r}] = next(values); kept.sync()", kept=self.kept, values=values)

    def update(self, name: str) -> Candidate:
        """See `Peer`; it is for one process."""
        return Candidate.of(self.name, f"kept[{name!r}] = kept[{name!r}] + 1; kept.sync()", kept=self.kept)

    def close(self) -> None:
        """See `Peer`."""
        self.kept.close()
