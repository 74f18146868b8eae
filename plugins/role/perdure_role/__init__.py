"""The vocabulary of roles."""

from __future__ import annotations

from perdure import CommonStatuses, StatusFamily, hookimpl

__all__ = ["RoleStatuses"]


class RoleStatuses(CommonStatuses, name="role"):
    """The statuses of a role; plugins add to them with `extends=RoleStatuses`."""


@hookimpl
def perdure_status_families() -> list[type[StatusFamily]]:
    """Hand in the family `role`."""
    return [RoleStatuses]
