"""Status codes and lifecycles in memory."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from tests.bench.comparison import Comparison
from tests.bench.peers.machines import bare, ours
from tests.bench.peers.machines.bare import FLOOR
from tests.bench.places import NotMeasured

if TYPE_CHECKING:
    from contextlib import ExitStack

    from tests.bench.measure import Candidate
    from tests.bench.peers.machines.machine import Machine
    from tests.bench.places import Places

MACHINES = (
    "bare:Bare",
    "ours:Ours",
    "transitions_machine:Transitions",
    "statemachine_machine:PythonStateMachine",
    "django_fsm_machine:DjangoFSM",
)


def machines() -> list[Machine]:
    """Return every candidate that knows a lifecycle; they are imported when they are asked for."""
    found = []
    for each in MACHINES:
        module, _, kind = each.partition(":")
        try:
            found.append(getattr(import_module(f"tests.bench.peers.machines.{module}"), kind)())
        except ImportError as error:
            raise NotMeasured(f"{kind} is not installed ({error}); make bench installs it") from error
    return found


def among(_places: Places, _stack: ExitStack) -> list[Candidate]:
    """Return who tells whether a text is one of a set of codes."""
    return [*bare.among(), *ours.among()]


def asking(_places: Places, _stack: ExitStack) -> list[Candidate]:
    """Return who tells whether a status may move."""
    return [candidate for machine in machines() for candidate in machine.may()]


def moving(_places: Places, _stack: ExitStack) -> list[Candidate]:
    """Return who moves a status there and back."""
    return [candidate for machine in machines() for candidate in machine.there_and_back()]


WORKS = (
    Comparison("code-among", "is a text one of the active codes", "memory", FLOOR, among),
    Comparison("move-asked", "may a running job be finished", "memory", FLOOR, asking),
    Comparison("move-made", "a job is held and runs again", "memory", FLOOR, moving),
)
