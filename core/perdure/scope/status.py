"""The status of one module and tenant: every name of its record, durable and typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from perdure.errors import InvalidArgument, shortened
from perdure.names import Key, checked_change_set
from perdure.scope.aged_reading import AgedReading
from perdure.scope.changeset import ChangeSet, new_id, whole_change_set, write_together
from perdure.scope.status_reading import StatusReading
from perdure.scope.write import Write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

    from perdure.records.entry import Entry
    from perdure.store.protocol import RowStore
    from perdure.store.rows import ChangeRow, Note

R = TypeVar("R")


class ModuleStatus(StatusReading[R]):
    """What a module keeps, shaped by its record `R`; got from `app.scope(…).status`.

    Three states are never mixed up: stored, not stored (a default, else None), and unavailable (an error). Every read sees
    every write that was committed before it began, from any process. One object may be used by any number of threads.
    """

    # ----------------------------------------------------------------------- one name

    def set(self, name: str, value: object, *, actor: str | None = None, reason: str | None = None) -> Entry[Any]:
        """Store a value: create it on the first write, replace it afterwards. Durable when this returns.

        Args:
            name: The status name.
            value: What to store. For an attrs class or dataclass, a dict of its attributes will do.
            actor: Who writes, in 255 characters; else whom `acting_as` names, else the App's actor.
            reason: Why, in 1000 characters; kept in the history.

        Returns:
            What is stored now.

        Raises:
            UnknownStatusName: The record declares no such name.
            ValueRefused: The value does not fit its declaration; nothing was written.
            TransitionNotAllowed: The name has a lifecycle, and this is no move of it; nothing was written.
            StatusPinned: The application pins this name; nothing was written.
            ValueFromNewerVersion: What is stored is newer than this code can read; nothing was written.
            StoreError: The database refused; nothing was written, unless the error is `OutcomeUnknown`.
        """
        return self.field_named(name).set(value, actor=actor, reason=reason)

    def update(
        self, name: str, function: Callable[[Any], Any], *, actor: str | None = None, reason: str | None = None
    ) -> Entry[Any]:
        """Replace a value by what a function makes of it, whoever else writes: nobody's update is lost.

        Args:
            name: The status name.
            function: Given the current value or the default, returns the new one. It runs while the row is locked, so it is to
                be quick; it may be called again where the database asks for a retry; it must not write through the same App.
            actor: Who writes, in 255 characters; else whom `acting_as` names, else the App's actor.
            reason: Why, in 1000 characters; kept in the history.

        Returns:
            What is stored now.

        Raises:
            UnknownStatusName: The record declares no such name.
            StatusNotSet: Nothing is stored and there is no default; nothing was written.
            ValueRefused: What the function returned does not fit, or what is stored has keys that this code does not know and
                would lose; nothing was written.
            TransitionNotAllowed: The name has a lifecycle, and this is no move of it; nothing was written.
            ValueCorrupt: What is stored cannot be read; nothing was written.
            ValueFromNewerVersion: What is stored is newer than this code can read; nothing was written.
            StatusPinned: The application pins this name; nothing was written.
            StoreError: The database refused; nothing was written, unless the error is `OutcomeUnknown`.
        """
        return self.field_named(name).update(function, actor=actor, reason=reason)

    def compare_and_set(
        self, name: str, value: object, *, version: int, actor: str | None = None, reason: str | None = None
    ) -> Entry[Any]:
        """Store a value if nobody has written since: if what is stored still has the version that the caller has seen.

        Args:
            name: The status name.
            value: What to store, as for `set`.
            version: The version of the entry that the value was made from; 0 for not stored, be it never written or unset.
            actor: Who writes, in 255 characters; else whom `acting_as` names, else the App's actor.
            reason: Why, in 1000 characters; kept in the history.

        Returns:
            What is stored now.

        Raises:
            UnknownStatusName: The record declares no such name.
            VersionConflict: What is stored has another version, or nothing is stored any more; nothing was written. It is a
                `Conflict`.
            ValueRefused: The value does not fit its declaration; nothing was written.
            TransitionNotAllowed: The name has a lifecycle, and this is no move of it; nothing was written.
            StatusPinned: The application pins this name; nothing was written.
            ValueFromNewerVersion: What is stored is newer than this code can read; nothing was written.
            InvalidArgument: The version is no int of 0 or more.
            StoreError: The database refused; nothing was written, unless the error is `OutcomeUnknown`.
        """
        return self.field_named(name).compare_and_set(value, version=version, actor=actor, reason=reason)

    def unset(self, name: str, *, actor: str | None = None, reason: str | None = None) -> bool:
        """Bring a name back to not stored, so that defaults count again. Its version goes on from where it was.

        Args:
            name: The status name.
            actor: Who writes, in 255 characters; else whom `acting_as` names, else the App's actor.
            reason: Why, in 1000 characters; kept in the history.

        Returns:
            Whether anything was stored.

        Raises:
            UnknownStatusName: The record declares no such name.
            TransitionNotAllowed: The name has a lifecycle, and has left its initial codes; nothing was written.
            StatusPinned: The application pins this name; nothing was written.
            ValueFromNewerVersion: What is stored is newer than this code can read; nothing was written.
            StoreError: The database refused; nothing was written, unless the error is `OutcomeUnknown`.
        """
        return self.field_named(name).unset(actor=actor, reason=reason)

    def revert(self, name: str, version: int, *, actor: str | None = None, reason: str | None = None) -> Entry[Any] | None:
        """Write the value that a name had at a version, as a new version.

        Args:
            name: The status name.
            version: A version that the history keeps.
            actor: Who writes, in 255 characters; else whom `acting_as` names, else the App's actor.
            reason: Why, in 1000 characters; kept in the history.

        Returns:
            What is stored now; None where nothing was stored at that version, and so is nothing now.

        Raises:
            UnknownStatusName: The record declares no such name.
            UnknownVersion: The history has no such version; nothing was written.
            ValueCorrupt: The old value cannot be read; nothing was written.
            ValueFromNewerVersion: It, or what is stored now, is newer than this code can read; nothing was written.
            ValueRefused: It does not fit any more; nothing was written.
            TransitionNotAllowed: The name has a lifecycle, which does not let it go back; nothing was written.
            StatusPinned: The application pins this name; nothing was written.
            InvalidArgument: The version is no int of 0 or more.
            StoreError: The database refused; nothing was written, unless the error is `OutcomeUnknown`.
        """
        return self.field_named(name).revert(version, actor=actor, reason=reason)

    def forget(self, name: str) -> int:
        """Erase the history of a name, which must not be kept. What is stored now stays, and so does its version.

        Who watches the name and has not seen all of it is told so by `HistoryTruncated`.

        Args:
            name: The status name.

        Returns:
            How many changes there were.

        Raises:
            UnknownStatusName: The record declares no such name.
            StoreError: The database refused; nothing was erased, unless the error is `OutcomeUnknown`.
        """
        return self.field_named(name).forget()

    # ----------------------------------------------------------------------- several names

    def set_many(self, values: Mapping[str, object], *, actor: str | None = None, reason: str | None = None) -> ChangeSet:
        """Store several values together: all of them or none. Durable when this returns.

        They are one change set, in the history and for `revert_change_set`, which needs every one of these names to keep a
        history. First writes among them do not wait for a turn (Redlock); the primary key decides.

        Args:
            values: What to store, by name.
            actor: Who writes, in 255 characters; else whom `acting_as` names, else the App's actor.
            reason: Why, in 1000 characters; kept in the history.

        Returns:
            What is stored now, by name, and the id of the change set.

        Raises:
            UnknownStatusName: The record declares no such name; nothing was written.
            ValueRefused: A value does not fit its declaration; nothing was written.
            InvalidArgument: What is given is no mapping of names to values.
            TransitionNotAllowed: A name has a lifecycle, and this is no move of it; nothing was written.
            StatusPinned: The application pins one of the names; nothing was written.
            ValueFromNewerVersion: What is stored is newer than this code can read; nothing was written.
            StoreError: The database refused; nothing was written, unless the error is `OutcomeUnknown`.
        """
        if not isinstance(values, Mapping):
            raise InvalidArgument("values", f"{type(values).__name__}", "{name: value}")
        change_set = new_id(len(values))
        fields = [(self.field_named(name), value) for name, value in values.items()]
        noted = [(field, value, field.note("set", actor, reason, change_set)) for field, value in fields]
        return self.together(change_set, [field.next(value, note) for field, value, note in noted])

    def revert_change_set(self, change_set: ChangeSet | str, *, actor: str | None = None, reason: str | None = None) -> ChangeSet:
        """Undo a change set: bring all its names back together to what they were before it, as new versions.

        What was written to them since is undone as well, and stays in the history.

        Args:
            change_set: What `set_many` returned, or its id, which the history tells too.
            actor: Who writes, in 255 characters; else whom `acting_as` names, else the App's actor.
            reason: Why, in 1000 characters; kept in the history.

        Returns:
            What is stored now, by name: None for a name that was not stored before. It is a change set of its own.

        Raises:
            UnknownChangeSet: The history has no such change set, or not all of it any more; nothing was written.
            InvalidName: No table can hold the id.
            UnknownVersion: It does not keep what a name was before; nothing was written.
            UnknownStatusName: A name of it is no longer declared; nothing was written.
            ValueCorrupt: An old value cannot be read; nothing was written.
            ValueFromNewerVersion: It, or what is stored now, is newer than this code can read; nothing was written.
            ValueRefused: It does not fit any more; nothing was written.
            TransitionNotAllowed: A name has a lifecycle, which does not let it go back; nothing was written.
            StatusPinned: The application pins one of the names; nothing was written.
            StoreError: The database refused; nothing was written, unless the error is `OutcomeUnknown`.
        """
        id_ = checked_change_set(change_set.id if isinstance(change_set, ChangeSet) else change_set)
        found = self.store.read_change_set(self.tenant, self.declared.spec.stored_module, id_)
        rows = whole_change_set(self.tenant, self.module, id_, found)
        undoing = new_id(len(rows))
        writes = [self.undone(row, actor, reason, undoing) for row in rows]
        return self.together(undoing, writes)

    def undone(self, row: ChangeRow, actor: str | None, reason: str | None, change_set: str) -> Write:
        """Return the write that brings a name back to what it was before a change."""
        declared = self.declared.by_stored_name.get(row.name)
        if declared is None:
            raise self.declared.unknown(row.name)
        field = self.field_named(declared.name)
        note: Note = field.note("revert", actor, reason, change_set)
        if row.version == 1:
            return Write(field, None, note)
        return field.back_to(field.change(row.version - 1).stored, note)

    def together(self, change_set: str, writes: Iterable[Write]) -> ChangeSet:
        """Put several writes as one change set."""
        about = Key(self.tenant, self.module, "")
        written = write_together(self.store, about, writes)
        entries = {
            write.field.name: None if result.row.text is None else write.field.entry_written(result) for write, result in written
        }
        return ChangeSet(change_set, entries)

    # ----------------------------------------------------------------------- elsewhere

    def on(self, rows: RowStore) -> ModuleStatus[R]:
        """Return the same status on the same rows, read in another way."""
        return ModuleStatus(rows, self.tenant, self.declared, self.poller, self.first_writes)

    def max_age(self, seconds: float, *, on_outage: float = 0.0) -> ModuleStatus[R]:
        """Return the same status, which may be a little old where it is read: from memory, and so without the database.

        All of an App's statuses of an age share what was read. What this App writes is seen at once; what other processes write,
        within the time that is given. A name is read with its whole module, so names that were written together are seen
        together. Writes, `history` and `watch` are as ever, and so is everything within a transaction.

        Args:
            seconds: How old what is read may be, in seconds; 0 reads from the database each time.
            on_outage: How much older it may be while the database is away, in seconds. The database is then asked about once a
                second whether it is back, and beyond that time reads raise `StoreUnavailable` as ever.

        Returns:
            The status: the same object as the last time, if that was for the same arguments.

        Raises:
            InvalidArgument: A time is no number of seconds of 0 or more.
        """
        aged = self.aged
        if aged is None or aged[0] is not seconds or aged[1] is not on_outage:
            age = span("seconds", seconds), span("on_outage", on_outage)
            found = aged[2] if aged is not None and aged[:2] == age else self.of_age(*age)
            aged = self.aged = (seconds, on_outage, found)
        status: ModuleStatus[R] = aged[2]
        return status

    def of_age(self, seconds: float, on_outage: float) -> ModuleStatus[R]:
        """Return what `max_age` does."""
        rows = self.store.aged(seconds, on_outage)
        if rows is None:
            return self
        return AgedStatus(rows, self.tenant, self.declared, self.poller, self.first_writes)

    def within(self, transaction: Connection | Session) -> ModuleStatus[R]:
        """Return the same status inside a transaction of the caller's own: seen, committed and rolled back with it.

        No other connection, no Redlock and no retry. A write is whole or not there, also where the caller goes on after an error.

        Args:
            transaction: A `Connection`, as from `app.begin()`, or a `Session`, to the App's own database, with a transaction or
                about to begin one. A Session is not flushed, and is followed into its later transactions.

        Returns:
            The status, for one thread at a time. Its writes also raise `Conflict`, which says what has become of the transaction.

        Raises:
            TransactionRefused: It is closed, in AUTOCOMMIT or asynchronous, or leads to another database.
        """
        # With fields of its own: what they remember, texts and their values, may never be committed.
        return ModuleStatus(self.store.joined(transaction), self.tenant, self.declared, self.poller)


class AgedStatus(AgedReading[R], ModuleStatus[R]):
    """A module's status that may be a little old where it is read; got from `status.max_age(…)`."""


LONGEST = 1e9
"""The longest time that something may be old, in seconds: more than thirty years."""


def span(argument: str, given: object) -> float:
    """Return a span of time in seconds, or refuse what is none.

    Raises:
        InvalidArgument: It is no number of seconds of 0 or more.
    """
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= LONGEST:
        raise InvalidArgument(argument, shortened(given), f"a number of seconds from 0 to {LONGEST:.0e}")
    return float(given)
