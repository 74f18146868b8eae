"""Redis masters that answer in time or count as away."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from redis import ConnectionError as RedisConnectionError
from redis import ConnectionPool, Redis
from redis import TimeoutError as RedisTimeoutError
from redis.backoff import NoBackoff
from redis.retry import Retry

from perdure.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ANSWER_WITHIN = 0.25
"""Seconds that a connection, and then an answer, may take."""
REST = 1.0
"""Seconds for which a master that did not answer is not asked again."""
CALLS_AT_ONCE = 100
"""Calls of one process that may wait for one master; each is a thread of pottery's."""
LENGTH_OF_RELEASE = 5
"""EVALSHA, script, 1, key, token; that of an extension has the lease as well."""
EXPECTED = "a list of Redis URLs, each of another master, such as ['redis://redis-1:6379', 'redis://redis-2:6379']"


LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
"""One host, under three names."""


class Master(Redis):
    """A master that is not asked while it is known not to answer, and that gets a release after what it releases.

    pottery asks all masters at once, each in a thread of its own, and leaves behind those that are slower than a majority. A
    hung minority would thus collect threads as fast as locks are taken. So after one timeout the master rests, then one call
    tries it again, and all others fail at once meanwhile.
    """

    rest_until = 0.0

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.calls: dict[int, set[object]] = {}
        self.turns: dict[str, Event] = {}

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send a command, or fail at once.

        Raises:
            redis.RedisError: The master is away, or refuses.
        """
        if args[0] == "SET":
            with self.before_its_release(token=args[2]):
                return self.asked(*args, **options)
        if args[0] == "EVALSHA" and len(args) == LENGTH_OF_RELEASE:
            self.wait_for_what_is_released(token=args[-1])
        return self.asked(*args, **options)

    @contextmanager
    def before_its_release(self, token: str) -> Iterator[None]:
        """Let the release of this token wait for the body, or fail if it was here before: the lock is over by then.

        Without this, one release in a hundred leaves the lock on a master, whose SET was still on its way, until its lease ends.
        """
        done = Event()
        if self.turns.setdefault(token, done) is not done:
            del self.turns[token]
            raise RedisConnectionError("it was asked too late")
        try:
            yield
        finally:
            done.set()

    def wait_for_what_is_released(self, token: str) -> None:
        """Wait until the SET of this token is through, or see to it that it does not happen any more."""
        nothing = Event()
        if (done := self.turns.setdefault(token, nothing)) is not nothing:
            done.wait(2 * ANSWER_WITHIN)
            self.turns.pop(token, None)

    def asked(self, *args: Any, **options: Any) -> Any:
        """Send a command, unless the master rests or too many are waiting for it."""
        now = time.monotonic()
        if now < self.rest_until:
            raise RedisConnectionError(f"it did not answer within {ANSWER_WITHIN} s a moment ago")
        if self.rest_until:
            self.rest_until = now + REST
        # By process: a child inherits the dict, and no thread that would ever take its call out again.
        calls = self.calls.setdefault(os.getpid(), set())
        if len(calls) >= CALLS_AT_ONCE:
            raise RedisConnectionError(f"{CALLS_AT_ONCE} calls are waiting for it")
        call = object()
        calls.add(call)
        try:
            answer = super().execute_command(*args, **options)  # type: ignore[no-untyped-call] # redis-py's own gap
        except RedisTimeoutError:
            self.rest_until = time.monotonic() + REST
            raise
        except Exception:
            self.rest_until = 0.0
            raise
        finally:
            calls.discard(call)
        self.rest_until = 0.0
        return answer


def master_at(url: str) -> Master:
    """Return a client of the master at this URL; nothing is connected yet.

    Raises:
        InvalidArgument: It is no URL of a Redis.
    """
    try:
        pool = ConnectionPool.from_url(url, protocol=2, driver_info=None)  # so that a new connection asks nothing first
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidArgument("redis", f"[{without_password(url)!r}]", EXPECTED) from error
    # Set afterwards, for options in the URL win over arguments.
    pool.connection_kwargs |= {
        "socket_timeout": ANSWER_WITHIN,
        "socket_connect_timeout": ANSWER_WITHIN,
        "retry": Retry(NoBackoff(), 0),
    }
    return Master(connection_pool=pool)


def masters_at(urls: Iterable[str]) -> tuple[Master, ...]:
    """Return clients of the masters that together keep the locks.

    Raises:
        InvalidArgument: There is none, one is named twice, or one is no URL of a Redis.
    """
    listed = [urls] if isinstance(urls, str) else list(urls)
    if not listed or len({place_of(url) for url in listed}) < len(listed):
        raise InvalidArgument("redis", repr([without_password(url) for url in listed]), EXPECTED)
    return tuple(master_at(url) for url in listed)


def place_of(url: str) -> tuple[object, ...]:
    """Return where a URL leads, however it is spelt; a lock on one master that counts as two is never had."""
    try:
        parts = urlsplit(str(url))
        host = "localhost" if parts.hostname in LOCAL else parts.hostname
        return (host, parts.port or 6379, parts.path.strip("/") or "0") if host else (url,)
    except ValueError:
        return (url,)


def without_password(url: str) -> str:
    """Return how messages name a master."""
    try:
        parts = urlsplit(str(url))
    except ValueError:
        return "…"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
