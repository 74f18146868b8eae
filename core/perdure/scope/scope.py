"""The scope of one module: what is its own within an application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

from perdure.names import checked_name

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from perdure.lock.protocol import HeldLock, NamedLocks
    from perdure.records.spec import StatusSpec
    from perdure.scope.status import ModuleStatus

R = TypeVar("R")


@attrs.frozen
class Scope(Generic[R]):
    """What belongs to one module; got from `app.scope(…)`.

    Attributes:
        spec: What the module declared.
        status: Its values.
        locks: What keeps its named locks.
    """

    spec: StatusSpec[R]
    status: ModuleStatus[R]
    locks: NamedLocks = attrs.field(repr=False, eq=False)

    @property
    def module(self) -> str:
        """The module's name."""
        return self.spec.module

    def lock(self, name: str, *, timeout: float = 10.0, lease: float = 30.0) -> AbstractContextManager[HeldLock]:
        """Hold a lock of this module's and tenant's own, among all processes of the application.

        It is renewed while the block runs. Redlock keeps it where the App was given Redis, else the database server, else a file
        beside the SQLite file. It orders work and saves double work; what must never happen twice is for the database to refuse.

        ```python
        with scope.lock("nightly-report", timeout=0) as held:
            ...
            held.check()  # before what must not be done twice
        ```

        Args:
            name: What is locked, in 255 characters.
            timeout: How long to wait for it, in seconds; 0 tries once.
            lease: How long it may show no sign of life, in seconds. Redlock frees it for others then; a database server and a
                file keep it for as long as the holder's session or process lives, and free it at once when that ends.

        Returns:
            A context manager; it gives the held lock, of which `lost` and `check()` tell whether it still is.

        Raises:
            LockUnavailable: Somebody else held it all the time, or what keeps it cannot be reached.
            LockLost: When the block ends: the lock could not be renewed meanwhile.
        """
        # Under its first name, which code from before a rename knows it by.
        stored_module = self.spec.stored_module
        return self.locks.hold(self.status.tenant, stored_module, checked_name(name), timeout=timeout, lease=lease)
