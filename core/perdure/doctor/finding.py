"""One thing that is wrong, or worth knowing, and what to do about it."""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

Severity: TypeAlias = Literal["error", "warning", "info"]

WORST_FIRST: tuple[Severity, ...] = ("error", "warning", "info")


@attrs.frozen
class Finding:
    """What a check has found.

    Attributes:
        severity: "error" for what does not work, "warning" for what may fail one day, "info" for what is good to know.
        code: What kind of finding it is; stable, so that scripts may go by it.
        where: What it is about: a place such as `training-student.user (tenant 'a')`, a plugin, a database, a Redis.
        problem: What was found, and what was expected; never the value of a secret.
        advice: What to do, with the command where there is one.
    """

    severity: Severity
    code: str
    where: str
    problem: str
    advice: str


def error(code: str, where: str, problem: str, advice: str) -> Finding:
    """Return what does not work."""
    return Finding("error", code, where, problem, advice)


def warning(code: str, where: str, problem: str, advice: str) -> Finding:
    """Return what may fail one day."""
    return Finding("warning", code, where, problem, advice)


def info(code: str, where: str, problem: str, advice: str) -> Finding:
    """Return what is good to know."""
    return Finding("info", code, where, problem, advice)


def one_line(said: object) -> str:
    """Return words of others on one line, without a full stop at the end."""
    return " ".join(str(said).split()).removesuffix(".")
