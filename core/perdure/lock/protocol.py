"""What the layers above ask of a lock, and what a kind of lock must be able to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from perdure.names import Key


class FirstWrites(Protocol):
    """Puts first writes of a key in order, so that the race for it is short; correctness rests on the primary key."""

    def ordered(self, key: Key) -> AbstractContextManager[None]:
        """Return a context whose body runs while no other process first writes `key`, as far as that can be had.

        Raises:
            LockUnavailable: On entering, where the lock is required and was not had in time.
        """
        ...


class HeldLock(Protocol):
    """A named lock, as the body under it sees it."""

    @property
    def lost(self) -> bool:
        """Whether the lock ended before its body did; costs nothing to ask."""
        ...

    def check(self) -> None:
        """Go on only if the lock is still held.

        Raises:
            LockLost: It is not.
        """
        ...


class NamedLocks(Protocol):
    """Locks that modules take by name."""

    def hold(self, tenant: str, module: str, name: str, *, timeout: float, lease: float) -> AbstractContextManager[HeldLock]:
        """Return a context whose body runs while nobody else holds the lock.

        It is not re-entrant: whoever takes it twice waits for himself.

        Args:
            tenant: The tenant, or the empty string.
            module: The module whose lock it is.
            name: The lock's name.
            timeout: Seconds to wait for it; 0 tries once.
            lease: Seconds after which a lock that shows no sign of life is another's to take. A lock in use is extended.

        Raises:
            LockUnavailable: On entering, when it was not had in time.
            LockLost: On leaving, when it ended early. An exception of the body stays, with a note.
            InvalidArgument: The timeout or the lease is no span of time.
        """
        ...


class Refusal(NamedTuple):
    """Why a lock was not had at this try.

    Attributes:
        problem: The reason, for a message.
        broken: Whether what keeps the locks cannot be reached, rather than another holding this one.
    """

    problem: str
    broken: bool = False


class Gone(Exception):
    """The lock is another's or nobody's, beyond doubt; the argument says how that is known."""


class Grip(Protocol):
    """One hold on one lock, in one kind of place; used once."""

    @property
    def lasting(self) -> bool:
        """Whether it holds by itself until it is released, so that nobody need renew it."""
        ...

    def take(self) -> Refusal | None:
        """Try once, without waiting for whoever holds it, and return None if it was had."""
        ...

    def renew(self) -> bool:
        """Prolong or prove the hold; False where there was no answer and another try is worth it.

        Raises:
            Gone: There is nothing left to renew.
        """
        ...

    def release(self) -> bool:
        """Let go of everything, had or not, and return False only where it is known to have been gone before."""
        ...

    def disown(self) -> None:
        """Leave everything as it is, in a forked child: it is the parent's."""
        ...


HELD_BY_ANOTHER = Refusal("another holds it")
