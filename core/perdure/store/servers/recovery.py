"""What follows when a server refuses: another connection, another try, or the error that says what it meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from perdure.errors import OutcomeUnknown, StoreError, StoreUnavailable
from perdure.store.patience import Patience
from perdure.store.servers.outage import RIDE_OUT, Outage

if TYPE_CHECKING:
    from perdure.names import Key
    from perdure.store.faults import Address
    from perdure.store.servers.attempt import ServerAttempt
    from perdure.store.servers.links import Link, Links


class Recovery:
    """How one store gets over refusals.

    Args:
        links: What lends its connections.
        address: How messages name the database.
    """

    def __init__(self, links: Links, address: Address) -> None:
        self.links = links
        self.driver = links.driver
        self.address = address
        self.outage = Outage()

    def answered(self) -> None:
        """Note that the server answered."""
        if self.outage.began is not None:
            self.outage.over()

    def of_call(self, key: Key | None, patience: float) -> Tries:
        """Return the tries of one call.

        Args:
            key: What the call is about, where it is about one key.
            patience: Seconds for which it is tried again while other transactions are in its way.
        """
        return Tries(self, key, patience)

    def meaning(self, error: BaseException, key: Key | None = None, waited: float = 0.0) -> StoreError:
        """Return what an error of the driver means."""
        return self.driver.refusal(error).error(self.address, key, waited=waited)

    def outcome_unknown(self, error: BaseException, key: Key | None) -> OutcomeUnknown:
        """Return the error for a COMMIT that failed."""
        said = self.address.without_password(str(error))
        again = f"Read {key.name!r} before writing it again" if key and key.name else "Look before doing it again"
        return OutcomeUnknown(self.address.shown, f"{self.driver.product} failed during COMMIT: {said}. {again}", key)


class Tries:
    """The tries of one call. Each method returns where there may be another one, and raises where not.

    Args:
        recovery: The store's.
        key: What the call is about.
        patience: Seconds for which it is tried again while other transactions are in its way.
    """

    def __init__(self, recovery: Recovery, key: Key | None, patience: float) -> None:
        self.recovery = recovery
        self.key = key
        self.patience = Patience(patience)
        self.riding: Patience | None = None  # runs from the first loss, not from the first try

    def after_failed_read(self, error: BaseException, link: Link | None) -> None:
        """Go on after a query failed, or after no connection could be had for it."""
        recovery = self.recovery
        if link is None:
            self.after_no_connection(error)
        elif not isinstance(error, recovery.driver.error):
            link.discard(error)  # interrupted: its answer may still be on its way
            raise error
        elif not self.is_loss(error, link):
            recovery.links.give(link)
            raise recovery.meaning(error, self.key) from error

    def after_failed_attempt(self, error: BaseException, attempt: ServerAttempt) -> None:
        """Go on after a transaction was refused by the server."""
        recovery = self.recovery
        if attempt.in_doubt:
            recovery.links.drop(attempt.link, error)
            raise recovery.outcome_unknown(error, self.key) from error
        if self.is_loss(error, attempt.link):
            return
        recovery.links.give(attempt.link)
        if not recovery.driver.refusal(error).meaning.passing:
            raise recovery.meaning(error, self.key) from error
        if not self.patience.pause():
            raise recovery.meaning(error, self.key, self.patience.spent) from error

    def is_loss(self, error: BaseException, link: Link) -> bool:
        """Tell whether the connection was lost, and another may do; raise where the server is lost for good."""
        recovery = self.recovery
        if not recovery.links.engine.dialect.is_disconnect(error, link.connection, None):  # type: ignore[arg-type]  # it tells itself
            return False
        recovery.links.drop(link, error)
        self.ride_out(error)
        return True

    def ride_out(self, error: BaseException) -> None:
        """Wait a little after a loss."""
        self.riding = self.riding or Patience(RIDE_OUT)
        if not self.riding.pause():
            raise self.recovery.meaning(error, self.key, self.riding.spent) from error

    def after_no_connection(self, error: BaseException) -> None:
        """Go on after no connection could be had."""
        recovery = self.recovery
        if isinstance(error, PoolTimeout):
            said = str(error.args[0]).partition(" (Background")[0]
            problem = f"its pool is exhausted: {said}. Raise the engine's pool_size, or hold connections for less time"
            raise StoreUnavailable(recovery.address.shown, problem, self.key) from error
        cause = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(cause, recovery.driver.error):
            raise error
        self.riding = self.riding or Patience(RIDE_OUT)
        if not recovery.driver.refusal(cause).meaning.away or not recovery.outage.worth_waiting(self.riding):
            raise recovery.meaning(cause, self.key, self.riding.spent) from error
