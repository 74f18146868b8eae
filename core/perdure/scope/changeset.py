"""Several names written together: all of them or none, and back together."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from perdure.errors import UnknownChangeSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from perdure.names import Key
    from perdure.records.entry import Entry
    from perdure.scope.write import Write, Written
    from perdure.store.protocol import RowStore, Transaction
    from perdure.store.rows import ChangeRow, Row

LONGEST_COUNT = 9
"""How many digits are taken for a count: more are none of ours, and Python refuses to read very many."""


@attrs.frozen(eq=False)
class ChangeSet(Mapping[str, "Entry[Any] | None"]):
    """What was written together: the entries by name, and by what the history knows them.

    Attributes:
        id: What the changes have in common; `revert_change_set` takes it.
        entries: What is stored now, by name; None for a name that was unset.
    """

    id: str
    entries: Mapping[str, Entry[Any] | None]

    def __getitem__(self, name: str) -> Entry[Any] | None:
        return self.entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)


def new_id(count: int) -> str:
    """Return the id of a change set of so many names.

    The count is part of it, so that one of which the history has dropped a part is not taken for a whole.
    """
    return f"{uuid.uuid4().hex}-{count}"


def count_in(change_set: str) -> int:
    """Return of how many names a change set was, or 0 where its id does not tell."""
    count = change_set.rpartition("-")[2]
    return int(count) if count.isascii() and count.isdigit() and len(count) <= LONGEST_COUNT else 0


def write_together(store: RowStore, about: Key, writes: Iterable[Write]) -> list[tuple[Write, Written]]:
    """Put all of several writes, or none.

    Every row is locked in the order of the keys, as by everybody, and every value checked before the first is put: within a
    caller's transaction nothing else would undo it.

    Args:
        store: Where to.
        about: The module, for errors.
        writes: One for each name.
    """
    ordered = sorted(writes, key=lambda write: write.key)
    if not ordered:
        return []

    def work(transaction: Transaction) -> list[tuple[Write, Written]]:
        rows: list[Row | None] = [transaction.lock(write.key) for write in ordered]
        for write, row in zip(ordered, rows, strict=True):
            write.check(row)
        return [(write, write.put(transaction)) for write in ordered]

    return store.transact(about, work)


def whole_change_set(tenant: str, module: str, change_set: str, rows: Sequence[ChangeRow]) -> Sequence[ChangeRow]:
    """Return the changes of a change set if they are all of it.

    Raises:
        UnknownChangeSet: There are none, or some of them are not kept any more.
    """
    made = count_in(change_set)
    if not rows or len(rows) < made:
        raise UnknownChangeSet(tenant, module, change_set, len(rows), made)
    return rows
