"""django-constance, on its database backend."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

from tests.bench.measure import Candidate
from tests.bench.peers.django_project import connect, disconnect
from tests.bench.records import OTHERS, VALUES

from constance import config  # isort: skip - the project's settings come first
from constance.models import Constance as Row  # isort: skip
from django.db import connection  # isort: skip

if TYPE_CHECKING:
    from tests.bench.places import Place


class Constance:
    """`config`, without a cache, so that it sees what other processes write."""

    name = "django-constance"

    def __init__(self, place: Place) -> None:
        connect(place, "constance.db")
        with connection.schema_editor() as editor:
            editor.create_model(Row)
        for name, value in VALUES.items():
            setattr(config, name.upper(), value)

    def get(self, name: str) -> Candidate:
        """See `Peer`."""
        return Candidate.of(self.name, f"config.{name.upper()}", config=config)

    def set(self, name: str) -> Candidate:
        """See `Peer`."""
        values = cycle([OTHERS[name], VALUES[name]])
        return Candidate.of(self.name, f"config.{name.upper()} = next(values)", config=config, values=values)

    def update(self, name: str) -> Candidate:
        """See `Peer`; it has nothing that keeps another writer's update."""
        return Candidate.of(self.name, f"config.{name.upper()} = config.{name.upper()} + 1", config=config)

    def close(self) -> None:
        """See `Peer`."""
        disconnect()
