"""On which processor a server's side of a connection runs, which is most of what a short question costs.

Where client and server share a processor, an answer comes in a third of the time that it takes where each has its own and one has
to be woken for the other. The scheduler leaves a connection where it happens to be, so that of two candidates that send the same
bytes one may look three times as fast as the other.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OURS = 0
"""Stands for the thread that asks."""


@contextmanager
def shared(tasks: Iterable[int]) -> Iterator[None]:
    """Have this thread and others run on one processor for the length of a block; where that cannot be had, leave all as it is.

    Args:
        tasks: The ids of threads, or of processes with one thread, of whichever user.
    """
    moved: dict[int, set[int]] = {}
    try:
        for task in (*tasks, OURS):
            moved[task] = set(os.sched_getaffinity(task))
            os.sched_setaffinity(task, {min(os.sched_getaffinity(OURS))})
    except (AttributeError, OSError):  # no such system, or somebody else's server
        put_back(moved)
    try:
        yield
    finally:
        put_back(moved)


def put_back(moved: dict[int, set[int]]) -> None:
    """Let threads run where they might before."""
    for task, processors in moved.items():
        with suppress(OSError):  # it has ended
            os.sched_setaffinity(task, processors)
