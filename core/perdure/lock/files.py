"""Named locks between the processes of one machine, for a SQLite file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure.lock.held import checked_spans, held
from perdure.lock.keys import named_key
from perdure.lock.protocol import HELD_BY_ANOTHER, Refusal
from perdure.names import Key

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from filelock import FileLock

    from perdure.lock.protocol import HeldLock
    from perdure.metrics import Counters


class FileNamedLocks:
    """Named locks by files in a folder beside the database, `app.db.locks`, one empty file per name.

    The kernel holds them (flock), so that they end with their process, whatever ends it. The files stay: deleting one while
    somebody opens it would give two processes the same lock.

    Args:
        database: The database's file.
        counters: Where waits and losses are counted.
    """

    def __init__(self, database: Path, counters: Counters) -> None:
        real = database.resolve()  # two ways to one database must lead to one folder
        self.folder = real.with_name(f"{real.name}.locks")
        self.counters = counters

    def hold(self, tenant: str, module: str, name: str, *, timeout: float, lease: float) -> AbstractContextManager[HeldLock]:
        """See `NamedLocks.hold`; the lease is not needed, for the kernel knows when a process ended."""
        checked_spans(timeout, lease)
        grip = FileGrip(self.folder / f"{named_key(tenant, module, name)}.lock")
        return held(grip, Key(tenant, module, name), timeout=timeout, lease=lease, counters=self.counters)


class FileGrip:
    """One hold on one file. A forked child has none: `filelock` closes there what was inherited."""

    lasting = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock: FileLock | None = None
        self.identity: tuple[int, int] | None = None

    def take(self) -> Refusal | None:
        """Lock the file, making it if it is not there."""
        from filelock import FileLock, Timeout  # noqa: PLC0415 - start-up time: few programs lock, and an event loop never waits for this

        if self.lock is None:
            # Entered in one thread and left in another, as an event loop's workers do, it is still one lock.
            self.lock = FileLock(self.path, blocking=False, thread_local=False, fallback_to_soft=False)
        try:
            self.path.parent.mkdir(exist_ok=True)
            self.lock.acquire()
            self.identity = self.found()
        except Timeout:
            return HELD_BY_ANOTHER
        except OSError as error:
            return Refusal(f"its file cannot be locked: {error}", broken=True)
        return None

    def renew(self) -> bool:
        """Do nothing: it lasts."""
        return True

    def release(self) -> bool:
        """Unlock the file, and tell if it was deleted meanwhile, for then another may have made and locked a new one."""
        if self.lock is None or not self.lock.is_locked:
            return True
        kept = self.found() == self.identity
        self.lock.release()
        return kept

    def disown(self) -> None:
        """Do nothing: the file is closed already."""

    def found(self) -> tuple[int, int] | None:
        """Return what tells the file from every other, or None where there is none."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino
