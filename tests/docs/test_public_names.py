"""The pages of the public names, held against what is exported."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import perdure

PAGES = Path(__file__).parents[2] / "docs" / "reference"
DIRECTIVE = re.compile(r"^\.\. (auto\w+|py:decorator):: perdure\.(\w+)$(?:\n   :members: (.*)$)?", re.MULTILINE)
ROW = re.compile(r"^\| \[`(\w+)`\]\(\S+\) \| .*?: (.*) \|$", re.MULTILINE)

DOCUMENTED = {
    name: set(members.split(", ")) - {""}
    for page in PAGES.glob("*.md")
    for _, name, members in DIRECTIVE.findall(page.read_text("utf-8"))
}
"""Every name that has a place of its own, and which of its members are shown there."""
TABLE = {name: set(re.findall(r"`(\w+)`", text)) for name, text in ROW.findall((PAGES / "index.md").read_text("utf-8"))}
"""Every name of which the reference's first page lists the members."""


def test_every_public_name_has_a_place_where_its_docstring_is_shown():
    errors = {name for name, module in perdure.EXPORTS.items() if module == "perdure.errors"}
    assert set(DOCUMENTED) - {"errors"} == set(perdure.__all__) - errors


@pytest.mark.parametrize("name", sorted(set(DOCUMENTED) & set(perdure.__all__)))
def test_what_is_shown_is_there_and_has_a_docstring(name):
    shown = getattr(perdure, name)
    assert shown.__doc__
    for member in DOCUMENTED[name]:
        assert getattr(shown, member).__doc__, member


@pytest.mark.parametrize("name", ["App", "ModuleStatus", "Field", "Watch", "Bindings"])
def test_the_members_that_the_first_page_lists_are_shown(name):
    assert DOCUMENTED[name] == TABLE[name] - {"in"}


@pytest.mark.parametrize("name", ["App", "TenantView", "Scope", "ModuleStatus", "Field", "Watch"])
def test_what_is_awaited_is_shown_as_what_is_not(name):
    same = DOCUMENTED[name] - {"current"}
    assert DOCUMENTED[f"Async{name}"] == (same | {"contains"} if name == "ModuleStatus" else same)


@pytest.mark.parametrize("name", [name for name, module in perdure.EXPORTS.items() if module == "perdure.errors"])
def test_every_error_has_a_docstring_to_be_shown(name):
    assert vars(getattr(perdure, name))["__doc__"]
