"""What a transaction does to the tables: the `Transaction` of every store, on whatever executes its statements."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from perdure.errors import ValueFromNewerVersion
from perdure.store.protocol import Row

if TYPE_CHECKING:
    from perdure.names import Key
    from perdure.store.protocol import Content, Note
    from perdure.store.statements import Execute, Statement, Statements


class Writer:
    """Locks and writes within a transaction that somebody else begins and ends.

    Args:
        statements: The statements of the database.
        execute: Runs one statement: on a connection of the store, or on a caller's.

    Attributes:
        wrote: Whether anything was written but rows to be locked.
    """

    def __init__(self, statements: Statements, execute: Execute) -> None:
        self.statements = statements
        self.execute = execute
        self.wrote = False

    def lock(self, key: Key) -> Row | None:
        """Read a row and keep other writers away from its key; see `Transaction.lock`."""
        row = self.only_row(self.statements.lock, {**key._asdict(), "at": microseconds()})
        return row if row is not None and row.version else None

    def put(self, key: Key, content: Content, note: Note) -> Row:
        """Write a row, the change to the history, and drop what the history need not keep; see `Transaction.put`."""
        at = microseconds()
        self.wrote = True
        values = {
            **key._asdict(),
            "value": content.text,
            "encoding": content.encoding,
            "record_version": content.record_version,
            "actor": note.actor,
        }
        arriving = {**values, "created_at": at, "updated_at": at}
        row = self.only_row(self.statements.put, {**arriving, "newest": content.newest})
        if row is None or row.record_version > content.newest:
            row = self.only_row(self.statements.put, {**arriving, "newest": self.damaged_version(key, content)})
        if row is None:
            raise AssertionError("an upsert returns its row")
        if note.keep:
            told = {"operation": note.operation, "reason": note.reason, "change_set": note.change_set, "at": at}
            self.run(self.statements.record, {**values, **told, "version": row.version})
        if row.version > note.keep:
            self.run(self.statements.prune, {**values, "until": row.version - note.keep})
        if self.statements.notify is not None:
            self.run(self.statements.notify, values)
        return row

    def forget(self, key: Key) -> int:
        """Remove the history of a key; see `Transaction.forget`."""
        self.wrote = True
        return self.execute(self.statements.forget.text, self.statements.forget.arguments(key._asdict())).rowcount

    def damaged_version(self, key: Key, content: Content) -> object:
        """Return the record version of a row that was not replaced, if it is no number: what is damaged may be set anew.

        Raises:
            ValueFromNewerVersion: It is one, and newer than the writer can read.
        """
        found = self.only_row(self.statements.row, key._asdict())
        version: object = None if found is None else found.record_version  # SQLite holds anything in any column
        if isinstance(version, int):
            raise ValueFromNewerVersion(*key, version, content.newest)
        return version

    def erase(self, tenant: str) -> int:
        """Remove every value and change of a tenant, and return how many values there were; its rows stay.

        Module by module: each statement follows the primary key and is a short one, however much a tenant has.
        """
        self.wrote = True
        modules = self.execute(self.statements.modules.text, (tenant,)).fetchall()
        count = 0
        for (module,) in modules:
            values: dict[str, object] = {"tenant": tenant, "module": module, "at": microseconds()}
            count += self.execute(self.statements.erase.text, self.statements.erase.arguments(values)).rowcount
            self.run(self.statements.erase_actors, values)
            self.run(self.statements.erase_history, values)
        return count

    def only_row(self, statement: Statement, values: dict[str, object]) -> Row | None:
        """Run a statement by key and return the row it found or made."""
        # All rows, though there is one at most: SQLite is not done with a RETURNING before it was read to its end.
        rows = self.execute(statement.text, statement.arguments(values)).fetchall()
        return Row(*rows[0]) if rows else None

    def run(self, statement: Statement, values: dict[str, object]) -> None:
        """Run a statement that returns nothing."""
        self.execute(statement.text, statement.arguments(values))


def microseconds() -> int:
    """Return the time now in microseconds since 1970, UTC."""
    return time.time_ns() // 1000
