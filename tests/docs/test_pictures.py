"""The pictures in the pages, held against what they show."""

from __future__ import annotations

import pytest
from tests.docs.pictures import DOCS, PICTURES, PLACE, drawn, pages


@pytest.mark.parametrize("page", list(pages()), ids=lambda page: str(page.relative_to(DOCS)))
def test_the_pictures_of_a_page_show_what_is_there(page):
    text = page.read_text("utf-8")
    assert drawn(text) == text, "draw it anew: make pictures"


def test_every_picture_is_on_a_page():
    assert {place[2] for page in pages() for place in PLACE.finditer(page.read_text("utf-8"))} == set(PICTURES)
