"""Locks on Redis masters: pottery's Redlock, kept to its time and to itself.

The only file that imports pottery, and imported only where a Redis was given.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from redis import Redis, RedisError

from perdure.errors import LockUnavailable
from perdure.lock.held import checked_spans, held
from perdure.lock.keys import first_write_key, named_key
from perdure.lock.outage import Outage
from perdure.lock.protocol import HELD_BY_ANOTHER, Gone, Refusal
from perdure.lock.waiting import taken
from perdure.names import Key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from perdure.lock.masters import Master
    from perdure.lock.protocol import HeldLock
    from perdure.metrics import Counters


@contextmanager
def process_as_it_was() -> Iterator[None]:
    """Keep what `import pottery` would change, `json.dumps`, and take away what it would fail by, a malformed REDIS_URL."""
    dumps, url = json.dumps, os.environ.get("REDIS_URL")
    if url is not None:
        try:
            Redis.from_url(url).close()
        except Exception:  # noqa: BLE001 - whatever it is, pottery would fail by it
            del os.environ["REDIS_URL"]
    try:
        yield
    finally:
        json.dumps = dumps
        if url is not None:
            os.environ["REDIS_URL"] = url


with process_as_it_was():
    from pottery import ExtendUnlockedLock, QuorumIsImpossible, Redlock, ReleaseUnlockedLock

WAIT = 2.0
"""Seconds that a first write waits for its lock."""
LEASE = 5.0
"""Seconds after which the lock of a first write ends by itself."""
FAILURES = (RedisError, RuntimeError, OSError, ValueError)
"""What a try can fail by: pottery's own errors, and no new threads at the end of the interpreter, are RuntimeErrors."""


class PerdureRedlock(Redlock):
    """pottery's lock under a name by which its log can be told from that of a host who uses pottery too."""


def not_ours(record: logging.LogRecord) -> bool:
    """Whether a line of pottery's log is about another's lock: of ours it has a traceback per master and try."""
    return not (isinstance(record.args, tuple) and record.args[:1] == (PerdureRedlock.__qualname__,))


logging.getLogger("pottery").addFilter(not_ours)


class RedlockFirstWrites:
    """Puts first writes in order by a Redlock, for as long as it can be had in time.

    Args:
        masters: The Redis masters; the caller closes them.
        counters: Where waits and writes without a lock are counted.
        required: Whether to raise `LockUnavailable` rather than write without the lock.
        wait: Seconds to wait for a lock. Masters that are away are waited for only where the lock is required.
        lease: Seconds after which a lock ends by itself.
    """

    def __init__(
        self, masters: Sequence[Master], counters: Counters, *, required: bool = False, wait: float = WAIT, lease: float = LEASE
    ) -> None:
        self.masters = masters
        self.counters = counters
        self.required = required
        self.wait = wait
        self.lease = lease
        self.outage = Outage()

    @contextmanager
    def ordered(self, key: Key) -> Iterator[None]:
        """See `FirstWrites.ordered`."""
        grip = RedlockGrip(self.masters, first_write_key(*key), self.lease)
        try:
            self.take(grip, key)
            yield
        finally:
            grip.release()

    def take(self, grip: RedlockGrip, key: Key) -> None:
        """Take the lock, or note that this write goes without it."""
        outcome = taken(grip, self.wait, self.counters, even_if_broken=self.required)
        if not isinstance(outcome, Refusal):
            self.outage.ended()
        elif self.required:
            raise LockUnavailable(*key, self.wait, outcome.problem)
        else:
            self.counters.first_writes_without_lock.count()
            self.outage.happened(outcome.problem)


class RedlockNamedLocks:
    """Named locks between machines.

    Args:
        masters: The Redis masters; the caller closes them.
        counters: Where waits and losses are counted.
    """

    def __init__(self, masters: Sequence[Master], counters: Counters) -> None:
        self.masters = masters
        self.counters = counters

    def hold(self, tenant: str, module: str, name: str, *, timeout: float, lease: float) -> AbstractContextManager[HeldLock]:
        """See `NamedLocks.hold`; masters that are away are waited for, and nothing takes their place."""
        checked_spans(timeout, lease)
        grip = RedlockGrip(self.masters, named_key(tenant, module, name), lease)
        return held(grip, Key(tenant, module, name), timeout=timeout, lease=lease, counters=self.counters)


class RedlockGrip:
    """One hold on one Redlock: a new one each time, for a second acquisition would overwrite the token of the first."""

    lasting = False

    def __init__(self, masters: Sequence[Master], key: str, lease: float) -> None:
        self.lock = PerdureRedlock(
            key=key, masters=masters, raise_on_redis_errors=True, auto_release_time=lease, num_extensions=sys.maxsize
        )
        self.pid = os.getpid()
        self.had = False

    def take(self) -> Refusal | None:
        """Ask every master once."""
        try:
            self.had = self.lock.acquire(blocking=False)
        except FAILURES as error:
            return Refusal(told(error), broken=True)
        return None if self.had else HELD_BY_ANOTHER

    def renew(self) -> bool:
        """Begin the lease anew on a majority."""
        try:
            self.lock.extend()
        except ExtendUnlockedLock as error:
            if error.redis_errors:
                return False
            raise Gone("the Redis masters do not know of it any more") from error
        except FAILURES:
            return False
        return True

    def release(self) -> bool:
        """Give the lock back, unless it is the parent's; what is not given back ends with its lease."""
        if not self.had or os.getpid() != self.pid:
            return True
        self.had = False
        try:
            self.lock.release()
        except ReleaseUnlockedLock as error:
            return bool(error.redis_errors)
        except FAILURES:
            return True
        return True

    def disown(self) -> None:
        """Do nothing: Redis knows no connections, only tokens."""


def told(error: Exception) -> str:
    """Return what happened to a try, in one line."""
    if isinstance(error, QuorumIsImpossible):
        failed = list(error.redis_errors)
        first = f"{type(failed[0]).__name__}: {str(failed[0]).rstrip('.')}"
        return f"{len(failed)} of {len(list(error.masters))} Redis masters failed, the first with {first}"
    return f"the Redis masters cannot be asked: {type(error).__name__}: {error}"
