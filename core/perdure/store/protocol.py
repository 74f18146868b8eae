"""What the layers above ask of a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from perdure.store.rows import LATEST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, Engine

    from perdure.lock.protocol import NamedLocks
    from perdure.metrics import Counters
    from perdure.names import Key
    from perdure.store.rows import Cells, ChangeRow, Content, Head, Mark, Note, Row, StoredValue, Written

T = TypeVar("T")

Durability = Literal["full", "normal"]
"""What a committed write survives: "full" a loss of power, "normal" a killed process."""


class Transaction(Protocol):
    """What can be done within one transaction. Several keys are always taken in sorted order."""

    @property
    def written(self) -> Sequence[Written]:
        """Every write so far, in order."""
        ...

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

    def reading(self, key: Key) -> Callable[[], Cells | None]:
        """Return what reads the value of one key, as `read_value` does, as often as it is called: the hot path of every `get`."""
        ...

    def read(self, key: Key) -> Row | None:
        """Return the row of the key as it is now, or None where there is none."""
        ...

    def read_module(self, tenant: str, module: str) -> Sequence[Row]:
        """Return every row of a module in one query, in the order of the names."""
        ...

    def read_values(self, tenant: str, module: str) -> Mapping[str, Cells]:
        """Return every value of a module by its name, in one query."""
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

    def aged(self, seconds: float, on_outage: float) -> AgedRowStore | None:
        """Return the same rows, read as they were a while ago; None within a caller's transaction, where all is as it is there.

        Args:
            seconds: How many seconds old what is told of a row, and of what is stored, may be.
            on_outage: How many more while the database is away.
        """
        ...

    def hasty(self) -> HastyRows | None:
        """Return the same rows by reads that never wait, or None where every read is a journey over a network."""
        ...


class Remembered(Protocol):
    """All rows of a module as they were at one time."""

    @property
    def at(self) -> float:
        """The time, in seconds by the clock of who remembers them."""
        ...

    @property
    def values(self) -> Mapping[str, Cells]:
        """What was stored, by the names under which it is."""
        ...

    @property
    def made(self) -> dict[str, Any]:
        """What those who read it have made of it, by the names that they know: theirs to fill."""
        ...


class Memory(Protocol):
    """Where a module's rows are remembered."""

    @property
    def state(self) -> Remembered:
        """The rows as they are remembered now; replaced as a whole."""
        ...


class AgedRowStore(RowStore, Protocol):
    """Rows that may be a little old where they are read."""

    @property
    def seconds(self) -> float:
        """How old they may be."""
        ...

    @property
    def clock(self) -> Callable[[], float]:
        """What tells the time, in seconds."""
        ...

    @property
    def count_hit(self) -> Callable[[], object]:
        """What counts a read that memory answered."""
        ...

    def memory(self, tenant: str, module: str) -> Memory:
        """Return where a module's rows are remembered, be they young enough or not."""
        ...

    def young(self, memory: Any) -> Remembered:
        """Return the rows that a memory of this store has, if they are young enough, else those of the database.

        Raises:
            StoreUnavailable: The database is away, and what is remembered is too old even for that.
        """
        ...


class WouldWait(Exception):
    """A read that must not wait would have had to; nothing is wrong, and a patient one will do."""


MOST_TEXT = 8192
"""How many characters are little enough to make values of while an event loop stands still: an eighth of the longest value that
an App takes unless it is told otherwise."""


class HastyRows(RowStore, Protocol):
    """The same rows, by reads that never wait: for an event loop, which stands still meanwhile.

    Every read raises `WouldWait` where another connection or thread is in its way. Writes wait as ever.
    """

    def prepare(self) -> None:
        """Connect, unless that is done: what takes time, and is to be called where there is time."""
        ...


class AskedCommit(Protocol):
    """A COMMIT that a caller has asked for, on a connection that he may still hold; held weakly, gone once its end is told."""

    @property
    def succeeded(self) -> bool:
        """Whether it is through, as the driver has it, without asking the database; False too where it has failed."""
        ...


class Observer(Protocol):
    """Who must know of writes at once, and of all that belong together.

    Its methods are called in the thread that commits. They must be quick and use no connection. What they raise is logged, for
    the write is committed, or the caller is about to.
    """

    def noted(self, written: Sequence[Written]) -> None:
        """Take what a transaction has written, which is committed: maybe once more, after its `AskedCommit` has succeeded."""
        ...

    def committing(self, commit: AskedCommit, written: Sequence[Written]) -> None:
        """Take what a caller's transaction has written, of which COMMIT was asked; the same again where that is asked again."""
        ...


class Store(RowStore, Protocol):
    """A database with perdure's tables.

    Every method raises a `StoreError` for what the database refuses, and `AppClosed` after `close()`.

    Attributes:
        upgraded: The versions that its tables went through when it was opened.
        counters: What it counts: its reads, writes, conflicts and retries. What works with it counts there, too.
    """

    upgraded: tuple[str, ...]
    counters: Counters

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

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Have every transaction that `subscribe` tells of told of as a whole, and of callers' before their COMMIT too.

        Returns:
            What ends it; a second call does nothing.
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

    def named_locks(self) -> NamedLocks:
        """Return the locks that modules take by name, where no Redis keeps them."""
        ...

    def ping(self) -> float:
        """Ask the database for nothing, and return the seconds until it answered."""
        ...

    def close(self) -> None:
        """Give everything back; a second call does nothing."""
        ...
