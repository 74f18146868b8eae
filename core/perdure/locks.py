"""The locks that an App works with, chosen by what it was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from perdure.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perdure.lock.protocol import FirstWrites, NamedLocks
    from perdure.metrics import Counters
    from perdure.store.protocol import Store


@attrs.frozen
class Locks:
    """What keeps an App's locks.

    Attributes:
        named: The locks that modules take by name.
        first_writes: What orders first writes among processes, or None where the primary key alone does.
        close: Gives their connections back.
    """

    named: NamedLocks
    first_writes: FirstWrites | None = None
    close: Callable[[], None] = lambda: None


def locks_for(store: Store, redis: Sequence[str], counters: Counters, *, required: bool) -> Locks:
    """Return the locks of an App: Redlock where Redis is given, else those of its database.

    Args:
        store: The App's database.
        redis: The URLs of Redis masters, which do not replicate one another; none means no Redlock.
        counters: What counts waits and losses.
        required: Whether a first write without its lock is refused.

    Raises:
        InvalidArgument: A URL is none, or a lock is required and no Redis given.
    """
    if not redis:
        if required:
            raise InvalidArgument("lock_required", "True", "redis=… beside it: without Redis no first write takes a lock")
        return Locks(store.named_locks(counters))
    # pottery costs 130 ms to import and changes json while it does: only those who gave Redis pay for it.
    from perdure.lock.masters import masters_at  # noqa: PLC0415 - start-up time
    from perdure.lock.redlock import RedlockFirstWrites, RedlockNamedLocks  # noqa: PLC0415 - start-up time

    masters = masters_at(redis)

    def close() -> None:
        for master in masters:
            master.close()

    return Locks(RedlockNamedLocks(masters, counters), RedlockFirstWrites(masters, counters, required=required), close)
