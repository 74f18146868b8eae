"""One name of one module and tenant: what is stored, what was stored before, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast, overload

from perdure.errors import InvalidArgument, StatusNotSet, ValueCorrupt, ValueFromNewerVersion
from perdure.names import Key
from perdure.records.entry import Change, Entry, moment
from perdure.scope.changes import PAGE, counted, mark_of, told
from perdure.store.rows import LATEST

if TYPE_CHECKING:
    from perdure.scope.declared import DeclaredName
    from perdure.scope.policy import Policy
    from perdure.store.protocol import RowStore
    from perdure.store.rows import Cells, Row

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


def means_a_value(stored: Cells | None) -> bool:
    """Whether there is a value, and not only a row that was unset or locked."""
    return stored is not None and stored[0] is not None


class FieldReading(Generic[T]):
    """The reading half of a `Field`."""

    __slots__ = ("declared", "key", "last", "last_entry", "policy", "read", "store")

    def __init__(self, store: RowStore, tenant: str, declared: DeclaredName, policy: Policy) -> None:
        """Bind a declared name to a tenant of a store, under what the application decided."""
        self.store = store
        self.declared = declared
        self.policy = policy
        self.key = Key(tenant, *declared.place)
        self.read = store.reading(self.key)
        self.last: tuple[Cells, Any] | None = None
        self.last_entry: tuple[Row, Entry[T]] | None = None

    @property
    def name(self) -> str:
        """The status name."""
        return self.declared.name

    @property
    def place(self) -> tuple[str, str, str]:
        """The tenant, module and name by which messages call it."""
        return self.key.tenant, self.declared.module, self.declared.name

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
            ValueFromNewerVersion: What is stored is newer than this code can read.
            StoreError: The database cannot be read.
        """
        declared = self.declared
        if declared.pinned is not None:
            return declared.pinned.make()
        stored = self.read()
        if stored is None or stored[0] is None:
            return self.standing_in(default)
        return self.decoded(stored)

    def standing_in(self, default: object) -> object:
        """Return what stands in for a value that is not stored: `default` if given, else what was declared, else None."""
        if default is not ABSENT:
            return default
        return None if self.declared.default is None else self.declared.default.make()

    def is_stored(self) -> bool:
        """Whether a value is stored, be it readable or not."""
        return means_a_value(self.read())

    def required(self) -> T:
        """Return the value or its default, as `get` does.

        Raises:
            StatusNotSet: There is neither.
            ValueCorrupt: What is stored does not fit the declaration.
            ValueFromNewerVersion: What is stored is newer than this code can read.
            StoreError: The database cannot be read.
        """
        value = self.get(NOT_STORED)
        return self.default() if isinstance(value, Absent) else value

    def default(self) -> T:
        """Return the application's default, else the declared one, or raise `StatusNotSet`."""
        if self.declared.default is None:
            tenant, module, name = self.place
            raise StatusNotSet(tenant, module, (name,))
        return cast("T", self.declared.default.make())

    def value_of(self, stored: Cells | None) -> T:
        """Return what is meant by what is stored: the pin, else the value, else the default; or raise as `required` does."""
        if self.declared.pinned is not None:
            return cast("T", self.declared.pinned.make())
        if stored is None or stored[0] is None:
            return self.default()
        return cast("T", self.decoded(stored))

    def value_in(self, row: Row | None) -> T:
        """Return what a row means; see `value_of`."""
        return self.value_of(None if row is None else row.stored)

    def decoded(self, stored: Cells) -> Any:
        """Return the value of what is stored; where every reader may have the same one, it is remembered."""
        last = self.last
        if last is not None and last[0] == stored:
            return last[1]
        value = self.declared.decoded(self.key.tenant, stored)
        if self.declared.codec.immutable:
            self.last = (stored, value)
        return value

    # ----------------------------------------------------------------------- with what is known about it

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
        last = self.last_entry
        if last is not None and last[0] == row:
            return last[1]
        try:
            entry = self.entry_with(self.decoded(row.stored), row)
        except (ValueCorrupt, ValueFromNewerVersion) as error:
            return self.entry_with(None, row, error=error)
        if self.declared.codec.immutable:
            self.last_entry = (row, entry)
        return entry

    def entry_with(
        self, value: Any, row: Row | None, *, pinned: bool = False, error: ValueCorrupt | ValueFromNewerVersion | None = None
    ) -> Entry[T]:
        """Return an entry of this name; where its times are damaged, so is the entry."""
        tenant, module, name = self.place
        created_at = updated_at = self.policy.opened_at
        if row is not None:
            try:
                created_at, updated_at = moment(row.created_at), moment(row.updated_at)
            except (TypeError, OverflowError):
                problem = f"expected times in microseconds, got {row.created_at!r} and {row.updated_at!r}"
                error = self.declared.corrupt(tenant, name, problem)
        return Entry(
            name,
            value,
            row.version if row else 0,
            row.record_version if row else 1,
            created_at,
            updated_at,
            row.actor if row else None,
            module=module,
            tenant=tenant,
            pinned=pinned,
            secret=self.declared.field.secret,
            error=error,
        )

    # ----------------------------------------------------------------------- before

    def history(self, *, limit: int = PAGE, before: int | Change | None = None) -> list[Change]:
        """Return what is kept of the changes, the latest first.

        How many are kept is the module's to say: `history=` of its spec or field.

        Args:
            limit: How many to return at most.
            before: Only changes below this version, or this change: the last one of the page before.

        Returns:
            The changes. One whose value cannot be read has an `error`, and does not end the listing.

        Raises:
            InvalidArgument: The limit is no number of changes, or `before` no version or change of this name.
            StoreError: The database cannot be read.
        """
        limit = counted("limit", limit, least=1)
        below = LATEST if before is None else self.version_of(before)
        return [told(self.declared, row) for row in self.store.read_changes(self.key, before=below, limit=limit)]

    def version_of(self, before: int | Change) -> int:
        """Return the version where a page of the history begins."""
        if isinstance(before, int):
            return counted("before", before)
        if not isinstance(before, Change):
            raise InvalidArgument("before", f"{before!r:.80}", f"a version or a Change of {self.name!r}")
        mark = mark_of(before, self.key.tenant)
        if (mark.module, mark.name) != self.declared.place:
            raise InvalidArgument("before", repr(before), f"a version or a Change of {self.name!r}")
        return mark.version
