"""What every candidate that knows a lifecycle can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.measure import Candidate


class Machine(Protocol):
    """The lifecycle of a job: it runs, is held, runs again, and can be finished or fail."""

    def may(self) -> Sequence[Candidate]:
        """Return what asks whether a running job may be finished."""
        ...

    def there_and_back(self) -> Sequence[Candidate]:
        """Return what holds a running job and runs it again, in memory."""
        ...
