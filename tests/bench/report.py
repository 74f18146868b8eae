"""What a run says on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.page import duration
from tests.bench.target import TIMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.comparison import Outcome
    from tests.bench.target import Finding


def said(name: str, outcome: Outcome, took: float) -> str:
    """Return what came of one work."""
    lines = [f"\n{name} ({took:.1f} s)"]
    if outcome.why:
        lines.append(f"   not measured: {outcome.why}")
    if outcome.table is not None:
        measurement, floor = outcome.table.measurement, outcome.table.comparison.floor
        for each in measurement.seconds:
            ratio = measurement.ratio(each, floor)
            lines.append(f"   {each:<40} {ratio.middle:>9.2f} {TIMES} {duration(measurement.typical(each)):>12}")
    return "\n".join([*lines, *(f"   {told(finding)}" for finding in outcome.findings)])


def told(finding: Finding) -> str:
    """Return what became of a target."""
    word = {True: "met", False: "MISSED", None: "not measured"}[finding.met]
    measured = "" if finding.figure is None else f": {finding.measured} ({finding.spread or 'counted'})"
    return f"{word:<12} at most {finding.target.wanted}{measured}"


def summary(findings: Sequence[Finding]) -> str:
    """Return how many targets are met, and which are not."""
    others = [finding for finding in findings if finding.met is not True]
    lines = [f"   {each.target.work}, {each.target.database}: {told(each)} {each.why}".rstrip() for each in others]
    return "\n".join(["", f"{len(findings) - len(others)} of {len(findings)} targets met.", *lines])
