"""Named locks that a database server keeps, for a session of its own per lock."""

from __future__ import annotations

import ctypes
import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from perdure.lock.held import checked_spans, held
from perdure.lock.keys import named_key
from perdure.lock.protocol import HELD_BY_ANOTHER, Gone, Refusal
from perdure.names import Key

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, Engine

    from perdure.lock.protocol import HeldLock
    from perdure.metrics import Counters


class SessionLocks(Protocol):
    """How a server locks a key for a session."""

    def lock(self, connection: Connection, key: str) -> bool:
        """Lock it for this session if it is free, and say whether it was."""
        ...

    def holds(self, connection: Connection, key: str) -> bool:
        """Whether this session holds it."""
        ...

    def unlock(self, connection: Connection, key: str) -> bool:
        """Unlock it, and say whether this session held it."""
        ...


class PostgreSQLSessionLocks:
    """`pg_try_advisory_lock`, which locks a number."""

    def lock(self, connection: Connection, key: str) -> bool:
        """See `SessionLocks.lock`."""
        return asked(connection, "SELECT pg_try_advisory_lock(%s)", number(key))

    def holds(self, connection: Connection, key: str) -> bool:
        """See `SessionLocks.holds`."""
        held_here = (
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND pid = pg_backend_pid() "
            "AND (classid::bigint << 32) + objid::bigint = %s AND granted)"
        )
        return asked(connection, held_here, number(key))

    def unlock(self, connection: Connection, key: str) -> bool:
        """See `SessionLocks.unlock`."""
        return asked(connection, "SELECT pg_advisory_unlock(%s)", number(key))


class MariaDBSessionLocks:
    """`GET_LOCK`, which locks a text of up to 64 characters."""

    def lock(self, connection: Connection, key: str) -> bool:
        """See `SessionLocks.lock`."""
        return asked(connection, "SELECT GET_LOCK(%s, 0)", key)

    def holds(self, connection: Connection, key: str) -> bool:
        """See `SessionLocks.holds`."""
        return asked(connection, "SELECT IS_USED_LOCK(%s) = CONNECTION_ID()", key)

    def unlock(self, connection: Connection, key: str) -> bool:
        """See `SessionLocks.unlock`."""
        return asked(connection, "SELECT RELEASE_LOCK(%s)", key)


def asked(connection: Connection, question: str, key: str | int) -> bool:
    """Return the server's answer to a question about a key."""
    return bool(connection.exec_driver_sql(question, (key,)).scalar())


def number(key: str) -> int:
    """Return the signed 64 bits by which PostgreSQL knows a key."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big", signed=True)


class AdvisoryNamedLocks:
    """Named locks between machines that share a database server.

    Each lock that is held or waited for has a connection of its own, beside the engine's pool: it lasts as long as the
    session, and no transaction may depend on it.

    Args:
        engine: Where connections come from.
        session_locks: How this server locks.
        counters: Where waits and losses are counted.
    """

    def __init__(self, engine: Engine, session_locks: SessionLocks, counters: Counters) -> None:
        self.engine = engine
        self.session_locks = session_locks
        self.counters = counters

    def hold(self, tenant: str, module: str, name: str, *, timeout: float, lease: float) -> AbstractContextManager[HeldLock]:
        """See `NamedLocks.hold`; a session that is silent for the lease counts as lost."""
        checked_spans(timeout, lease)
        grip = AdvisoryGrip(self.engine, self.session_locks, named_key(tenant, module, name))
        return held(grip, Key(tenant, module, name), timeout=timeout, lease=lease, counters=self.counters)


class AdvisoryGrip:
    """One hold on one lock of a server, with the connection that it lasts as long as."""

    lasting = False

    def __init__(self, engine: Engine, session_locks: SessionLocks, key: str) -> None:
        self.engine = engine
        self.session_locks = session_locks
        self.key = key
        self.connection: Connection | None = None
        self.had = False

    def take(self) -> Refusal | None:
        """Connect, if that is not done yet, and ask the server once."""
        try:
            if self.connection is None:
                self.connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                self.connection.detach()
            self.had = self.session_locks.lock(self.connection, self.key)
        except Exception as error:  # noqa: BLE001 - whatever a driver, a pool or a network can raise
            self.release()
            return Refusal(f"the database cannot be asked: {error}", broken=True)
        return None if self.had else HELD_BY_ANOTHER

    def renew(self) -> bool:
        """Ask the server whether this session still holds the lock."""
        try:
            if self.connection and self.session_locks.holds(self.connection, self.key):
                return True
        except Exception as error:
            raise Gone(f"its connection to the database broke: {error}") from error
        raise Gone("the database does not know of it any more")

    def release(self) -> bool:
        """Unlock, and close the connection, which unlocks too."""
        connection, self.connection = self.connection, None
        had, self.had = self.had, False
        if connection is None:
            return True
        try:
            return not had or self.session_locks.unlock(connection, self.key)
        except Exception:  # noqa: BLE001 - the session is gone, and the lock with it
            return False
        finally:
            with suppress(Exception):
                connection.close()

    def disown(self) -> None:
        """Let nothing ever close the connection, not even the end of the child: that would end the parent's session."""
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self.connection))
