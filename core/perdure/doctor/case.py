"""What is to be examined: a database, Redis masters, plugins, and what the application has decided about them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs

from perdure import environment
from perdure.app import MAX_VALUE_BYTES, App
from perdure.plugins.discovery import installed, without_blocked
from perdure.scope.policy import Policy
from perdure.store.sqlite.host_connections import HostConnections
from perdure.store.sqlite.store import SQLiteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import URL, Engine

    from perdure.lock.masters import Master
    from perdure.plugins.discovery import Selection
    from perdure.plugins.registry import Registry


def no_decisions() -> Policy:
    """Return the policy of an application that decides nothing."""
    return Policy(defaults={}, pinned={}, max_value_bytes=MAX_VALUE_BYTES, actor=None, opened_at=datetime.now(UTC))


def silent(_step: str, _count: int) -> None:
    """Tell nobody how far it is."""


@attrs.frozen(kw_only=True)
class Case:
    """What a diagnosis is about.

    Attributes:
        where: The database, a host's engine to it, or None where nobody has named one.
        redis: The Redis masters: their URLs, or an App's clients of them.
        plugins: What is to be loaded, and what is blocked; or what an App that is open has loaded.
        policy: What the application decided about values.
        failure: Why the host's own App could not be opened; None where it could, or is not asked for.
        deep: Whether to read all of a SQLite file and of the history, however long it takes.
        clock: Tells the time here, in seconds since 1970.
        progress: Told of a step that takes long, and how many rows it has seen.
    """

    where: str | URL | Engine | None
    plugins: Selection | Registry
    redis: Sequence[str | Master] = ()
    policy: Policy = attrs.field(factory=no_decisions, repr=False)  # a pin may be a secret
    failure: Exception | None = None
    deep: bool = False
    clock: Callable[[], float] = time.time
    progress: Callable[[str, int], None] = silent

    @classmethod
    def of_what_is_installed(cls, url: str | None = None, redis: Sequence[str] = (), **more: Any) -> Case:
        """Return the case of everything that is pip-installed, on what is named here or in the environment."""
        plugins = without_blocked(installed(), environment.blocked())
        return cls(where=url or environment.url(), redis=redis or environment.redis(), plugins=plugins, **more)

    @classmethod
    def of_app(cls, app: App, **more: Any) -> Case:
        """Return the case of an App that is open."""
        resources = app.resources
        return cls(
            where=place_of(resources.store),
            redis=resources.locks.masters,
            plugins=resources.registry,
            policy=resources.policy,
            **more,
        )


def place_of(store: Any) -> URL | Engine:
    """Return what a store was opened on: what is our own is opened anew, so that nothing can be written to it."""
    if isinstance(store, SQLiteStore) and not isinstance(store.connections, HostConnections):
        return store.location.url
    engine: Engine = store.engine
    return engine
