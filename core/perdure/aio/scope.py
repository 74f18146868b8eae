"""The scope of one module in the async face."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

from perdure.aio.lock import held

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from perdure.aio.status import AsyncModuleStatus
    from perdure.aio.threads import Threads
    from perdure.lock.protocol import HeldLock
    from perdure.records.spec import StatusSpec
    from perdure.scope.scope import Scope

R = TypeVar("R")


@attrs.frozen
class AsyncScope(Generic[R]):
    """What belongs to one module: what `Scope` is, awaited; got from `app.scope(…)`.

    Attributes:
        status: Its values.
        sync: The scope of the sync face.
        threads: Where what could wait runs.
    """

    status: AsyncModuleStatus[R]
    sync: Scope[R] = attrs.field(repr=False, eq=False)
    threads: Threads = attrs.field(repr=False, eq=False)

    @property
    def module(self) -> str:
        """The module's name."""
        return self.sync.module

    @property
    def spec(self) -> StatusSpec[R]:
        """What the module declared."""
        return self.sync.spec

    def lock(self, name: str, *, timeout: float = 10.0, lease: float = 30.0) -> AbstractAsyncContextManager[HeldLock]:
        """Hold a lock of this module's and tenant's own, among all processes of the application; see `Scope.lock`.

        Waiting for it takes no thread. `held.check()` may be called in the loop.
        """
        return held(partial(self.sync.lock, name), self.threads, patience=timeout, lease=lease)
