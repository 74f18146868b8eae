"""That a reader finds every page: on the first one, by links that work wherever Markdown is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LINK = re.compile(r"\]\(([^)\s]+)\)")


def linked(page):
    """The files that a page links to, on this disk."""
    targets = [target.partition("#")[0] for target in LINK.findall(page.read_text("utf-8")) if "://" not in target]
    return {(page.parent / target).resolve() for target in targets if target}


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))], ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_links_to_is_there(page):
    assert [target for target in linked(page) if not target.exists()] == []


def test_every_page_is_linked_from_the_first_one():
    assert {page for page in DOCS.rglob("*.md") if page.name != "index.md"} <= linked(DOCS / "index.md")
