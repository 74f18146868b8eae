"""What every SQLite connection is told before it is used."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import attrs

from perdure.errors import StoreUnavailable
from perdure.store.patience import Patience
from perdure.store.sqlite.faults import BUSY_TIMEOUT, code_of, is_busy

if TYPE_CHECKING:
    from perdure.store.protocol import Durability
    from perdure.store.sqlite.location import Location

CONNECT_ARGUMENTS: dict[str, Any] = {
    "isolation_level": None,  # BEGIN is ours: Python's own, deferred one loses updates
    "check_same_thread": False,  # close() comes from another thread; each connection has a lock of its own
    "timeout": BUSY_TIMEOUT,
}


@attrs.frozen
class Pragmas:
    """Prepares the connections of one database.

    Attributes:
        location: The database.
        durability: `full` syncs every commit to the disk, `normal` leaves that to the operating system.
        own_checkpoints: Whether SQLite is to leave the log to `Checkpoints`.
    """

    location: Location
    durability: Durability
    own_checkpoints: bool

    def prepare(self, connection: sqlite3.Connection, _record: object = None) -> None:
        """Set up a connection that was just opened, as a listener to the pool's `connect`; one that cannot be is closed."""
        try:
            connection.execute(f"PRAGMA synchronous = {self.durability}")
            if self.location.path is not None:
                if self.own_checkpoints:
                    connection.execute("PRAGMA wal_autocheckpoint = 0")
                self.write_ahead(connection)
        except BaseException:
            connection.close()
            raise

    def write_ahead(self, connection: sqlite3.Connection) -> None:
        """Switch the file to a write-ahead log, so that readers and the writer do not block each other.

        Raises:
            StoreUnavailable: It can be written and not switched.
        """
        patience = Patience(BUSY_TIMEOUT)
        while True:
            try:
                (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            except sqlite3.Error as error:
                # A new file that another process is switching answers at once, without the busy timeout.
                if is_busy(error) and patience.pause():
                    continue
                if code_of(error) == sqlite3.SQLITE_READONLY:
                    return
                raise
            if mode == "wal" or self.location.read_only:
                return
            problem = f"SQLite keeps the journal mode {mode!r} where perdure needs WAL; is the file on a network file system?"
            raise StoreUnavailable(self.location.shown, problem)
