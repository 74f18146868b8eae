"""The status of one module and tenant: every name of its record, durable and typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from perdure.errors import RecordInvalid, StatusNotSet
from perdure.names import checked_name
from perdure.scope.current import CurrentView
from perdure.scope.field import ABSENT, Field
from perdure.scope.selector import selected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

    from perdure.lock.protocol import FirstWrites
    from perdure.records.entry import Entry
    from perdure.scope.declared import DeclaredModule, DeclaredName
    from perdure.store.protocol import Row, RowStore

R = TypeVar("R")
T = TypeVar("T")


class ModuleStatus(Generic[R]):
    """What a module keeps, shaped by its record `R`; got from `app.scope(…).status`.

    Three states are never mixed up: stored, not stored (a default, else None), and unavailable (an error). Every read sees
    every write that was committed before it began, from any process. One object may be used by any number of threads.
    """

    def __init__(self, store: RowStore, tenant: str, declared: DeclaredModule, first_writes: FirstWrites | None = None) -> None:
        """Bind a module to a tenant of a store, and to what orders first writes among processes where there is such."""
        self.store = store
        self.first_writes = first_writes
        self.tenant = tenant
        self.declared = declared
        self.fields: dict[str, Field[Any]] = {}

    @property
    def module(self) -> str:
        """The module that owns these values."""
        return self.declared.spec.module

    # ----------------------------------------------------------------------- one name

    def get(self, name: str, default: object = ABSENT) -> Any:
        """Return a name's value as every write committed before now left it. Reading never writes.

        Args:
            name: The status name.
            default: What to return where nothing is stored; not checked against the declared type.

        Returns:
            The application's pin; else the stored value; else `default` if given; else the application's default; else the
            declared one; else None.

        Raises:
            UnknownStatusName: The record declares no such name.
            ValueCorrupt: What is stored does not fit the declaration. It is never taken for a default.
            StoreError: The database cannot be read.
        """
        return self.field_named(name).get(default)

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
            ValueRefused: What the function returned does not fit; nothing was written.
            TransitionNotAllowed: The name has a lifecycle, and this is no move of it; nothing was written.
            ValueCorrupt: What is stored cannot be read; nothing was written.
            StatusPinned: The application pins this name; nothing was written.
            StoreError: The database refused; nothing was written, unless the error is `OutcomeUnknown`.
        """
        return self.field_named(name).update(function, actor=actor, reason=reason)

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
            StoreError: The database refused; nothing was written, unless the error is `OutcomeUnknown`.
        """
        return self.field_named(name).unset(actor=actor, reason=reason)

    def entry(self, name: str) -> Entry[Any] | None:
        """Return a name's value with its version, times and actor.

        Args:
            name: The status name.

        Returns:
            The entry, or None where nothing is stored and nothing pinned. A stored value that cannot be read raises only when
            the entry's `value` is asked for, so that its version can still be seen.

        Raises:
            UnknownStatusName: The record declares no such name.
            StoreError: The database cannot be read.
        """
        return self.field_named(name).entry()

    def __contains__(self, name: str) -> bool:
        """Whether a name has an entry: a value is stored, be it readable or not, or pinned.

        Raises:
            UnknownStatusName: The record declares no such name.
            StoreError: The database cannot be read.
        """
        field = self.field_named(name)
        return field.declared.pinned is not None or field.is_stored()

    def field(self, selector: Callable[[R], T]) -> Field[T]:
        """Return one name with its declared type, for typed reading and writing.

        Args:
            selector: Picks the name from the record, as in `lambda record: record.visits`.

        Returns:
            The name, typed: a wrong name or a wrong type is an error to mypy and pyright.

        Raises:
            UnknownStatusName: The record declares no such name.
            TypeError: The selector does more than pick one name.
        """
        return cast("Field[T]", self.field_named(selected(selector)))

    def field_named(self, name: str) -> Field[Any]:
        """Return one name, untyped, or raise `UnknownStatusName`."""
        try:
            found = self.fields.get(name)
        except TypeError:  # not even hashable
            found = None
        if found is None:
            checked_name(name)
            declared = self.declared.names.get(name)
            if declared is None:
                raise self.declared.unknown(name)
            # Threads that meet here agree on one object, and with it on what it remembers.
            found = self.fields.setdefault(name, self.bound(declared))
        return found

    def bound(self, declared: DeclaredName) -> Field[Any]:
        """Return a declared name of this tenant and store."""
        return Field(self.store, self.tenant, declared, self.declared.policy, CurrentView(self), self.first_writes)

    # ----------------------------------------------------------------------- all names

    @property
    def current(self) -> R:
        """A read-only view in the shape of the record: each attribute is read when it is asked for.

        An attribute with neither a value nor a default raises `StatusNotSet`; assigning raises `AttributeError`.
        """
        return cast("R", CurrentView(self))

    def load(self) -> R:
        """Return all of it as one record, read in one query.

        Returns:
            An instance of the record, which its validators have passed.

        Raises:
            StatusNotSet: Names have neither a value nor a default; it names every one of them.
            ValueCorrupt: A stored value does not fit its declaration.
            RecordInvalid: The values do not make a valid record together.
            StoreError: The database cannot be read.
        """
        rows = {row.name: row for row in self.store.read_module(self.tenant, self.module)}
        arguments: dict[str, Any] = {}
        missing: list[str] = []
        for name, declared in self.declared.names.items():
            try:
                arguments[declared.field.argument] = self.field_named(name).value_in(rows.get(declared.field.stored_name))
            except StatusNotSet:
                missing.append(name)
        if missing:
            raise StatusNotSet(self.tenant, self.module, tuple(missing))
        try:
            return cast("R", self.declared.spec.record(**arguments))
        except Exception as error:  # whatever the record's own validators raise
            if any(declared.field.secret for declared in self.declared.names.values()):
                raise RecordInvalid(self.tenant, self.module, f"it was refused ({type(error).__name__})") from None
            raise RecordInvalid(self.tenant, self.module, f"{type(error).__name__}: {error}") from error

    def entries(self) -> list[Entry[Any]]:
        """Return every stored or pinned value with its version, times and actor, read in one query, in the order of the names.

        A damaged value does not end the listing: its entry has an `error`.

        Raises:
            StoreError: The database cannot be read.
        """
        return self.entries_of(self.store.read_module(self.tenant, self.module))

    def entries_of(self, rows: Iterable[Row]) -> list[Entry[Any]]:
        """Return the entries of this module's rows. Rows whose name is no longer declared have none."""
        by_stored_name = {row.name: row for row in rows}
        found = (
            self.field_named(name).entry_of(by_stored_name.get(declared.field.stored_name))
            for name, declared in sorted(self.declared.names.items())
        )
        return [entry for entry in found if entry is not None]

    # ----------------------------------------------------------------------- elsewhere

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
        return ModuleStatus(self.store.joined(transaction), self.tenant, self.declared)

    def __repr__(self) -> str:
        tenant = f", tenant={self.tenant!r}" if self.tenant else ""
        return f"ModuleStatus({self.module!r}{tenant})"
