"""What goes into a database and comes out of it: rows and JSON text, no values and no types."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from perdure.errors import StoreCorrupt
from perdure.names import Key

if TYPE_CHECKING:
    from collections.abc import Collection

PLAIN = "json"
"""The encoding of a value that is JSON text as it stands."""


Cells: TypeAlias = tuple[str | None, str, int]
"""A `StoredValue` as a driver returns it: to name its parts would take a tenth of the time of a read."""


class StoredValue(NamedTuple):
    """What a read of one value needs, and nothing more."""

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


def is_key(parts: Collection[object]) -> bool:
    """Tell whether a tenant, module or name is text as it was written, and not what SQLite holds, or shows, in place of it."""
    return all(type(part) is str for part in parts)


def refuse_damaged_key(shown: str, parts: Collection[object]) -> None:
    """Refuse to go on with a tenant, module or name by which nothing could be read again.

    Raises:
        StoreCorrupt: It is such a one.
    """
    if not is_key(parts):
        problem = f"a row has a tenant, module or name that is no text: {', '.join(map(repr, parts))}"
        raise StoreCorrupt(shown, f"{problem}. `perdure doctor --deep` says which, and what to do")


class Content(NamedTuple):
    """What is to be stored under a key.

    Attributes:
        text: The JSON text, or None to leave the name not stored.
        record_version: The version of the record that the text is written in.
        encoding: How to read the text.
        newest: The newest version of the record that the writer can read: a value in a newer one is not overwritten. None is
            the version of this text.
    """

    text: str | None
    record_version: int = 1
    encoding: str = PLAIN
    newest: int | None = None


class Note(NamedTuple):
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


class Written(NamedTuple):
    """A write.

    Attributes:
        row: What is stored now.
        note: What the history was told.
    """

    row: Row
    note: Note

    @property
    def key(self) -> Key:
        """What was written."""
        return Key(self.row.tenant, self.row.module, self.row.name)

    @property
    def change(self) -> ChangeRow:
        """The same as a history has it, be it kept there or not."""
        row, note = self.row, self.note
        content = (row.text, row.encoding, row.record_version)
        told = (note.change_set, note.actor, note.reason)
        return ChangeRow(*self.key, row.version, note.operation, *content, *told, row.updated_at)
