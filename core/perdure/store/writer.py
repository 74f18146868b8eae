"""What a transaction does to the tables: the `Transaction` of every store, on whatever executes its statements."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from perdure.errors import StoreCorrupt, ValueFromNewerVersion
from perdure.store.rows import Row, Written

if TYPE_CHECKING:
    from perdure.names import Key
    from perdure.store.rows import Content, Note
    from perdure.store.statement import Execute, Statement
    from perdure.store.statements import Statements


class Writer:
    """Locks and writes within a transaction that somebody else begins and ends.

    Args:
        statements: The statements of the database.
        execute: Runs one statement: on a connection of the store, or on a caller's.
        shown: How messages name the database.

    Attributes:
        wrote: Whether anything was written but rows to be locked.
        written: Every write so far, in order.
    """

    def __init__(self, statements: Statements, execute: Execute, shown: str) -> None:
        self.statements = statements
        self.execute = execute
        self.shown = shown
        self.wrote = False
        self.written: list[Written] = []

    def lock(self, key: Key) -> Row | None:
        """Read a row and keep other writers away from its key; see `Transaction.lock`."""
        row = self.only_row(self.statements.lock, {**key._asdict(), "at": microseconds()})
        if row is None or row.version == 0:
            return None
        self.refuse_damage(key, row)
        return row

    def put(self, key: Key, content: Content, note: Note) -> Row:
        """Write a row, the change to the history, and drop what the history need not keep; see `Transaction.put`."""
        at = microseconds()
        self.wrote = True
        tenant, module, name = key
        newest = content.record_version if content.newest is None else content.newest
        values: dict[str, object] = {  # for every statement that follows: each takes what it needs
            "tenant": tenant,
            "module": module,
            "name": name,
            "value": content.text,
            "encoding": content.encoding,
            "record_version": content.record_version,
            "newest": newest,
            "actor": note.actor,
            "created_at": at,
            "updated_at": at,
            "at": at,
        }
        version, created_at = self.upserted(key, newest, values)
        values["version"] = version
        if note.keep:
            values |= {"operation": note.operation, "reason": note.reason, "change_set": note.change_set}
            self.run(self.statements.record, values)
        if version > note.keep:
            values["until"] = version - note.keep
            self.run(self.statements.prune, values)
        if self.statements.notify is not None:
            self.run(self.statements.notify, values)
        row = Row(
            tenant, module, name, content.text, content.encoding, version, content.record_version, created_at, at, note.actor
        )
        self.written.append(Written(row, note))
        return row

    def upserted(self, key: Key, newest: int, values: dict[str, object]) -> tuple[int, int]:
        """Create or replace a row, and return its version and when it was created.

        Raises:
            ValueFromNewerVersion: What is stored is newer than the writer can read.
            StoreCorrupt: The row that is there has no version.
        """
        made = self.only(self.statements.put, values)
        if made is None or made[0] is None or made[2] > newest:
            made = self.only(self.statements.put, {**values, "newest": self.damaged_version(key, newest)})
        if made is None:
            raise AssertionError("an upsert returns what it made")
        return made[0], made[1]

    def forget(self, key: Key) -> int:
        """Remove the history of a key; see `Transaction.forget`."""
        self.wrote = True
        return self.execute(self.statements.forget.text, self.statements.forget.arguments(key._asdict())).rowcount

    def damaged_version(self, key: Key, newest: int) -> object:
        """Return the record version of a row that was not replaced, if it is no number: what is damaged may be set anew.

        Raises:
            ValueFromNewerVersion: It is one, and newer than the writer can read.
            StoreCorrupt: The row has no version.
        """
        found = self.only_row(self.statements.row, key._asdict())
        if found is not None:
            self.refuse_damage(key, found)
        version: object = None if found is None else found.record_version  # SQLite holds anything in any column
        if isinstance(version, int):
            raise ValueFromNewerVersion(*key, version, newest)
        return version

    def refuse_damage(self, key: Key, row: Row) -> None:
        """Refuse to write to a row whose version no next one follows.

        Raises:
            StoreCorrupt: It is such a row.
        """
        version: object = row.version  # a restore may have left the constraints behind
        if not isinstance(version, int):
            problem = f"the version of its row is {version!r:.40}, expected a whole number. `perdure doctor` says what to do"
            raise StoreCorrupt(self.shown, problem, key)

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
        found = self.only(statement, values)
        return None if found is None else Row._make(found)

    def only(self, statement: Statement, values: dict[str, object]) -> Any:
        """Run a statement by key and return what it found or made, if anything."""
        # All rows, though there is one at most: SQLite is not done with a RETURNING before it was read to its end.
        rows = self.execute(statement.text, statement.arguments(values)).fetchall()
        return rows[0] if rows else None

    def run(self, statement: Statement, values: dict[str, object]) -> None:
        """Run a statement that returns nothing."""
        self.execute(statement.text, statement.arguments(values))


def microseconds() -> int:
    """Return the time now in microseconds since 1970, UTC."""
    return time.time_ns() // 1000
