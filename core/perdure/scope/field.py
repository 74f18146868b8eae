"""One name of one module and tenant: reading and writing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar, cast, overload

from perdure.actor import acting
from perdure.errors import StatusNotSet, StatusPinned, ValueCorrupt, ValueRefused, place
from perdure.names import Key, checked_actor, checked_reason
from perdure.records.entry import Entry, moment
from perdure.records.values.codec import Mismatch
from perdure.scope.course import Standing
from perdure.store.protocol import PLAIN, Content, Note

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure.codes.code import StatusCode
    from perdure.lock.protocol import FirstWrites
    from perdure.scope.declared import DeclaredName
    from perdure.scope.policy import Policy
    from perdure.store.protocol import Row, RowStore, StoredValue, Transaction

T = TypeVar("T")
D = TypeVar("D")


class Absent:
    """The type of `ABSENT`."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()
"""Stands for an argument that was not given, where None is a value like any other."""

NOT_STORED: Final = Absent()
"""Stands for a value that is not there."""


class Written(NamedTuple):
    """What a transaction has written.

    Attributes:
        row: The row as it is now.
        value: Its value.
    """

    row: Row
    value: Any


class Field(Generic[T]):
    """One name of a module's status, with its declared type.

    Got from `status.field(lambda record: record.name)`, so that type checkers know `T` for reading and for writing.
    """

    __slots__ = ("declared", "first_writes", "key", "last", "policy", "record", "seen", "store")

    def __init__(  # noqa: PLR0913, PLR0917 - what one name is made of
        self,
        store: RowStore,
        tenant: str,
        declared: DeclaredName,
        policy: Policy,
        record: object,
        first_writes: FirstWrites | None,
    ) -> None:
        """Bind a declared name to a tenant of a store.

        Args:
            store: Where its row is.
            tenant: Whose value it is.
            declared: The name.
            policy: What the application decided.
            record: The whole status, for conditions of a lifecycle.
            first_writes: What orders first writes among processes, or None where the primary key alone does.
        """
        self.store = store
        self.declared = declared
        self.policy = policy
        self.record = record
        self.first_writes = first_writes
        self.seen = False
        self.key = Key(tenant, declared.module, declared.field.stored_name)
        self.last: tuple[StoredValue, Any] | None = None

    @property
    def name(self) -> str:
        """The status name."""
        return self.declared.field.name

    # ----------------------------------------------------------------------- reading

    @overload
    def get(self) -> T | None: ...
    @overload
    def get(self, default: D) -> T | D: ...
    def get(self, default: object = ABSENT) -> object:
        """Return the value as every write committed before now left it. Reading never writes.

        Args:
            default: What to return where nothing is stored; not checked against the declared type.

        Returns:
            The application's pin; else the stored value; else `default` if given; else the application's default; else the
            declared one; else None.

        Raises:
            ValueCorrupt: What is stored does not fit the declaration. It is never taken for a default.
            StoreError: The database cannot be read.
        """
        declared = self.declared
        if declared.pinned is not None:
            return declared.pinned.make()
        stored = self.store.read_value(self.key)
        if stored is None or stored[0] is None:
            if default is not ABSENT:
                return default
            return None if declared.default is None else declared.default.make()
        last = self.last
        if last is not None and last[0] == stored:
            return last[1]
        return self.decoded(stored)

    def is_stored(self) -> bool:
        """Whether a value is stored, be it readable or not."""
        stored = self.store.read_value(self.key)
        return stored is not None and stored.text is not None

    def required(self) -> T:
        """Return the value or its default, as `get` does.

        Raises:
            StatusNotSet: There is neither.
            ValueCorrupt: What is stored does not fit the declaration.
            StoreError: The database cannot be read.
        """
        value = self.get(NOT_STORED)
        return self.default() if isinstance(value, Absent) else value

    def default(self) -> T:
        """Return the application's default, else the declared one, or raise `StatusNotSet`."""
        if self.declared.default is None:
            raise StatusNotSet(self.key.tenant, self.key.module, (self.name,))
        return cast("T", self.declared.default.make())

    def value_in(self, row: Row | None) -> T:
        """Return what a row means: the pin, else its value, else the default; or raise as `required` does."""
        if self.declared.pinned is not None:
            return cast("T", self.declared.pinned.make())
        if row is None or row.text is None:
            return self.default()
        return cast("T", self.decoded(row.stored))

    def entry(self) -> Entry[T] | None:
        """Return the value with its version, times and actor.

        Returns:
            The entry, or None where nothing is stored and nothing pinned. A stored value that cannot be read raises only when
            the entry's `value` is asked for, so that its version can still be seen.

        Raises:
            StoreError: The database cannot be read.
        """
        return self.entry_of(self.store.read(self.key))

    def entry_of(self, row: Row | None) -> Entry[T] | None:
        """Return the entry of a row, or None where it says that nothing is stored and nothing is pinned."""
        if self.declared.pinned is not None:
            return self.entry_with(self.declared.pinned.make(), row, pinned=True)
        if row is None or row.text is None:
            return None
        try:
            return self.entry_with(self.decoded(row.stored), row)
        except ValueCorrupt as error:
            return self.entry_with(None, row, error=error)

    def entry_with(self, value: Any, row: Row | None, *, pinned: bool = False, error: ValueCorrupt | None = None) -> Entry[T]:
        """Return an entry of this name; where its times are damaged, so is the entry."""
        created_at = updated_at = self.policy.opened_at
        if row is not None:
            try:
                created_at, updated_at = moment(row.created_at), moment(row.updated_at)
            except (TypeError, OverflowError):
                error = self.corrupt(self.name, f"expected times in microseconds, got {row.created_at!r} and {row.updated_at!r}")
        return Entry(
            self.name,
            value,
            row.version if row else 0,
            row.record_version if row else 1,
            created_at,
            updated_at,
            row.actor if row else None,
            module=self.key.module,
            tenant=self.key.tenant,
            pinned=pinned,
            secret=self.declared.field.secret,
            error=error,
        )

    def decoded(self, stored: StoredValue) -> Any:
        """Return the value of what is stored, and remember it where every reader may have the same one.

        Raises:
            ValueCorrupt: It does not fit the declaration.
        """
        if not isinstance(stored.text, str):
            raise self.corrupt(self.name, f"expected text, got a BLOB of {len(cast('bytes', stored.text))} bytes")
        if stored.encoding != PLAIN:
            raise self.corrupt(self.name, f"expected the encoding {PLAIN!r}, got {stored.encoding!r}")
        try:
            value = self.declared.codec.decode(stored.text)
        except Mismatch as mismatch:
            raise self.corrupt(mismatch.path, mismatch.problem) from None
        if self.declared.codec.immutable:
            self.last = (stored, value)
        return value

    def corrupt(self, path: str, problem: str) -> ValueCorrupt:
        """Return the error for a stored value that cannot be read."""
        return ValueCorrupt(self.key.tenant, self.key.module, self.name, path, problem)

    # ----------------------------------------------------------------------- writing

    def set(self, value: T, *, actor: str | None = None, reason: str | None = None) -> Entry[T]:
        """Store a value: create it on the first write, replace it afterwards. Durable when this returns.

        Args:
            value: What to store. For an attrs class or dataclass, a dict of its attributes will do.
            actor: Who writes, in 255 characters; else whom `acting_as` names, else the App's actor.
            reason: Why, in 1000 characters; kept in the history.

        Returns:
            What is stored now.

        Raises:
            ValueRefused: The value does not fit its declaration; nothing was written.
            TransitionNotAllowed: The name has a lifecycle, and this is no move of it; nothing was written.
            StatusPinned: The application pins this name; nothing was written.
            StoreError: The database refused; nothing was written, unless the error is `OutcomeUnknown`.
        """
        note = self.note("set", actor, reason)
        accepted = self.declared.accept(self.key.tenant, value)

        def work(transaction: Transaction) -> Written:
            if self.declared.course is not None:
                self.declared.course.check(self.key, self.standing(transaction.lock(self.key)), accepted.value, self.record)
            return Written(transaction.put(self.key, Content(accepted.text), note), accepted.value)

        return self.entry_written(self.transacted(work))

    def update(self, function: Callable[[T], T], *, actor: str | None = None, reason: str | None = None) -> Entry[T]:
        """Replace the value by what a function makes of it, whoever else writes: nobody's update is lost.

        Args:
            function: Given the current value or the default, returns the new one. It runs while the row is locked, so it is to
                be quick; it may be called again where the database asks for a retry; it must not write through the same App.
            actor: Who writes, in 255 characters; else whom `acting_as` names, else the App's actor.
            reason: Why, in 1000 characters; kept in the history.

        Returns:
            What is stored now.

        Raises:
            StatusNotSet: Nothing is stored and there is no default; nothing was written.
            ValueRefused: What the function returned does not fit, or what is stored has keys that this code does not know and
                would lose; nothing was written.
            TransitionNotAllowed: The name has a lifecycle, and this is no move of it; nothing was written.
            ValueCorrupt: What is stored cannot be read; nothing was written.
            StatusPinned: The application pins this name; nothing was written.
            StoreError: The database refused; nothing was written, unless the error is `OutcomeUnknown`.
        """
        note = self.note("update", actor, reason)

        def work(transaction: Transaction) -> Written:
            row = transaction.lock(self.key)
            current = self.value_in(row)
            self.refuse_loss(row, current)
            accepted = self.declared.accept(self.key.tenant, function(current))
            if self.declared.course is not None:
                self.declared.course.check(self.key, self.standing(row), accepted.value, self.record)
            return Written(transaction.put(self.key, Content(accepted.text), note), accepted.value)

        return self.entry_written(self.transacted(work))

    def unset(self, *, actor: str | None = None, reason: str | None = None) -> bool:
        """Bring the name back to not stored, so that defaults count again. Its version goes on from where it was.

        Args:
            actor: Who writes, in 255 characters; else whom `acting_as` names, else the App's actor.
            reason: Why, in 1000 characters; kept in the history.

        Returns:
            Whether anything was stored.

        Raises:
            TransitionNotAllowed: The name has a lifecycle, and has left its initial codes; nothing was written.
            StatusPinned: The application pins this name; nothing was written.
            StoreError: The database refused; nothing was written, unless the error is `OutcomeUnknown`.
        """
        note = self.note("unset", actor, reason)

        def work(transaction: Transaction) -> bool:
            row = transaction.lock(self.key)
            if row is None or row.text is None:
                return False
            if self.declared.course is not None:
                self.declared.course.check_unset(self.key, cast("StatusCode", self.value_in(row)))
            transaction.put(self.key, Content(None), note)
            return True

        # Looking first keeps an unset of what was never written from leaving a row behind.
        return self.is_stored() and self.store.transact(self.key, work)

    def refuse_loss(self, row: Row | None, current: T) -> None:
        """Refuse to update a value that holds more than this code knows: what newer code has added would be lost."""
        if row is None or row.text is None:
            return
        if path := self.declared.codec.unknown_key(row.text, current):
            problem = "the stored value has this key, which the declared type does not know, and an update would lose it"
            path = self.name if self.declared.field.secret else path
            raise ValueRefused(self.key.tenant, self.key.module, self.name, path, f"{problem}. Update it with the code that does")

    def transacted(self, work: Callable[[Transaction], Written]) -> Written:
        """Run a write; the first of a key that this process has not seen waits for its turn among processes.

        The turn keeps the race short and orderly. That only one row comes of it is the doing of the primary key.
        """
        if self.first_writes is None or self.seen or self.store.read_value(self.key) is not None:
            written = self.store.transact(self.key, work)
        else:
            with self.first_writes.ordered(self.key):
                written = self.store.transact(self.key, work)
        self.seen = True
        return written

    def standing(self, row: Row | None) -> Standing:
        """Return from where a value with a lifecycle moves, as a locked row has it."""
        stored = row is not None and row.text is not None
        if not stored and self.declared.default is None:
            return Standing(None, stored=False)
        return Standing(cast("StatusCode", self.value_in(row)), stored=stored)

    def note(self, operation: str, actor: str | None, reason: str | None) -> Note:
        """Return what the history is told of a write, or refuse it."""
        if self.declared.pinned is not None:
            raise StatusPinned(self.key.tenant, self.key.module, self.name)
        if reason is not None:
            checked_reason(reason)
        who = checked_actor(actor) if actor is not None else acting.get() or self.policy.actor
        return Note(operation, who, reason, keep=self.declared.keep)

    def entry_written(self, written: Written) -> Entry[T]:
        """Return the entry of what was just committed. Nothing that could fail is done here: the write has happened."""
        return self.entry_with(written.value, written.row)

    def __repr__(self) -> str:
        return f"Field({place(self.key.tenant, self.key.module, self.name)})"
