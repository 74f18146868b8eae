"""What this module adds to the accounts of users, together with what was there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from perdure import TransitionNotAllowed
from perdure.testing.lifecycle_suite import LifecycleSuite
from perdure_user import UserLifecycle
from staff_leave import STATUS, StaffStatuses

if TYPE_CHECKING:
    from perdure import App
    from perdure.testing.changes import Changes
    from perdure.testing.overriding import Override

pytestmark = pytest.mark.perdure("staff-leave")


class TestAccounts(LifecycleSuite):
    """How an account moves where this module is installed."""

    lifecycle = UserLifecycle


def test_a_deputy_comes_back_before_the_archive(perdure_app: App, perdure_override: Override, perdure_changes: Changes) -> None:
    """Who is on leave is not active, and is not put away either."""
    deputy = perdure_app.scope(STATUS).status.field(lambda record: record.deputy)
    perdure_override(STATUS, deputy=StaffStatuses.ON_LEAVE)
    with pytest.raises(TransitionNotAllowed):
        deputy.set(StaffStatuses.BLOCKED)
    deputy.set(StaffStatuses.ACTIVATED)
    assert perdure_changes.values() == [("staff-leave", "deputy", StaffStatuses.ACTIVATED)]
