"""What is kept: a module with a few names of the usual kinds, one with ten, and many."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import attrs

from perdure import StatusSpec, hookimpl


@attrs.frozen
class User:
    """A small object that cannot change, and so can be handed out again."""

    name: str
    age: int


@attrs.define
class Seat:
    """A small object that its reader may change, so that everybody needs one of his own."""

    row: int
    label: str


@attrs.frozen
class Desk:
    """A module's status."""

    enable: bool
    user: User
    seat: Seat
    visits: int = 0


def record_of_ten() -> type[Any]:
    """Return a record of ten names, another one each time: no two modules have theirs in common."""

    @attrs.frozen
    class Ten:
        open: bool
        paused: bool
        public: bool
        visits: int
        limit: int
        retries: int
        title: str
        note: str
        rate: float
        owner: User

    return Ten


VALUES: dict[str, Any] = {
    "enable": True,
    "user": {"name": "zhennann", "age": 18},
    "seat": {"row": 7, "label": "window"},
    "visits": 1,
}
"""A value for every name of `Desk`, as JSON has it."""

OTHERS: dict[str, Any] = {**VALUES, "enable": False, "user": {"name": "zhennann", "age": 19}, "visits": 2}
"""Other ones, for writing by turns."""

TEN: dict[str, Any] = {
    "open": True,
    "paused": False,
    "public": True,
    "visits": 1024,
    "limit": 50,
    "retries": 3,
    "title": "Front desk",
    "note": "Closed on Mondays, and on the first of May",
    "rate": 0.25,
    "owner": {"name": "zhennann", "age": 18},
}
"""A value for every name of a record of ten."""

CLASSES = {"user": User, "seat": Seat}
"""The classes of those names that hold objects."""

DESK: StatusSpec[Desk] = StatusSpec("desk", Desk)
MANY: tuple[StatusSpec[Any], ...] = tuple(StatusSpec(f"module-{number:03}", record_of_ten()) for number in range(100))
"""A hundred modules of ten names."""


def plugin(*specs: StatusSpec[Any]) -> ModuleType:
    """Return a plugin object that declares these specs."""
    made = ModuleType("bench_plugin")

    @hookimpl
    def perdure_status_specs() -> list[StatusSpec[Any]]:
        return list(specs)

    vars(made)["perdure_status_specs"] = perdure_status_specs
    return made


def add_one(number: int) -> int:
    """Return the next number: what `update` is given."""
    return number + 1
