"""Users who are away for a while: an extension of the vocabulary that `perdure-user` publishes."""

from __future__ import annotations

import attrs

from perdure import Category, Lifecycle, StatusCode, StatusFamily, StatusSpec, field, hookimpl, transition
from perdure_user import UserLifecycle, UserStatuses

__all__ = ["STATUS", "StaffLeaveStatus", "StaffLifecycle", "StaffStatuses"]


class StaffStatuses(UserStatuses, extends=UserStatuses):
    """What this module adds to the statuses of users."""

    ON_LEAVE = StatusCode("409_ON_LEAVE", "Away, and coming back")


class StaffLifecycle(UserLifecycle, extends=UserLifecycle, family=StaffStatuses):
    """What this module adds to how a user's account moves."""

    leave = transition(Category.ACTIVE, to=StaffStatuses.ON_LEAVE)
    come_back = transition(StaffStatuses.ON_LEAVE, to=UserStatuses.ACTIVATED)


@attrs.frozen
class StaffLeaveStatus:
    """What this module remembers.

    Attributes:
        deputy: The state of who stands in for everybody; it moves as a user's account does.
        days: How many days of leave there are in a year.
    """

    deputy: StatusCode = field(lifecycle=UserLifecycle, default=UserStatuses.ACTIVATED)
    days: int = 30


STATUS = StatusSpec("staff-leave", StaffLeaveStatus)


@hookimpl
def perdure_status_specs() -> list[StatusSpec[StaffLeaveStatus]]:
    """Declare the status of this module."""
    return [STATUS]


@hookimpl
def perdure_status_families() -> list[type[StatusFamily]]:
    """Hand in what is added to the family `user`."""
    return [StaffStatuses]


@hookimpl
def perdure_lifecycles() -> list[type[Lifecycle]]:
    """Hand in what is added to the lifecycle of users."""
    return [StaffLifecycle]
