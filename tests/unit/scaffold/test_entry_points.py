from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from perdure.scaffold.entry_points import with_entry_point
from perdure.scaffold.identity import Identity
from perdure.scaffold.refused import Refused

DESK = Identity("library-desk", "library-desk", "library_desk", "library_desk.status")
FILE = Path("pyproject.toml")

PROJECT = """\
# what this is
[build-system]
requires = ["hatchling"]   # the builder

[project]
name    =   "library-desk"
"""
TOOLS = """
[tool.ruff]
line-length = 100 # wide
"""
OTHERS = """
[project.entry-points."console"]
x = "y"

[project.entry-points.perdure] # ours
library-desk = "library_desk"
"""


def group(text):
    return tomllib.loads(text)["project"]["entry-points"]["perdure"]


@pytest.mark.parametrize("text", [PROJECT, PROJECT + TOOLS, (PROJECT + TOOLS).rstrip("\n")])
def test_a_table_is_added_and_everything_else_stays(text):
    found = with_entry_point(text, DESK, FILE)
    assert group(found) == {"library-desk": "library_desk.status"}
    assert found.startswith(text.rstrip("\n"))
    assert found.endswith('\n\n[project.entry-points.perdure]\nlibrary-desk = "library_desk.status"\n')


@pytest.mark.parametrize("header", ["[project.entry-points.perdure] # ours", '[project.entry-points."perdure"]'])
def test_a_line_is_added_to_the_table_that_is_there(header):
    text = PROJECT + OTHERS.replace("[project.entry-points.perdure] # ours", header) + TOOLS
    found = with_entry_point(text, DESK, FILE)
    line = 'library-desk-status = "library_desk.status"'
    assert group(found) == {"library-desk": "library_desk", "library-desk-status": "library_desk.status"}
    assert found.replace(f"{header}\n{line}\n", f"{header}\n") == text


def test_the_ends_of_lines_stay(tmp_path):
    for text in (PROJECT, PROJECT + OTHERS):
        dos = text.replace("\n", "\r\n")
        found = with_entry_point(dos, DESK, FILE)
        assert found.replace("\r\n", "\n") == with_entry_point(text, DESK, FILE)
        assert "\n" not in found.replace("\r\n", "")


def test_what_is_there_already_is_not_added_again():
    once = with_entry_point(PROJECT, DESK, FILE)
    assert with_entry_point(once, DESK, FILE) == once


@pytest.mark.parametrize(
    "text",
    [
        PROJECT + 'entry-points = { perdure = { a = "b" } }\n',
        PROJECT + 'entry-points.perdure.a = "b"\n',
        PROJECT + '\n[project.entry-points]\nperdure = { a = "b" }\n',
        'project = { name = "library-desk" }\n',
        PROJECT + 'description = """\n[project.entry-points.perdure]\n"""\n',
    ],
    ids=["inline", "dotted", "inline-group", "inline-project", "a-header-in-a-text"],
)
def test_what_cannot_be_added_to_is_left_alone_and_told_what_to_add(text):
    tomllib.loads(text)
    with pytest.raises(Refused, match="cannot be added to") as raised:
        with_entry_point(text, DESK, FILE)
    assert '[project.entry-points.perdure]\nlibrary-desk = "library_desk.status"\n' in str(raised.value)


def test_entry_points_that_the_build_makes_are_told_of():
    with pytest.raises(Refused, match="dynamic"):
        with_entry_point(PROJECT + 'dynamic = ["entry-points"]\n', DESK, FILE)


def test_names_that_are_taken_are_told_of():
    text = PROJECT + '\n[project.entry-points.perdure]\nlibrary-desk = "a"\nlibrary-desk-status = "b"\n'
    with pytest.raises(Refused, match="--module NAME"):
        with_entry_point(text, DESK, FILE)
