"""What is stored under modules and names that no plugin declares."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import attrs

from perdure.doctor.finding import info, warning
from perdure.upkeep import legible_moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perdure.doctor.finding import Finding
    from perdure.doctor.plugins import Installed
    from perdure.store.rows import Row

AT_MOST = 1000
"""How many names are kept apart; names come from who wrote them, and might be as many as rows."""


@attrs.define
class Place:
    """What is left over under one name, of all tenants.

    Attributes:
        tenants: How many have it.
        latest: When the last of it was written, in microseconds since 1970.
    """

    tenants: int = 0
    latest: int = 0


class Leftovers:
    """Collects what nobody declares; says nothing of it where a plugin that takes no part may be the one that does.

    Args:
        installed: What declares the others.
    """

    def __init__(self, installed: Installed) -> None:
        self.installed = installed
        self.places: dict[tuple[str, str], Place] = {}
        self.more = 0

    def note(self, row: Row) -> None:
        """Keep where a row lies."""
        at = (row.module, row.name)
        if at not in self.places and len(self.places) >= AT_MOST:
            self.more += 1
            return
        place = self.places.setdefault(at, Place())
        place.tenants += 1
        place.latest = max(place.latest, row.updated_at) if isinstance(row.updated_at, int) else place.latest

    def findings(self) -> Iterator[Finding]:
        """Tell of them, or that nobody can tell."""
        missing = self.installed.missing
        if missing:
            problem = f"what is left over cannot be told while plugins take no part: {', '.join(missing)}"
            yield info("leftovers-unknown", "leftovers", problem, "Have every plugin loaded, then look again: perdure doctor")
            return
        for (module, name), place in sorted(self.places.items()):
            whose = f", for {place.tenants} tenants" if place.tenants > 1 else ""
            when = f"{legible_moment(place.latest):%Y-%m-%d}"
            problem = f"it is stored{whose}, and no plugin declares it; last written on {when}"
            advice = f"Install what declares it, or look and remove it: perdure leftovers remove {shlex.join((module, name))}"
            yield warning("leftover", f"{module}.{name}", problem, advice)
        if self.more:
            yield warning("leftover", "leftovers", f"{self.more} rows more have names of their own", "perdure leftovers")
