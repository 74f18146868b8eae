"""First writes without Redis."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from perdure.names import Key

NOTHING = nullcontext()


class LocalFirstWrites:
    """Leaves it to the primary key to decide who was first."""

    def ordered(self, key: Key) -> AbstractContextManager[None]:  # noqa: ARG002 - every key is treated alike
        """Return a context that does nothing."""
        return NOTHING
