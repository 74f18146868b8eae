"""Several threads at one row, of which one is to win."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PATIENCE = 0.25
"""Seconds for which a racer waits before its first write. Those who lock first keep the others from ever coming to theirs."""

WRITES = re.compile(r"\s*(?!SELECT\b).*\b(INSERT|UPDATE|DELETE|MERGE|REPLACE)\b", re.IGNORECASE | re.DOTALL)
"""A statement that may write."""


def winners(
    engine: sa.Engine, racers: int, move: Callable[[sa.Connection], object], refusals: tuple[type[Exception], ...]
) -> int:
    """Have several threads make one move at once, each in a transaction of its own, and return how many succeeded.

    None writes before all have come to their first write or are done, so that all have read before that, if they read first.

    Args:
        engine: Where the row is; each racer has a connection of its own.
        racers: How many there are.
        move: Makes the move.
        refusals: What it raises for those who lose.

    Raises:
        Exception: What a racer raised that is no refusal.
    """
    start = threading.Barrier(racers)
    won: list[None] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            with engine.connect() as connection:
                start.wait()
                with connection.begin():
                    move(connection)
            won.append(None)
        except refusals:
            pass
        except BaseException as error:  # noqa: BLE001 - handed to the thread that runs the test
            failed.append(error)
            start.abort()
        finally:
            gate.leave()

    threads = [threading.Thread(target=run, name=f"racer-{number}") for number in range(racers)]
    gate = Gate(threads)
    with gate.before_writes(engine):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if failed:
        raise failed[0]
    return len(won)


class Gate:
    """Where threads wait for each other, once.

    Args:
        threads: Those that are to come; others do not wait.
    """

    def __init__(self, threads: Iterable[threading.Thread]) -> None:
        self.missing = set(threads)
        self.changed = threading.Condition()

    def come(self) -> None:
        """Wait until all have come; where that takes too long, wait no more, and let everybody go."""
        with self.changed:
            if threading.current_thread() not in self.missing:
                return
            self.leave()
            if not self.changed.wait_for(lambda: not self.missing, PATIENCE):
                self.missing.clear()
                self.changed.notify_all()

    def leave(self) -> None:
        """Have nobody wait for this thread."""
        with self.changed:
            self.missing.discard(threading.current_thread())
            self.changed.notify_all()

    @contextmanager
    def before_writes(self, engine: sa.Engine) -> Iterator[None]:
        """Have each thread come before its first statement that writes, for the length of a block."""

        def come(_connection: sa.Connection, _cursor: object, statement: str, *_: Any) -> None:
            if WRITES.match(statement):
                self.come()

        event.listen(engine, "before_cursor_execute", come)
        try:
            yield
        finally:
            event.remove(engine, "before_cursor_execute", come)
