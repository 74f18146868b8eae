"""How far the clock of this machine is from that of the database's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure.doctor.finding import error, warning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from perdure.doctor.database import Database
    from perdure.doctor.finding import Finding

ASKED = 3
"""How often the clock is asked; the answer that came soonest counts."""

NOTABLE = 1.0
WRONG = 5.0
"""Seconds from which a difference is worth a warning, and from which it is an error."""

QUESTIONS = {
    "postgresql": "SELECT extract(epoch FROM clock_timestamp())",
    "mariadb": "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) / 1000000",
}


def skew(connection: Connection, question: str, clock: Callable[[], float]) -> tuple[float, float]:
    """Return the seconds by which the server's clock is ahead, and by how many that may be wrong at most."""
    measured = []
    for _ in range(ASKED):
        asked = clock()
        server = float(connection.exec_driver_sql(question).scalar_one())
        answered = clock()
        measured.append(((answered - asked) / 2, server - (asked + answered) / 2))
    unsure, ahead = min(measured)
    return ahead, unsure


def now(connection: Connection, backend: str, clock: Callable[[], float]) -> float:
    """Return the time by the clock of the database; by the one here where it is a file."""
    question = QUESTIONS.get(backend)
    return clock() if question is None else float(connection.exec_driver_sql(question).scalar_one())


def clock_findings(database: Database, clock: Callable[[], float]) -> Iterator[Finding]:
    """Tell whether the clocks differ.

    Args:
        database: A server; a file has no clock of its own.
        clock: Tells the time here.
    """
    with database.reading() as connection:
        ahead, unsure = skew(connection, QUESTIONS[database.backend], clock)
    certain = abs(ahead) - unsure
    if certain > NOTABLE:
        side = "ahead of" if ahead > 0 else "behind"
        problem = f"its clock is {abs(ahead):.1f} s {side} the one here: times in the history are out of order"
        make = error if certain > WRONG else warning
        yield make(
            "clock-skew", database.shown, problem, "Have both machines follow one time service: chronyc tracking, timedatectl"
        )
