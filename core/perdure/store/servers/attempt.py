"""One try at a transaction on a server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

from perdure.errors import AppClosed, StoreUnavailable
from perdure.store.callers.conflicts import is_known_rollback
from perdure.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perdure.names import Key
    from perdure.store.servers.links import Link, Links
    from perdure.store.statement import Rows

T = TypeVar("T")

INHERITED_TRANSACTION = (
    "this process was forked while the transaction was running, and it is the parent's. Fork outside of transactions, or start "
    "the child with multiprocessing's 'spawn'"
)


class ServerAttempt:
    """From BEGIN to COMMIT or ROLLBACK.

    Args:
        links: What lent the connection.
        link: The connection, in autocommit.
        key: What the work is about, where it is about one key.

    Attributes:
        refusal: The last error of the driver to one of our statements, to tell it from an error of the work's own making.
        in_doubt: Whether COMMIT failed, which leaves open what became of the transaction.
    """

    def __init__(self, links: Links, link: Link, key: Key | None) -> None:
        self.links = links
        self.link = link
        self.driver = link.driver
        self.key = key
        self.refusal: Exception | None = None
        self.in_doubt = False

    def run(self, work: Callable[[Writer], T]) -> T:
        """Begin, do the work and commit; whatever is raised on the way ends the transaction and goes on.

        Raises:
            Exception: The driver's, if the server refused; see `refusal` and `in_doubt`.
        """
        writer = Writer(self.driver.statements, self.execute, self.links.shown)
        try:
            self.begin()
            result = work(writer)
            if writer.wrote:
                self.commit()
            else:
                self.roll_back()  # rows that were only locked need not stay
        except BaseException:
            self.roll_back()
            raise
        return result

    def begin(self) -> None:
        """Begin the transaction."""
        try:
            self.driver.begin(self.link.connection)
        except self.driver.error as error:
            self.refusal = error
            raise

    def execute(self, text: str, parameters: Sequence[object]) -> Rows:
        """Run one statement, if the connection is still ours."""
        self.refuse_if_not_ours()
        try:
            return self.link.execute(text, parameters)
        except self.driver.error as error:
            self.refusal = error
            raise

    def commit(self) -> None:
        """Commit what is open."""
        self.refuse_if_not_ours()
        if self.refusal is not None:
            raise self.refusal  # a COMMIT now would undo everything and look like a success
        try:
            self.link.connection.commit()
        except BaseException as error:
            self.in_doubt = not is_known_rollback(error)
            if isinstance(error, self.driver.error):
                self.refusal = error
            raise

    def roll_back(self) -> None:
        """Undo what is open, or else have the connection closed, which does so too."""
        if self.link.process != os.getpid():
            return
        try:
            if self.in_doubt:
                self.link.discard(self.refusal)
            else:
                self.link.connection.rollback()
        except self.driver.error as error:
            self.link.discard(error)

    def refuse_if_not_ours(self) -> None:
        """Raise what tells why the connection is not ours any more, if so."""
        if self.link.process != os.getpid():
            raise StoreUnavailable(self.links.shown, INHERITED_TRANSACTION, self.key)
        if self.links.closed:
            raise AppClosed(self.links.shown)
