"""How an order moves."""

from __future__ import annotations

from perdure import Category, Lifecycle, Statuses, transition

MOST_ATTEMPTS = 3
"""How often an order is tried before it has failed for good."""


class OrderLifecycle(Lifecycle, family=Statuses, initial=Statuses.NEW):
    """From a wish to a parcel; a cancelled order stays cancelled, a failed one is tried again."""

    queue = transition(Statuses.NEW, to=Statuses.QUEUED)
    take = transition(Statuses.QUEUED, to=Statuses.PROCESSING)
    complete = transition(Statuses.PROCESSING, to=Statuses.COMPLETED)
    fail = transition(Statuses.PROCESSING, to=Statuses.FAIL)
    retry = transition(Statuses.FAIL, to=Statuses.QUEUED, allow_terminal=True, when=lambda row: row.attempts < MOST_ATTEMPTS)
    cancel = transition(Category.PENDING, Category.ACTIVE, to=Statuses.CANCELLED)
