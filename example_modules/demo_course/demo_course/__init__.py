"""Courses to try out: a module whose status has a name that another module's status has too."""

from __future__ import annotations

from enum import Enum

import attrs

from perdure import StatusSpec, field, hookimpl

__all__ = ["STATUS", "DemoCourseStatus", "Level"]


class Level(Enum):
    """How much a course asks of those who take it."""

    BEGINNER = "beginner"
    ADVANCED = "advanced"


@attrs.frozen
class DemoCourseStatus:
    """What this module remembers."""

    enable: bool = field(default=False, description="Whether the course can be taken")
    level: Level = field(default=Level.BEGINNER, description="How much the course asks")
    seats: int = field(default=12, validator=attrs.validators.ge(1), description="How many can take part")


STATUS = StatusSpec("demo-course", DemoCourseStatus)


@hookimpl
def perdure_status_specs() -> list[StatusSpec[DemoCourseStatus]]:
    """Declare the status of this module."""
    return [STATUS]
