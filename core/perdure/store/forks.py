"""What becomes of open connections when the process forks.

SQLite keeps its locks twice: in the kernel, per process, and in its own memory, which a fork copies. A child that opens a
file of which it inherited a connection believes to hold locks that it does not hold, and its acknowledged writes vanish when
the parent closes. So nothing may be inherited: connections are closed before a fork, and opened again when they are needed.
"""

from __future__ import annotations

import ctypes
import logging
import os
import threading
from typing import Protocol
from weakref import WeakSet


class Forkable(Protocol):
    """What wants to know that the process forks."""

    def before_fork(self) -> None:
        """Let go of what a child must not inherit, and let nobody take it up again."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Go on as another process, in which no other thread is left."""


logger = logging.getLogger("perdure.store")

watching: WeakSet[Forkable] = WeakSet()
turn = threading.Lock()
"""Held from before a fork until after it: of two threads that fork at once, each tells those whom it has told before."""
told: list[Forkable] = []


def keep_for_ever(inherited: object) -> None:
    """Let nothing ever collect this object, not even the end of the interpreter, which would close it."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(inherited))


def before() -> None:
    """Tell all before the fork; those who were told are told again after it."""
    turn.acquire()
    for one in list(watching):
        try:
            one.before_fork()
        except Exception:  # Python would fork all the same, and leave the others out
            logger.exception("%r could not prepare for a fork", one)
        else:
            told.append(one)


def in_parent() -> None:
    """Tell all that were told before."""
    while told:
        told.pop().after_fork_in_parent()
    turn.release()


def in_child() -> None:
    """Tell all that were told before."""
    while told:
        told.pop().after_fork_in_child()
    turn.release()


os.register_at_fork(before=before, after_in_parent=in_parent, after_in_child=in_child)
