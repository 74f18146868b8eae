"""What every candidate that keeps values can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tests.bench.measure import Candidate


class Peer(Protocol):
    """A library that keeps values by name, opened at a place with `VALUES` in it.

    It hands out the calls that its documentation tells its users to make, and nothing around them.

    Attributes:
        name: What the tables call it.
    """

    name: str

    def get(self, name: str) -> Candidate:
        """Return what reads a value, as every process sees it now."""
        ...

    def set(self, name: str) -> Candidate:
        """Return what replaces a value, as durably as the place asks for."""
        ...

    def update(self, name: str) -> Candidate:
        """Return what adds one to a number, so that no other writer's is lost, if the library can do that at all."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...
