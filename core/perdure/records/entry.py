"""A value with what is known about it: the `Entry` of what is stored now, and the `Change` of what was written once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from perdure.errors import place
from perdure.records.fields import MASK

if TYPE_CHECKING:
    from perdure.errors import PerdureError

T = TypeVar("T")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=4096)  # half of them are told again: when something was created does not change
def moment(microseconds: int) -> datetime:
    """Return the aware UTC datetime of a time as the tables hold it, in microseconds since 1970; exact, unlike a float."""
    return EPOCH + timedelta(microseconds=microseconds)


def readable(value: T, error: PerdureError | None) -> T:
    """Return a value that can be read, or raise why it cannot."""
    if error is not None:
        raise error
    return value


def shown(value: object, error: PerdureError | None, *, secret: bool) -> object:
    """Return a value as it may be shown."""
    if error is not None:
        return error
    return MASK if secret else value


OPERATIONS = frozenset({"set", "update", "compare_and_set", "unset", "revert", "rewrite", "restore", "remove"})
"""What can be asked for; see `Change.operation`."""


@attrs.frozen(kw_only=True, repr=False)
class Change:
    """One committed write, as the history keeps it, and as watchers and plugins are told of it.

    Attributes:
        tenant: The tenant, or the empty string.
        module: The module that owns the value.
        name: The status name.
        operation: What was asked for: `set`, `update`, `compare_and_set`, `unset`, `revert` or `rewrite`; `restore`, by an
            import into an empty place; or `remove`, of a leftover, which no history keeps.
        version: The version that the name has by it.
        record_version: The version of the record that the value was written in.
        change_set: What it has in common with the changes that were made together with it, or None.
        actor: Who wrote, or None where nobody said.
        reason: Why, or None.
        at: When; aware, UTC.
        secret: Whether the value is masked when shown.
        error: Why the value cannot be read; None for one that can.
        mark: Where it lies in the history, which `before=` goes on from.
    """

    tenant: str
    module: str
    name: str
    operation: str
    _value: Any = attrs.field(alias="value")
    version: int
    record_version: int = 1
    change_set: str | None = None
    actor: str | None
    reason: str | None
    at: datetime
    secret: bool = False
    error: PerdureError | None = None
    mark: tuple[Any, str, str, int] | None = attrs.field(default=None, eq=False)

    @property
    def value(self) -> Any:
        """The value that was written; None for an unset.

        Raises:
            PerdureError: It is damaged, or no loaded plugin declares its name; the change's `error`.
        """
        return readable(self._value, self.error)

    def shown_value(self) -> object:
        """Return the value as it may be shown: masked where it is secret, the error where it cannot be read."""
        return shown(self._value, self.error, secret=self.secret)

    def __repr__(self) -> str:
        written = "" if self.operation == "unset" else f" = {self.shown_value()!r}"
        about = f"{place(self.tenant, self.module, self.name)}{written}"
        return f"Change({self.operation} {about}, version={self.version}, actor={self.actor!r})"


@attrs.frozen(repr=False)
class Entry(Generic[T]):
    """One name's value at one moment, and how it came to be.

    Attributes:
        name: The status name.
        version: How often the name was written, an unset counted too; 0 where nothing ever was and the value is pinned.
        record_version: The version of the record that the value was written in.
        created_at: When the name was first written; aware, UTC. For a pin over nothing, when the App was opened.
        updated_at: When it was last written; aware, UTC. For a pin over nothing, when the App was opened.
        actor: Who wrote it last, or None where nobody said.
        module: The module that owns it.
        tenant: The tenant, or the empty string.
        pinned: Whether the value is the application's pin, over what is stored.
        secret: Whether the value is masked when shown.
        error: Why the stored value cannot be read; None for one that can.
    """

    name: str
    _value: T
    version: int
    record_version: int
    created_at: datetime
    updated_at: datetime
    actor: str | None
    module: str = attrs.field(kw_only=True)
    tenant: str = attrs.field(kw_only=True)
    pinned: bool = attrs.field(default=False, kw_only=True)
    secret: bool = attrs.field(default=False, kw_only=True)
    error: PerdureError | None = attrs.field(default=None, kw_only=True)

    @property
    def value(self) -> T:
        """The value.

        Raises:
            PerdureError: It is damaged; the entry's `error`, which a listing can look at first.
        """
        return readable(self._value, self.error)

    def __repr__(self) -> str:
        shown: dict[str, Any] = {"name": self.name, "value": self.shown_value(), "version": self.version, "actor": self.actor}
        marks = {"module": self.module, "tenant": self.tenant, "pinned": self.pinned}
        inner = ", ".join([*(f"{key}={value!r}" for key, value in {**shown, **{k: v for k, v in marks.items() if v}}.items())])
        return f"Entry({inner})"

    def shown_value(self) -> object:
        """Return the value as it may be shown: masked where it is secret, the error where it cannot be read."""
        return shown(self._value, self.error, secret=self.secret)
