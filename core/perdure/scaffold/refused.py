"""The error of the scaffold. It is not among the public ones: only the command line writes files, and tells of it."""

from __future__ import annotations

from perdure.errors import PerdureError


class Refused(PerdureError):
    """Files were not written; what is there already was left as it was.

    Attributes:
        problem: What is in the way.
        advice: What to do.
    """

    problem: str
    advice: str

    def __str__(self) -> str:
        return f"{self.problem}. Nothing was written. {self.advice}"
