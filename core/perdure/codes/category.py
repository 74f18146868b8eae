"""The six categories of status codes: what the first digit of a code says.

The scheme is that of the IGNIS status-code reference, which took the idea from HTTP.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Self

from perdure.errors import InvalidCode

CODE_LENGTH = 64
"""The longest a code may be, in characters: as much as a column holds."""

SHAPE = re.compile(r"[0-5][0-9]{2}_[A-Z][A-Z0-9_]{0,59}", re.ASCII)
"""What every code looks like; to be matched in full. Four characters and sixty are 64."""


class Category(Enum):
    """What kind of state a code is in; the first digit of the code.

    Attributes:
        prefix: The first digit of its codes, as text.
        meaning: What being in it means.
        terminal: Whether it is an end: a lifecycle leaves it only where a transition says `allow_terminal=True`.
        reversible: Whether what led here can be undone; None for INITIAL, which nothing led to.
    """

    INITIAL = (0, "Entity creation/draft state", False, None)
    PENDING = (1, "Awaiting action or decision", False, True)
    ACTIVE = (2, "In progress or running", False, True)
    COMPLETED = (3, "Positive terminal state", True, False)
    INACTIVE = (4, "Negative but reversible", False, True)
    FAILED = (5, "Negative terminal state", True, False)

    prefix: str
    meaning: str
    terminal: bool
    reversible: bool | None

    def __new__(cls, number: int, meaning: str, terminal: bool, reversible: bool | None) -> Self:  # noqa: FBT001 - Enum's call
        """Make one member: its value is the digit, the rest are attributes."""
        member = object.__new__(cls)
        member._value_ = number
        member.prefix = str(number)
        member.meaning = meaning
        member.terminal = terminal
        member.reversible = reversible
        return member

    def __repr__(self) -> str:
        """Return the member as it is written in code."""
        return f"Category.{self.name}"

    @classmethod
    def of(cls, code: int | str) -> Category:
        """Return the category of a code, whether any family knows it or not.

        Args:
            code: A code's number from 0 to 599, or its text: 409 and `"409_ON_LEAVE"` are both INACTIVE. A single digit is
                a number like any other: 4 is the code 004, and INITIAL.

        Raises:
            InvalidCode: It is no code, and no number of one.
        """
        if isinstance(code, str):
            if SHAPE.fullmatch(code):
                return BY_PREFIX[code[0]]
        elif type(code) is int and 0 <= code <= 599:  # noqa: PLR2004 - the last of the scheme
            return BY_PREFIX[str(code // 100)]
        raise InvalidCode(str(code))


BY_PREFIX = {category.prefix: category for category in Category}
"""The categories by the first digit of their codes."""
