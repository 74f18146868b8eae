"""What the shared half of the server stores asks of one database's driver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.engine import Dialect

    from perdure.lock.advisory import SessionLocks
    from perdure.store.faults import Refusal
    from perdure.store.statement import Execute
    from perdure.store.statements import Statements


class Driver(Protocol):
    """How one database is spoken to on a bare connection of its driver."""

    @property
    def product(self) -> str:
        """The name of the database system, for messages."""
        ...

    @property
    def error(self) -> type[Exception]:
        """What every error of the driver is."""
        ...

    @property
    def statements(self) -> Statements:
        """The statements, compiled for it."""
        ...

    @property
    def session_locks(self) -> SessionLocks:
        """How its sessions lock a key."""
        ...

    def compiled(self, dialect: Dialect) -> Statements:
        """Return the statements, compiled for a dialect of it whose parameters are positional."""
        ...

    @property
    def opening(self) -> str:
        """A query that makes the transaction in which it runs as durable as was asked for."""
        ...

    @property
    def isolation(self) -> str:
        """How transactions of our own are isolated, where an engine says nothing of use."""
        ...

    def is_autocommit(self, connection: Any) -> bool:
        """Tell whether a connection is in autocommit."""
        ...

    def autocommit(self, connection: Any) -> bool:
        """Put a connection into autocommit, undoing what was left open on it, and return whether it was so before."""
        ...

    def no_autocommit(self, connection: Any) -> None:
        """Put a connection back."""
        ...

    def query(self, connection: Any) -> Callable[[str, Sequence[object]], Sequence[Any]]:
        """Return what runs a query on the connection and fetches all, as fast as the driver can."""
        ...

    def begin(self, connection: Any) -> None:
        """Begin a transaction on a connection in autocommit."""
        ...

    def executing(self, connection: Any) -> Execute:
        """Return what runs a statement on the connection; what the last one gave back is gone with the next."""
        ...

    def refusal(self, error: BaseException) -> Refusal:
        """Return what an error of the driver means."""
        ...
