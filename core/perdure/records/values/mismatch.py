"""What does not fit its declaration, and where: from the exceptions of cattrs to one path and one problem."""

from __future__ import annotations

from typing import Any

import attrs
from cattrs.errors import AttributeValidationNote, BaseValidationError, IterableValidationError, IterableValidationNote

SHOWN = 80
"""How many characters of a value's repr a problem shows."""

TOLD = 300
"""How many characters of somebody else's message a problem repeats."""


@attrs.define(eq=False)
class Mismatch(Exception):
    """A value, or a stored text, does not fit its declaration.

    Attributes:
        path: The part that does not fit, from the status name on: `user.age`.
        problem: What was expected, and what came.
    """

    path: str
    problem: str

    def __str__(self) -> str:
        """Return both in one line."""
        return f"{self.path}: {self.problem}"


@attrs.define(eq=False)
class Unfit(Exception):
    """One part of a value is not what is declared there.

    Attributes:
        expected: What is declared.
        value: What came.
    """

    expected: str
    value: Any

    def told(self, *, secret: bool) -> str:
        """Return the problem, which shows the value unless it is secret."""
        kind = type(self.value).__name__
        if secret:
            return f"expected {self.expected}, got a secret ({kind})"
        said = f"expected {self.expected}, got {shown(self.value)}"
        return said if self.value is None or kind in self.expected.split() else f"{said} ({kind})"


@attrs.define(eq=False)
class Flaw(Exception):
    """One part of a value cannot be kept, for a reason that is not its type.

    Attributes:
        problem: The reason.
        masked: The reason as it may be told of a secret.
    """

    problem: str
    masked: str

    def told(self, *, secret: bool) -> str:
        """Return the problem, which quotes nothing of the value if that is secret."""
        return self.masked if secret else self.problem


class TooDeep(BaseException):
    """A value is nested too deeply, or contains itself.

    No `Exception`: cattrs gathers those and goes on to the next part, which takes for ever where a value contains itself twice.
    """


def explain(error: BaseException, name: str, *, secret: bool) -> Mismatch:
    """Return the first of what `error` tells as a mismatch of the status `name`; of a secret, nothing below its name."""
    path, cause = first_cause(error, name)
    if isinstance(cause, (RecursionError, TooDeep)):
        return Mismatch(name, "it is nested too deeply, or contains itself")
    if isinstance(cause, (Unfit, Flaw)):
        problem = cause.told(secret=secret)
    else:
        problem = f"it was refused ({type(cause).__name__})" if secret else message(cause)
    return Mismatch(name if secret else path, problem)


def first_cause(error: BaseException, path: str) -> tuple[str, BaseException]:
    """Return where and what the first exception is that cattrs has gathered into groups."""
    while isinstance(error, BaseValidationError):
        group, error = error, error.exceptions[0]
        path += step(group, error)
    return path, error


def step(group: BaseValidationError, error: BaseException) -> str:
    """Return how a path goes on from the whole that `group` is about to the part that `error` is about."""
    for note in reversed(getattr(error, "__notes__", ())):
        if isinstance(note, AttributeValidationNote):
            return f".{note.name}"
        if isinstance(note, IterableValidationNote):
            ordered = group.cl not in (set, frozenset)
            return f"[{shown(note.index)}]" if ordered else "[]"
    return ""


def located(error: Exception, index: int, whole: Any) -> IterableValidationError:
    """Return the exception of one element as cattrs would tell it of the whole."""
    error.add_note(IterableValidationNote(f"@ index {index}", index, whole))
    return IterableValidationError("an element does not fit", [error], whole)  # pyright: ignore[reportCallIssue]


def shown(value: object) -> str:
    """Return a value's repr, cut to what fits a line."""
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - a repr may raise anything, and the message must not depend on it
        return f"a value whose repr raises {type(error).__name__}"
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def message(error: BaseException) -> str:
    """Return what an exception says, without the arguments that attrs' validators add; its type where it says nothing."""
    args = error.args
    text = args[0] if len(args) > 1 and isinstance(args[0], str) else str(error)
    text = text.strip().rstrip(".")
    if not text:
        return type(error).__name__
    return text if len(text) <= TOLD else f"{text[: TOLD - 1]}…"
