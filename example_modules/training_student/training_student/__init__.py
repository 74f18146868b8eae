"""Students in training: a module that keeps a little durable status of its own."""

from __future__ import annotations

import attrs

from perdure import StatusSpec, hookimpl

__all__ = ["STATUS", "TrainingStudentStatus", "User"]


@attrs.frozen
class User:
    """Who is being trained."""

    name: str
    age: int


@attrs.frozen
class TrainingStudentStatus:
    """What this module remembers.

    Attributes:
        enable: Whether training takes place.
        user: Who is being trained.
        visits: How often somebody came.
    """

    enable: bool
    user: User
    visits: int = 0


STATUS = StatusSpec("training-student", TrainingStudentStatus)


@hookimpl
def perdure_status_specs() -> list[StatusSpec[TrainingStudentStatus]]:
    """Declare the status of this module."""
    return [STATUS]
