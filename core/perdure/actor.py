"""Who writes: the actor of a change, where no call names one.

A context variable, so it follows tasks and `asyncio.to_thread`. It does not follow a plain `threading.Thread` or an
executor: hand the name over there.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from perdure.names import checked_actor

if TYPE_CHECKING:
    from collections.abc import Iterator

acting: ContextVar[str | None] = ContextVar("perdure_actor", default=None)


@contextmanager
def acting_as(actor: str) -> Iterator[None]:
    """Name the actor of every write made inside the `with` block, in this thread or task and those it starts.

    Args:
        actor: Who acts: a user, a job, a command; 255 characters at most.

    Raises:
        InvalidName: The actor is empty, too long, or holds NUL or a lone surrogate.
    """
    token = acting.set(checked_actor(actor))
    try:
        yield
    finally:
        acting.reset(token)
