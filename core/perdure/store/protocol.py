"""What the layers above ask of a database, and what it gives back: rows and JSON text, no values and no types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeVar

import attrs

from perdure.names import Key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, Engine

    from perdure.lock.protocol import NamedLocks
    from perdure.metrics import Counters
    from perdure.store.callers.delivery import Written

T = TypeVar("T")

Durability = Literal["full", "normal"]
"""What a committed write survives: "full" a loss of power, "normal" a killed process."""

PLAIN = "json"
"""The encoding of a value that is JSON text as it stands."""


class StoredValue(NamedTuple):
    """What a read of one value needs, and nothing more: it is the hot path."""

    text: str | None
    encoding: str
    record_version: int


class Row(NamedTuple):
    """One row of `perdure_status`, in the order of its columns.

    A `text` of None means that nothing is stored: the name was unset, or, at version 0, the row only exists to be locked.
    Times are microseconds since 1970, UTC.
    """

    tenant: str
    module: str
    name: str
    text: str | None
    encoding: str
    version: int
    record_version: int
    created_at: int
    updated_at: int
    actor: str | None

    @property
    def stored(self) -> StoredValue:
        """What a read of the value alone would have returned."""
        return StoredValue(self.text, self.encoding, self.record_version)


class ChangeRow(NamedTuple):
    """One row of `perdure_change`, in the order of its columns: a write, and what it stored.

    A `text` of None means that the name was unset. The time is microseconds since 1970, UTC.
    """

    tenant: str
    module: str
    name: str
    version: int
    operation: str
    text: str | None
    encoding: str
    record_version: int
    change_set: str | None
    actor: str | None
    reason: str | None
    at: int

    @property
    def key(self) -> Key:
        """What was written."""
        return Key(self.tenant, self.module, self.name)

    @property
    def stored(self) -> StoredValue:
        """What a read of the value alone would have returned after this write."""
        return StoredValue(self.text, self.encoding, self.record_version)


class Head(NamedTuple):
    """The version that a key has reached, all of whose changes up to it are committed."""

    tenant: str
    module: str
    name: str
    version: int

    @property
    def key(self) -> Key:
        """Whose version it is."""
        return Key(self.tenant, self.module, self.name)


LATEST = 2**63 - 1
"""A version and a time that none comes after."""


class Mark(NamedTuple):
    """A place in a history of several names, which goes from the latest change to the earliest.

    Attributes:
        at: The time of a change, in microseconds since 1970, UTC.
        module: Its module, name and version, which order changes of one time; or the least there can be.
    """

    at: int
    module: str
    name: str
    version: int


@attrs.frozen
class Content:
    """What is to be stored under a key.

    Attributes:
        text: The JSON text, or None to leave the name not stored.
        record_version: The version of the record that the text is written in.
        encoding: How to read the text.
        newest: The newest version of the record that the writer can read: a value in a newer one is not overwritten. Not given,
            it is the version of this text.
    """

    text: str | None
    record_version: int = 1
    encoding: str = PLAIN
    newest: int = attrs.field(default=attrs.Factory(lambda self: self.record_version, takes_self=True))


@attrs.frozen
class Note:
    """What the history keeps about a change besides its content.

    Attributes:
        operation: What was asked for: `set`, `update`, `unset`, ….
        actor: Who asked, or None where nobody said.
        reason: Why, or None.
        change_set: What several changes of one transaction have in common, or None.
        keep: How many changes of the key are kept, this one included; 0 keeps none.
    """

    operation: str
    actor: str | None = None
    reason: str | None = None
    change_set: str | None = None
    keep: int = 100


class Transaction(Protocol):
    """What can be done within one transaction. Several keys are always taken in sorted order."""

    def lock(self, key: Key) -> Row | None:
        """Read a row and keep every other writer away from its key until the transaction ends.

        Returns:
            The row, or None where there is none yet; the key is locked all the same.
        """
        ...

    def put(self, key: Key, content: Content, note: Note) -> Row:
        """Create or replace the row, move its version by one, write the change to the history, and return what is there now.

        Raises:
            ValueFromNewerVersion: What is stored is newer than the writer can read. The work must let this through: the
                transaction is to be undone.
        """
        ...

    def forget(self, key: Key) -> int:
        """Remove the history of a key, and return how many changes it had. The row stays as it is."""
        ...


class RowStore(Protocol):
    """Rows that can be read and written: everybody's in a database, or as a caller's transaction has them.

    Every method raises a `StoreError` for what the database refuses.
    """

    @property
    def shown(self) -> str:
        """How messages name the database: its URL without a password."""
        ...

    def read_value(self, key: Key) -> StoredValue | None:
        """Return what is stored under the key now, or None where there is no row."""
        ...

    def read(self, key: Key) -> Row | None:
        """Return the row of the key as it is now, or None where there is none."""
        ...

    def read_module(self, tenant: str, module: str) -> Sequence[Row]:
        """Return every row of a module in one query, in the order of the names."""
        ...

    def read_tenant(self, tenant: str) -> Sequence[Row]:
        """Return every row of a tenant in one query, in the order of modules and names."""
        ...

    def read_changes(self, key: Key, *, before: int = LATEST, limit: int) -> Sequence[ChangeRow]:
        """Return the kept changes of a key below a version, the latest first."""
        ...

    def read_changes_after(self, key: Key, version: int, *, limit: int) -> Sequence[ChangeRow]:
        """Return the kept changes of a key above a version, the earliest first."""
        ...

    def read_module_changes(self, tenant: str, module: str, *, before: Mark | None = None, limit: int) -> Sequence[ChangeRow]:
        """Return the kept changes of a module that lie before a place in its history, the latest first."""
        ...

    def read_tenant_changes(self, tenant: str, *, before: Mark | None = None, limit: int) -> Sequence[ChangeRow]:
        """Return the kept changes of a tenant that lie before a place in its history, the latest first."""
        ...

    def read_change_set(self, tenant: str, module: str, change_set: str) -> Sequence[ChangeRow]:
        """Return the kept changes of a module that were made together, in the order of the names."""
        ...

    def read_heads(self, modules: Sequence[tuple[str, str]]) -> Sequence[Head]:
        """Return the version of every key of several (tenant, module), in one query for hundreds of them."""
        ...

    def transact(self, key: Key, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction of its own and commit.

        Args:
            key: What the work is about, for errors; with an empty name, where it is about several of a module.
            work: Called again from the start where the database asks for it (a deadlock, a busy file), so it must do nothing
                that cannot be repeated. It may read from the store and must not call `transact`. What it raises is raised as
                it is, and nothing is written.

        Returns:
            What `work` returned, committed and durable.

        Raises:
            StoreError: The database refused; nothing was written, unless the error is `OutcomeUnknown`.
        """
        ...

    def joined(self, connection: Any) -> RowStore:
        """Return the same rows as the transaction of a caller sees and writes them.

        Args:
            connection: A SQLAlchemy `Connection` or `Session` to this database, in a transaction that the caller ends.

        Raises:
            TransactionRefused: It has no transaction, or leads to another database.
        """
        ...


class WouldWait(Exception):
    """A read that must not wait would have had to; nothing is wrong, and a patient one will do."""


class HastyRows(RowStore, Protocol):
    """The same rows, by reads that never wait: for an event loop, which stands still meanwhile.

    Every read raises `WouldWait` where another connection or thread is in its way. Writes wait as ever.
    """

    def prepare(self) -> None:
        """Connect, unless that is done: what takes time, and is to be called where there is time."""
        ...


class Store(RowStore, Protocol):
    """A database with perdure's tables.

    Every method raises a `StoreError` for what the database refuses, and `AppClosed` after `close()`.

    Attributes:
        upgraded: The versions that its tables went through when it was opened.
    """

    upgraded: tuple[str, ...]

    @property
    def engine(self) -> Engine:
        """What connects to it."""
        ...

    def subscribe(self, callback: Callable[[Written], None]) -> None:
        """Have a function called for every write of this store and of callers' transactions that it joined, once it is committed.

        Args:
            callback: Called in the order of the commits, in the thread that committed. It must be quick and use no connection:
                a caller's has not been given back yet. What it raises is logged, for the write is committed.
        """
        ...

    def tenants(self) -> Sequence[str]:
        """Return every tenant that has a value or a history, once, in order."""
        ...

    def erase_tenant(self, tenant: str) -> int:
        """Remove every value and all history of a tenant in one transaction, and return how many values there were.

        The rows stay, with nothing in them but their keys and versions: a version that came back would let a writer take new
        values for those that it has seen.
        """
        ...

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Have a function called soon after other processes have committed writes, where the database can tell of them.

        Args:
            wake: Called on a thread of the store's own, so it must be quick; called too whenever telling may have been missed.

        Returns:
            What ends it, and waits for its end.
        """
        ...

    def begin(self) -> AbstractContextManager[Connection]:
        """Return a context manager: a connection with a transaction, as durable as the store, committed at the end of the block.

        What the block raises rolls it back and is raised as it is. Enter and leave it on one thread. Until then that thread may
        not write in another way: the write would wait for this transaction.

        Raises:
            StoreError: The database refused; nothing was written, unless the error is `OutcomeUnknown`.
        """
        ...

    def hasty(self) -> HastyRows | None:
        """Return the same rows by reads that never wait, or None where a read is a journey over a network."""
        ...

    def named_locks(self, counters: Counters) -> NamedLocks:
        """Return the locks that modules take by name, where no Redis keeps them."""
        ...

    def ping(self) -> float:
        """Ask the database for nothing, and return the seconds until it answered."""
        ...

    def close(self) -> None:
        """Give everything back; a second call does nothing."""
        ...
