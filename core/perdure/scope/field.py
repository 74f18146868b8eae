"""One name of one module and tenant: reading and writing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from perdure.actor import acting
from perdure.errors import StatusPinned, UnknownVersion, ValueFromNewerVersion, ValueRefused, VersionConflict, place
from perdure.names import checked_actor, checked_reason
from perdure.scope.changes import counted
from perdure.scope.field_reading import FieldReading, means_a_value
from perdure.scope.write import Write, Written
from perdure.store.rows import LATEST, Note

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure.lock.protocol import FirstWrites
    from perdure.records.entry import Entry
    from perdure.scope.declared import DeclaredName
    from perdure.scope.policy import Policy
    from perdure.store.protocol import RowStore, Transaction
    from perdure.store.rows import Cells, ChangeRow

T = TypeVar("T")


class Field(FieldReading[T]):
    """One name of a module's status, with its declared type.

    Got from `status.field(lambda record: record.name)`, so that type checkers know `T` for reading and for writing.
    """

    __slots__ = ("first_writes", "record", "seen")

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
        super().__init__(store, tenant, declared, policy)
        self.record = record
        self.first_writes = first_writes
        self.seen = False

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
            ValueFromNewerVersion: What is stored is newer than this code can read; nothing was written.
            StoreError: The database refused; nothing was written, unless the error is `OutcomeUnknown`.
        """
        write = self.next(value, self.note("set", actor, reason))

        def work(transaction: Transaction) -> Written:
            if write.needs_lock:
                write.check(transaction.lock(self.key))
            return write.put(transaction)

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
            ValueFromNewerVersion: What is stored is newer than this code can read; nothing was written.
            StatusPinned: The application pins this name; nothing was written.
            StoreError: The database refused; nothing was written, unless the error is `OutcomeUnknown`.
        """
        note = self.note("update", actor, reason)

        def work(transaction: Transaction) -> Written:
            row = transaction.lock(self.key)
            current = self.value_in(row)
            if row is not None and row.text is not None:
                self.refuse_loss(row.stored, current)
            write = self.next(function(current), note)
            write.check(row)
            return write.put(transaction)

        return self.entry_written(self.transacted(work))

    def compare_and_set(self, value: T, *, version: int, actor: str | None = None, reason: str | None = None) -> Entry[T]:
        """Store a value if nobody has written since: if what is stored still has the version that the caller has seen.

        Args:
            value: What to store, as for `set`.
            version: The version of the entry that the value was made from; 0 for not stored, be it never written or unset.
            actor: Who writes, in 255 characters; else whom `acting_as` names, else the App's actor.
            reason: Why, in 1000 characters; kept in the history.

        Returns:
            What is stored now.

        Raises:
            VersionConflict: What is stored has another version, or nothing is stored any more; nothing was written. It is a
                `Conflict`.
            ValueRefused: The value does not fit its declaration; nothing was written.
            TransitionNotAllowed: The name has a lifecycle, and this is no move of it; nothing was written.
            StatusPinned: The application pins this name; nothing was written.
            ValueFromNewerVersion: What is stored is newer than this code can read; nothing was written.
            InvalidArgument: The version is no int of 0 or more.
            StoreError: The database refused; nothing was written, unless the error is `OutcomeUnknown`.
        """
        expected = counted("version", version)
        write = self.next(value, self.note("compare_and_set", actor, reason))

        def work(transaction: Transaction) -> Written:
            row = transaction.lock(self.key)
            found = 0 if row is None or row.text is None else row.version
            if found != expected:
                raise self.conflict(expected, found)
            write.check(row)
            return write.put(transaction)

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
            ValueFromNewerVersion: What is stored is newer than this code can read; nothing was written.
            StoreError: The database refused; nothing was written, unless the error is `OutcomeUnknown`.
        """
        write = Write(self, None, self.note("unset", actor, reason))

        def work(transaction: Transaction) -> bool:
            row = transaction.lock(self.key)
            if row is None or row.text is None:
                return False
            write.check(row)
            write.put(transaction)
            return True

        # Looking first keeps an unset of what was never written from leaving a row behind.
        return means_a_value(self.store.read_value(self.key)) and self.store.transact(self.key, work)

    # ----------------------------------------------------------------------- back

    def revert(self, version: int, *, actor: str | None = None, reason: str | None = None) -> Entry[T] | None:
        """Write the value that the name had at a version, as a new version.

        Args:
            version: A version that the history keeps.
            actor: Who writes, in 255 characters; else whom `acting_as` names, else the App's actor.
            reason: Why, in 1000 characters; kept in the history.

        Returns:
            What is stored now; None where nothing was stored at that version, and so is nothing now.

        Raises:
            UnknownVersion: The history has no such version; nothing was written.
            ValueCorrupt: The old value cannot be read; nothing was written.
            ValueFromNewerVersion: It, or what is stored now, is newer than this code can read; nothing was written.
            ValueRefused: It does not fit any more; nothing was written.
            TransitionNotAllowed: The name has a lifecycle, which does not let it go back; nothing was written.
            StatusPinned: The application pins this name; nothing was written.
            InvalidArgument: The version is no int of 0 or more.
            StoreError: The database refused; nothing was written, unless the error is `OutcomeUnknown`.
        """
        counted("version", version)
        note = self.note("revert", actor, reason)
        write = self.back_to(self.change(version).stored, note)

        def work(transaction: Transaction) -> Written:
            write.check(transaction.lock(self.key))
            return write.put(transaction)

        written = self.transacted(work)
        return None if written.row.text is None else self.entry_written(written)

    def change(self, version: int) -> ChangeRow:
        """Return the change that brought the name to a version, or raise `UnknownVersion`."""
        found = self.store.read_changes(self.key, before=min(version, LATEST - 1) + 1, limit=1)
        if not found or found[0].version != version:
            kept = tuple(row.version for row in self.store.read_changes(self.key, limit=max(self.declared.keep, 1)))
            raise UnknownVersion(*self.place, version, kept)
        return found[0]

    def back_to(self, stored: Cells, note: Note) -> Write:
        """Return the write that brings back what was stored once; a text of None unsets the name."""
        if stored[0] is None:
            return Write(self, None, note)
        value = self.declared.decoded(self.key.tenant, stored)
        self.refuse_loss(stored, value)
        return self.next(value, note)

    def forget(self) -> int:
        """Erase the history of the name, which must not be kept. What is stored now stays, and so does its version.

        Returns:
            How many changes there were.

        Raises:
            StoreError: The database refused; nothing was erased, unless the error is `OutcomeUnknown`.
        """

        def work(transaction: Transaction) -> int:
            # Locked as by every writer: MariaDB would find a deadlock between who drops old changes and who adds one.
            return 0 if transaction.lock(self.key) is None else transaction.forget(self.key)

        return self.store.transact(self.key, work)

    def rewrite(self, *, actor: str | None = None, reason: str | None = None) -> bool:
        """Write what is stored in another version of the record anew, in the version that is written.

        The value stays the same, so neither a pin nor a lifecycle has a say.

        Returns:
            Whether it was written.

        Raises:
            ValueCorrupt: What is stored cannot be read; nothing was written.
            ValueFromNewerVersion: What is stored is newer than this code can read; nothing was written.
            ValueRefused: It cannot be kept in the version that is written; nothing was written.
            StoreError: The database refused; nothing was written, unless the error is `OutcomeUnknown`.
        """
        note = self.note_of("rewrite", actor, reason)

        def work(transaction: Transaction) -> bool:
            row = transaction.lock(self.key)
            if row is None or row.text is None or row.record_version == self.declared.evolution.writes:
                return False
            self.back_to(row.stored, note).put(transaction)
            return True

        return self.store.transact(self.key, work)

    # ----------------------------------------------------------------------- how

    def next(self, value: object, note: Note) -> Write:
        """Return the write of a value, which is checked against its declaration."""
        return Write(self, self.declared.accept(self.key.tenant, value), note)

    def refuse_loss(self, stored: Cells, value: Any) -> None:
        """Refuse to write a value anew of which more is stored than this code knows: what newer code has added would be lost."""
        current = self.declared.current(self.key.tenant, stored)
        if path := self.declared.codec.unknown_key(current, value):
            problem = "the stored value has this key, which the declared type does not know, and writing it anew would lose it"
            path = self.name if self.declared.field.secret else path
            raise ValueRefused(*self.place, path, f"{problem}. Update it with the code that does")

    def conflict(self, expected: int, found: int) -> VersionConflict:
        """Return the error for a value that is not of the version that the caller has seen."""
        wanted = f"version {expected}" if expected else "nothing stored"
        there = f"version {found}" if found else "nothing stored"
        problem = f"expected {wanted}, found {there}. Nothing was written. Read it (entry), and decide anew"
        called = self.key._replace(module=self.declared.module, name=self.name)
        return VersionConflict(self.store.shown, f"{problem}.", called, expected, found)

    def transacted(self, work: Callable[[Transaction], Written]) -> Written:
        """Run a write; the first of a key that this process has not seen waits for its turn among processes.

        The turn keeps the race short and orderly. That only one row comes of it is the doing of the primary key.
        """
        try:
            if self.first_writes is None or self.seen or self.store.read_value(self.key) is not None:
                written = self.store.transact(self.key, work)
            else:
                with self.first_writes.ordered(self.key):
                    written = self.store.transact(self.key, work)
        except ValueFromNewerVersion as error:  # the store knows the key by which it is stored, and no other
            raise ValueFromNewerVersion(*self.place, error.found, error.newest) from None
        self.seen = True
        return written

    def note(self, operation: str, actor: str | None, reason: str | None, change_set: str | None = None) -> Note:
        """Return what the history is told of a write, or refuse it where the name is pinned."""
        if self.declared.pinned is not None:
            raise StatusPinned(*self.place)
        return self.note_of(operation, actor, reason, change_set)

    def note_of(self, operation: str, actor: str | None, reason: str | None, change_set: str | None = None) -> Note:
        """Return what the history is told of a write."""
        if reason is not None:
            checked_reason(reason)
        who = checked_actor(actor) if actor is not None else acting.get() or self.policy.actor
        return Note(operation, who, reason, change_set, self.declared.keep)

    def entry_written(self, written: Written) -> Entry[T]:
        """Return the entry of what was just committed. Nothing that could fail is done here: the write has happened."""
        return self.entry_with(written.value, written.row)

    def __repr__(self) -> str:
        return f"Field({place(*self.place)})"
