"""The figures in the README, taken from the page that `make bench` writes: `make pictures` takes them anew."""

from __future__ import annotations

import re
from pathlib import Path

from tests.bench.page import PAGE, written

README = Path(__file__).parents[2] / "README.md"

WORKS = (
    "Get of a bool, SQLite",
    "Set of an existing name, SQLite, full",
    "Update of an existing name, SQLite, full",
    "Get of a bool, PostgreSQL",
    "A job is held and runs again, memory",
    "A job in a table is held and runs again, each in a transaction, SQLite",
)
CANDIDATES = ("**perdure**", "diskcache", "django-constance", "transitions", "django-fsm-2")


def ratios(work: str) -> tuple[str, dict[str, str]]:
    """Return what the floor of a comparison is, and how many times as long each candidate takes."""
    section = PAGE.read_text("utf-8").split(f"\n### {work}\n")[1].split("\n### ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in re.findall(r"^\|.*$", section, re.MULTILINE)]
    return rows[2][0], {row[0]: row[2] for row in rows[2:]}


def figures() -> str:
    """Return the table."""
    lines = [f"| {' | '.join(['work', 'floor', *CANDIDATES])} |", f"| --- | --- |{' ---: |' * len(CANDIDATES)}"]
    for work in WORKS:
        floor, found = ratios(work)
        lines.append(f"| {' | '.join([work, floor, *(found.get(candidate, '') for candidate in CANDIDATES)])} |")
    return "\n".join(lines)


def with_figures(readme: str) -> str:
    """Return the README with its figures taken anew."""
    return written(readme, {"figures": figures()})


if __name__ == "__main__":
    README.write_text(with_figures(README.read_text("utf-8")), "utf-8")
