"""The status of one module and tenant as it is read: name by name, or all of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from perdure.errors import HistoryNotKept, RecordInvalid, StatusNotSet
from perdure.names import checked_name
from perdure.scope.changes import PAGE, counted, mark_before, told_in
from perdure.scope.current import CurrentView
from perdure.scope.field import Field
from perdure.scope.field_reading import ABSENT
from perdure.scope.selector import selected
from perdure.scope.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from perdure.lock.protocol import FirstWrites
    from perdure.names import Key
    from perdure.records.entry import Change, Entry
    from perdure.scope.declared import DeclaredModule, DeclaredName
    from perdure.store.protocol import RowStore
    from perdure.store.rows import Row
    from perdure.store.watching.poller import Poller

R = TypeVar("R")
T = TypeVar("T")


class StatusReading(Generic[R]):
    """The reading half of a `ModuleStatus`."""

    def __init__(
        self, store: RowStore, tenant: str, declared: DeclaredModule, poller: Poller, first_writes: FirstWrites | None = None
    ) -> None:
        """Bind a module to a tenant of a store.

        Args:
            store: Where its rows are.
            tenant: Whose values these are.
            declared: The module.
            poller: What looks for changes, for all watchers of the App.
            first_writes: What orders first writes among processes, where there is such.
        """
        self.store = store
        self.poller = poller
        self.first_writes = first_writes
        self.tenant = tenant
        self.declared = declared
        self.fields: dict[str, Field[Any]] = {}
        self.aged: tuple[float, float, Any] | None = None

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
            ValueFromNewerVersion: What is stored is newer than this code can read.
            StoreError: The database cannot be read.
        """
        try:
            field = self.fields[name]
        except (KeyError, TypeError):  # asked for the first time, or no name at all
            field = self.field_named(name)
        return field.get(default)

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
            ValueFromNewerVersion: A stored value is newer than this code can read.
            RecordInvalid: The values do not make a valid record together.
            StoreError: The database cannot be read.
        """
        stored = self.store.read_values(self.tenant, self.declared.spec.stored_module)
        arguments: dict[str, Any] = {}
        missing: list[str] = []
        for name, declared in self.declared.names.items():
            try:
                arguments[declared.field.argument] = self.field_named(name).value_of(stored.get(declared.field.stored_name))
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

    def rows(self) -> Mapping[str, Row]:
        """Return the rows of the module by the names they are stored under, read in one query."""
        return {row.name: row for row in self.store.read_module(self.tenant, self.declared.spec.stored_module)}

    def entries(self) -> list[Entry[Any]]:
        """Return every stored or pinned value with its version, times and actor, read in one query, in the order of the names.

        A damaged value does not end the listing: its entry has an `error`.

        Raises:
            StoreError: The database cannot be read.
        """
        return self.entries_of(self.rows().values())

    def entries_of(self, rows: Iterable[Row]) -> list[Entry[Any]]:
        """Return the entries of this module's rows. Rows whose name is no longer declared have none."""
        by_stored_name = {row.name: row for row in rows}
        found = (
            self.field_named(name).entry_of(by_stored_name.get(declared.field.stored_name))
            for name, declared in sorted(self.declared.names.items())
        )
        return [entry for entry in found if entry is not None]

    # ----------------------------------------------------------------------- what was, and what comes

    def history(
        self, name: str | None = None, *, limit: int = PAGE, before: int | Change | datetime | None = None
    ) -> list[Change]:
        """Return what is kept of the changes of a name, or of the whole module, the latest first.

        How many are kept for each name is the module's to say: `history=` of its spec or field.

        Args:
            name: The status name; not given, the changes of all names by their time, those of names that are no longer declared
                among them.
            limit: How many to return at most.
            before: Where a page begins. For a name, only changes below this version; for the module, only those before this
                change or this time. A change that was returned will do for both.

        Returns:
            The changes. One whose value cannot be read has an `error`, and does not end the listing.

        Raises:
            UnknownStatusName: The record declares no such name.
            InvalidArgument: The limit is no number of changes, or `before` no place in this history.
            StoreError: The database cannot be read.
        """
        if name is not None:
            return self.field_named(name).history(limit=limit, before=cast("int | Change | None", before))
        stored_module = self.declared.spec.stored_module
        mark = mark_before(cast("Change | datetime | None", before), self.tenant, stored_module)
        limit = counted("limit", limit, least=1)
        rows = self.store.read_module_changes(self.tenant, stored_module, before=mark, limit=limit)
        return [told_in(self.declared, row) for row in rows]

    def watch(self, *names: str, since: Mapping[str, int] | int | None = None) -> Watch[dict[str, int]]:
        """Watch changes, whoever makes them: every one, in order per name, none missed and none twice.

        ```python
        with status.watch("enable") as watch:
            for change in watch:
                ...
        ```

        Changes of this process are told of at once, those of others within the App's `watch_interval`. What is watched is what is
        committed, also within a transaction.

        Args:
            names: The status names; none means every name that keeps a history.
            since: Versions that were seen already, by name, as `watch.cursors` told of them before a restart; or one for all
                names, 0 for all that the history keeps. A name without one is watched from the moment of the call, and one that
                keeps no history counts for nothing. Names that were renamed by `stored_as` may go by the former name.

        Returns:
            The watch: iterate over it, or `take` from it; it ends when it or the App is closed.

        Raises:
            UnknownStatusName: The record declares no such name.
            HistoryNotKept: A given name, or every name, keeps no history.
            InvalidArgument: A version is no int of 0 or more.
            StoreError: The database cannot be read.
            AppClosed: The App is closed.
        """
        for name in names:
            field = self.field_named(name)
            if not field.declared.keep:
                raise HistoryNotKept(*field.place)
        keys = {key: name for key, name in self.kept_keys().items() if not names or name in names}
        if not keys:
            raise HistoryNotKept(self.tenant, self.module, "")
        feed = self.poller.follow(keys, self.seen(keys, since))
        return Watch(feed, partial(told_in, self.declared), self.declared.place_of, lambda at: {keys[key]: at[key] for key in at})

    def kept_keys(self) -> dict[Key, str]:
        """Return the keys of the names that keep a history, and what each is called."""
        fields = map(self.field_named, self.declared.names)
        return {field.key: field.name for field in fields if field.declared.keep}

    def seen(self, keys: Mapping[Key, str], since: Mapping[str, int] | int | None) -> dict[Key, int]:
        """Return the versions from which to watch, as far as they are given."""
        if since is None:
            return {}
        if not isinstance(since, Mapping):
            return dict.fromkeys(keys, counted("since", since))
        found: dict[Key, int] = {}
        for name, version in since.items():
            former = self.declared.by_stored_name.get(name) if name not in self.declared.names else None
            found[self.field_named(former.name if former else name).key] = counted("since", version)
        return {key: version for key, version in found.items() if key in keys}

    def __repr__(self) -> str:
        tenant = f", tenant={self.tenant!r}" if self.tenant else ""
        return f"{type(self).__name__}({self.module!r}{tenant})"
