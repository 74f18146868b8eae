"""The floor: plain sets and dicts."""

from __future__ import annotations

from enum import StrEnum
from types import SimpleNamespace

from tests.bench.measure import Candidate

from perdure import Statuses

FLOOR = "bare frozenset"
STRENUM = "StrEnum"

ACTIVE = frozenset(map(str, Statuses.ACTIVE_SCHEME_SET))
Code = StrEnum("Code", {code.name: str(code) for code in Statuses.SCHEME_SET})  # type: ignore[misc]  # made from a dict
ACTIVE_CODES = frozenset(code for code in Code if code.startswith("2"))
TABLE = {
    "101_QUEUED": frozenset({"202_RUNNING"}),
    "202_RUNNING": frozenset({"303_COMPLETED", "406_PAUSED", "500_FAIL"}),
    "406_PAUSED": frozenset({"202_RUNNING"}),
}
ENUM_TABLE = {Code(source): frozenset(map(Code, targets)) for source, targets in TABLE.items()}


def among() -> list[Candidate]:
    """Return what asks whether a text is one of the active codes."""
    known = {"code": "202_RUNNING", "ACTIVE": ACTIVE, "Code": Code, "ACTIVE_CODES": ACTIVE_CODES}
    return [Candidate.of(FLOOR, "code in ACTIVE", **known), Candidate.of(STRENUM, "Code(code) in ACTIVE_CODES", **known)]


class Bare:
    """A dict of frozensets."""

    def may(self) -> list[Candidate]:
        """See `Machine`."""
        known = {"TABLE": TABLE, "ENUM_TABLE": ENUM_TABLE, "Code": Code, "status": "202_RUNNING"}
        return [
            Candidate.of(FLOOR, "'303_COMPLETED' in TABLE[status]", **known),
            Candidate.of(STRENUM, "Code.COMPLETED in ENUM_TABLE[Code(status)]", **known),
        ]

    def there_and_back(self) -> list[Candidate]:
        """See `Machine`."""
        once = "if {target!r} not in TABLE[job.status]: raise ValueError\njob.status = {target!r}\n"
        source = once.format(target="406_PAUSED") + once.format(target="202_RUNNING")
        shown = "if target not in TABLE[job.status]: raise ValueError; job.status = target"
        return [Candidate.of(FLOOR, source, shown=shown, TABLE=TABLE, job=SimpleNamespace(status="202_RUNNING"))]
