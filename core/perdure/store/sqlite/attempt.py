"""One try at a transaction on SQLite."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, TypeVar

from perdure.errors import AppClosed, PerdureError, StoreUnavailable
from perdure.store.sqlite.connections import INHERITED_TRANSACTION
from perdure.store.sqlite.faults import code_of
from perdure.store.sqlite.text import DamageShown
from perdure.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perdure.names import Key
    from perdure.store.sqlite.connections import Held
    from perdure.store.statements import Statements

T = TypeVar("T")


class Attempt:
    """From BEGIN IMMEDIATE to COMMIT or ROLLBACK.

    Args:
        held: What holds the connection, with its lock taken.
        connection: The connection as it was when the attempt began.
        shown: How messages name the database.
        key: What the work is about, where it is about one key.

    Attributes:
        refusal: The last error of SQLite to one of our statements, to tell it from an error of the work's own making.
        in_doubt: Whether COMMIT failed in a way that leaves open what became of the transaction.
    """

    def __init__(self, held: Held, connection: sqlite3.Connection, shown: str, key: Key | None) -> None:
        self.held = held
        self.connection = connection
        self.shown = shown
        self.key = key
        self.refusal: sqlite3.Error | None = None
        self.in_doubt = False

    def run(self, statements: Statements, work: Callable[[Writer], T]) -> T:
        """Begin, do the work and commit; whatever is raised on the way ends the transaction and goes on.

        Raises:
            sqlite3.Error: SQLite refused; see `refusal` and `in_doubt`.
        """
        if self.connection.in_transaction:
            problem = "a write began within the function of another one, on the same thread, and would wait for it for ever"
            raise StoreUnavailable(self.shown, f"{problem}. Write after it", self.key)
        self.execute("BEGIN IMMEDIATE")
        self.held.writing = True
        try:
            with DamageShown(self.connection):
                result = work(Writer(statements, self.execute, self.shown))
            self.commit()
        except BaseException:
            self.roll_back()
            raise
        finally:
            self.held.writing = False
        return result

    def execute(self, text: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
        """Run one statement, if the connection is still ours."""
        if self.held.connection is not self.connection:
            raise self.loss()
        try:
            cursor: sqlite3.Cursor = self.connection.execute(text, parameters)
        except sqlite3.Error as error:
            self.refusal = error
            raise
        return cursor

    def commit(self) -> None:
        """Commit what is open."""
        if self.refusal is not None and not self.connection.in_transaction:
            raise self.refusal  # SQLite rolled back by itself, and the work went on regardless
        try:
            self.execute("COMMIT")
        except sqlite3.Error as error:
            # Where there was no room for the record of the commit, there is none; after any other end, nobody knows.
            self.in_doubt = not self.connection.in_transaction and code_of(error) != sqlite3.SQLITE_FULL
            raise

    def roll_back(self) -> None:
        """Undo what is open, or else have the connection closed, which does so too."""
        if self.held.connection is not self.connection:
            return
        try:
            self.connection.rollback()
        except sqlite3.Error:
            self.held.give_back(close=True)

    def loss(self) -> PerdureError:
        """Return why the connection is not ours any more."""
        if self.held.inherited:
            return StoreUnavailable(self.shown, INHERITED_TRANSACTION, self.key)
        return AppClosed(self.shown)
