"""The locks that an App works with, chosen by what it was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from perdure.errors import AppClosed, InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from perdure.lock.masters import Master
    from perdure.lock.protocol import FirstWrites, HeldLock, NamedLocks
    from perdure.store.protocol import Store


@attrs.define(eq=False)
class Locks:
    """What keeps an App's locks.

    Attributes:
        kept_by: What keeps the locks that modules take by name.
        shown: How messages name the App's database.
        first_writes: What orders first writes among processes, or None where the primary key alone does.
        masters: The Redis masters to be closed with the App.
        closed: Whether the App is closed.
    """

    kept_by: NamedLocks
    shown: str
    first_writes: FirstWrites | None = None
    masters: Sequence[Master] = ()
    closed: bool = False

    def hold(self, tenant: str, module: str, name: str, *, timeout: float, lease: float) -> AbstractContextManager[HeldLock]:
        """Return a context whose body runs while nobody else holds the lock; see `NamedLocks`.

        Raises:
            AppClosed: The App is closed.
        """
        if self.closed:
            raise AppClosed(self.shown)
        return self.kept_by.hold(tenant, module, name, timeout=timeout, lease=lease)

    def close(self) -> None:
        """Give the connections back; afterwards no lock is to be had."""
        self.closed = True
        for master in self.masters:
            master.close()


def locks_for(store: Store, redis: Sequence[str], *, required: bool) -> Locks:
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
        return Locks(store.named_locks(), store.shown)
    # pottery costs 130 ms to import and changes json while it does: only those who gave Redis pay for it.
    from perdure.lock.masters import masters_at  # noqa: PLC0415 - start-up time
    from perdure.lock.redlock import RedlockFirstWrites, RedlockNamedLocks  # noqa: PLC0415 - start-up time

    masters = masters_at(redis)
    first_writes = RedlockFirstWrites(masters, store.counters, required=required)
    return Locks(RedlockNamedLocks(masters, store.counters), store.shown, first_writes, masters)
