"""What asks for a look, and how whoever looks is woken."""

from __future__ import annotations

from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Asked(NamedTuple):
    """What is to be looked at.

    Attributes:
        everything: Whether it is all that is followed.
        modules: The modules, by tenant and name, that it is in any case.
    """

    everything: bool
    modules: frozenset[tuple[str, str]]


class Signals:
    """Taken from any thread, for the one that looks.

    No method takes a lock of ours: whoever has just written may hold locks of the store, for which a fork waits.

    Attributes:
        latest: Another object after each signal that came.
    """

    def __init__(self) -> None:
        self.latest = object()
        self.bell: SimpleQueue[None] = SimpleQueue()
        self.dirty: set[tuple[str, str]] = set()
        self.everything = False

    def ring(self) -> None:
        """Wake whoever waits."""
        self.bell.put(None)

    def ask_for(self, modules: Iterable[tuple[str, str]]) -> None:
        """Have some modules looked at."""
        for module in modules:
            if module not in self.dirty:  # or it will be taken out, and be looked at after that
                self.dirty.add(module)
                self.ring()

    def ask_for_everything(self) -> None:
        """Have all that is followed looked at."""
        if not self.everything:
            self.everything = True
            self.ring()

    def wait(self, seconds: float | None) -> None:
        """Wait until somebody rings; for so many seconds at most, unless it is None."""
        with suppress(Empty):
            self.bell.get(timeout=seconds)
            while True:  # what was asked for before this is seen by whoever looks now
                self.bell.get_nowait()

    def taken(self) -> Asked:
        """Return what was asked for, and forget it: what is asked for from now on is asked for anew."""
        everything = self.everything
        if everything:  # and only then, or what is asked for just now would be lost
            self.everything = False
        modules: set[tuple[str, str]] = set()
        while self.dirty:
            modules.add(self.dirty.pop())
        return Asked(everything, frozenset(modules))
