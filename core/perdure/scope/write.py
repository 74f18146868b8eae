"""A value on its way into a transaction: checked against what is there, then put."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from perdure.scope.course import Standing

if TYPE_CHECKING:
    from perdure.codes.code import StatusCode
    from perdure.names import Key
    from perdure.records.values.codec import Accepted
    from perdure.scope.field import Field
    from perdure.store.protocol import Transaction
    from perdure.store.rows import Content, Note, Row


class Written(NamedTuple):
    """What a transaction has written.

    Attributes:
        row: The row as it is now.
        value: Its value; None where the name was unset.
    """

    row: Row
    value: Any


class Write(NamedTuple):
    """The next value of one name.

    Attributes:
        field: The name.
        accepted: The value, or None to unset the name.
        note: What the history is told.
    """

    field: Field[Any]
    accepted: Accepted | None
    note: Note

    @property
    def key(self) -> Key:
        """Where it goes."""
        return self.field.key

    @property
    def content(self) -> Content:
        """What is stored of it."""
        return self.field.declared.content(None if self.accepted is None else self.accepted.text)

    @property
    def needs_lock(self) -> bool:
        """Whether the row must be looked at first: a lifecycle says from where the value may move."""
        return self.field.declared.course is not None

    def check(self, row: Row | None) -> None:
        """Return if the value may follow what a locked row holds.

        Raises:
            ValueFromNewerVersion: What is stored is newer than this code can read.
            TransitionNotAllowed: The name has a lifecycle, and this is no move of it.
        """
        declared, tenant = self.field.declared, self.key.tenant
        stored = row is not None and row.text is not None
        if row is not None and stored:
            declared.refuse_newer(tenant, row.record_version)
        if declared.course is None:
            return
        if self.accepted is not None:
            declared.course.check(self.field.place, self.standing(row, stored=stored), self.accepted.value, self.field.record)
        elif stored:
            declared.course.check_unset(self.field.place, cast("StatusCode", self.field.value_in(row)))

    def standing(self, row: Row | None, *, stored: bool) -> Standing:
        """Return from where a value with a lifecycle moves, as a locked row has it."""
        if not stored and self.field.declared.default is None:
            return Standing(None, stored=False)
        return Standing(cast("StatusCode", self.field.value_in(row)), stored=stored)

    def put(self, transaction: Transaction) -> Written:
        """Store the value."""
        return Written(transaction.put(self.key, self.content, self.note), self.accepted.value if self.accepted else None)
