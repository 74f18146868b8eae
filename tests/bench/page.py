"""The page: what was measured goes between its markers, and every other word is left as it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.target import TIMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.bench.comparison import Table
    from tests.bench.target import Finding

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "performance.md"

TARGETS = "| work | database | at most | measured | middle half | met |"


class MarkerMissing(Exception):
    """The page has no place for what is to be written, or several."""


def written(page: str, parts: Mapping[str, str]) -> str:
    """Return the page with new text between the markers of each part.

    Raises:
        MarkerMissing: A part has no pair of markers, or several.
    """
    for name, text in parts.items():
        begin, end = f"<!-- measured: {name} -->", f"<!-- end: {name} -->"
        pieces = re.split(f"({re.escape(begin)}\n|{re.escape(end)})", page)
        if [piece.rstrip("\n") for piece in pieces[1::2]] != [begin, end]:
            raise MarkerMissing(name)
        pieces[2] = f"\n{text.strip()}\n\n"
        page = "".join(pieces)
    return page


def target_rows(findings: Iterable[Finding]) -> str:
    """Return the table of what was to be reached."""
    lines = [TARGETS, "| --- | --- | --- | --- | --- | --- |"]
    for each in findings:
        target = each.target
        cells = (target.work, target.database, target.wanted, each.measured, each.spread, each.verdict)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def side_by_side(tables: Iterable[Table]) -> str:
    """Return the tables of all candidates."""
    return "\n\n".join(map(candidate_rows, tables))


def candidate_rows(table: Table) -> str:
    """Return the table of one comparison."""
    comparison, measurement = table.comparison, table.measurement
    lines = [
        f"### {comparison.work[:1].upper()}{comparison.work[1:]}, {comparison.database}",
        "",
        f"| candidate | what is timed | {TIMES} {comparison.floor} | middle half | time |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for name in measurement.seconds:
        ratio = measurement.ratio(name, comparison.floor)
        called = f"**{name}**" if name.startswith("perdure") else name
        code = f"`{table.shown[name]}`" if table.shown[name] else ""
        spread = "" if name == comparison.floor else f"{ratio.low:.2f} to {ratio.high:.2f}"
        lines.append(f"| {called} | {code} | {ratio.middle:.2f} | {spread} | {duration(measurement.typical(name))} |")
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"
