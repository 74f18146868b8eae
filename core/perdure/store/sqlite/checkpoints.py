"""When the write-ahead log is copied back, where SQLite's own way of doing so is not safe.

Source of the fault and its fixes: https://sqlite.org/wal.html#walresetbug. A commit that resets the log while another
connection's automatic (PASSIVE) checkpoint starts can make a later checkpoint skip pages. RESTART and TRUNCATE checkpoints hold
the writer's lock, so they cannot meet such a commit.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from pathlib import Path

COMMITS = 500
"""How many commits of one process may lie in the log before it is copied back, so that the next ones begin it anew: to write
over a file takes half as long as to make it grow."""

GROWN = 32 * 1024 * 1024
"""From how many bytes on it is emptied as well: values are long, or many processes end before they have so many commits."""

LOOK_EVERY = 16
"""Of how many commits one is followed by a look at the log: the first of a process, and every so many after it."""

SHORT_WAIT = 0.1
"""Seconds for which a commit waits for readers, whose old snapshot keeps the log from being emptied."""

FIRST_REST = 0.5
LONGEST_REST = 30.0

logger = logging.getLogger("perdure.store")


def has_wal_reset_fault(version: tuple[int, int, int]) -> bool:
    """Tell whether this SQLite can lose commits when an automatic checkpoint meets a commit that resets the log."""
    if version < (3, 7, 0) or version >= (3, 51, 3):
        return False
    return not ((3, 44, 6) <= version < (3, 45, 0) or (3, 50, 7) <= version < (3, 51, 0))


class Checkpoints:
    """Keeps the log of one database short.

    Args:
        path: The database's file.
        grown: From how many bytes on the log is emptied.
        busy_timeout: The seconds that connections wait otherwise, to be restored.
    """

    def __init__(self, path: Path, *, busy_timeout: float, grown: int = GROWN) -> None:
        self.log = Path(f"{path}-wal")
        self.busy_timeout = busy_timeout
        self.grown = grown
        self.rest = 0.0
        self.not_before = 0.0
        self.commits = 0

    def after_commit(self, connection: sqlite3.Connection) -> None:
        """Copy the log back if there is much in it; where a reader prevents that, leave it for a while."""
        self.commits += 1  # of any thread; one that is missed is the next one's
        if self.commits % LOOK_EVERY != 1 or time.monotonic() < self.not_before:
            return
        grown = self.size() >= self.grown
        if not grown and self.commits < COMMITS:
            return
        if self.copied_back(connection, "TRUNCATE" if grown else "RESTART"):
            self.rest = 0.0
            self.commits = 0
        else:
            self.rest = min(max(2 * self.rest, FIRST_REST), LONGEST_REST)
            self.not_before = time.monotonic() + self.rest

    def size(self) -> int:
        """Return how many bytes the log has."""
        try:
            return self.log.stat().st_size
        except OSError:
            return 0

    def copied_back(self, connection: sqlite3.Connection, mode: str) -> bool:
        """Copy the log back, and say whether nothing of it is needed any more."""
        connection.execute(f"PRAGMA busy_timeout = {SHORT_WAIT * 1000:.0f}")
        try:
            busy, _frames, _copied = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        except sqlite3.Error as error:
            # The write that came before is committed and must not look failed.
            logger.warning("perdure could not copy back the log %s: %s", self.log, error)
            return False
        finally:
            connection.execute(f"PRAGMA busy_timeout = {self.busy_timeout * 1000:.0f}")
        return not busy
