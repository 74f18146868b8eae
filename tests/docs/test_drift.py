"""What the reference says of status codes and lifecycles, held against the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import perdure
from perdure import Category, Statuses
from perdure.plugins import hookspecs
from perdure_migration import MigrationStatuses
from perdure_user import UserStatuses

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "reference/status-codes.md").read_text("utf-8")


def section(title: str) -> str:
    return next(part for part in PAGE.split("\n## ") if part.startswith(title))


@pytest.mark.parametrize(
    ("title", "family"),
    [("`Statuses`", Statuses), ("`CommonStatuses`", UserStatuses), ("`MigrationStatuses`", MigrationStatuses)],
)
def test_every_code_is_in_the_reference_with_its_description(title, family):
    rows = re.findall(r"^\| `(\d\w+)` \| (.*) \|$", section(title), re.MULTILINE)
    assert rows == [(str(code), code.description) for code in family.SCHEME_SET]


def test_the_categories_are_in_the_reference():
    rows = re.findall(r"^\| (\d)xx \| `(\w+)` \| (.*?) \| (yes|no) \|", PAGE, re.MULTILINE)
    assert rows == [(each.prefix, each.name, each.meaning, "yes" if each.terminal else "no") for each in Category]


def test_every_hook_is_in_the_reference_with_its_arguments():
    page = (DOCS / "reference/hooks.md").read_text("utf-8")
    documented = set(re.findall(r"^## `(\w+\(.*?\))`$", page, re.MULTILINE))
    hooks = {name: each for name, each in vars(hookspecs).items() if name.startswith("perdure_")}
    assert documented == {
        f"{name}({', '.join(hook.__code__.co_varnames[: hook.__code__.co_argcount])})" for name, hook in hooks.items()
    }


def test_every_public_name_that_is_no_error_is_in_the_reference():
    page = (DOCS / "reference/index.md").read_text("utf-8")
    documented = set(re.findall(r"^\| \[?`(\w+)`", page, re.MULTILINE))
    errors = {name for name, module in perdure.EXPORTS.items() if module == "perdure.errors"}
    assert documented == set(perdure.__all__) - errors
