"""The page on the doctor's findings, held against the code."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
MADE = re.compile(r"""(?:error|warning|info|make|make_finding)\(\s*"([a-z-]+)",|:\s*\(\s*"([a-z-]+)",""")


def test_every_finding_is_on_the_page_and_no_other():
    sources = [each.read_text("utf-8") for each in (ROOT / "core/perdure/doctor").glob("*.py")]
    made = {first or second for source in sources for first, second in MADE.findall(source)}
    page = (ROOT / "docs/how-to/find-out-what-is-wrong.md").read_text("utf-8")
    assert set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)) == made
    assert len(made) > 40
