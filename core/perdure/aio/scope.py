"""The scope of one module in the async face."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

from perdure.names import Key, checked_name

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from perdure.aio.lock import Locking
    from perdure.aio.status import AsyncModuleStatus
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
        locking: What holds its named locks.
    """

    status: AsyncModuleStatus[R]
    sync: Scope[R] = attrs.field(repr=False, eq=False)
    locking: Locking = attrs.field(repr=False, eq=False)

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

        Waiting for it takes no thread, and tasks of one App have it in the order in which they came. `held.check()` may be called
        in the loop.
        """
        self.sync.lock(name, timeout=timeout, lease=lease)  # never entered: it refuses now what the sync face refuses at once
        place = Key(self.sync.status.tenant, self.sync.spec.stored_module, checked_name(name))
        return self.locking.held(place, partial(self.sync.lock, name), patience=timeout, lease=lease)
