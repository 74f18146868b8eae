from __future__ import annotations

import pytest

from perdure import graph
from perdure_user import UserLifecycle

EXTENSION = """
from perdure import Category, StatusCode, hookimpl, transition
from cli_desk import DeskLifecycle, DeskStatuses

class MoreStatuses(DeskStatuses, extends=DeskStatuses):
    PAUSED = StatusCode("402_PAUSED", "Back soon")

class MoreLifecycle(DeskLifecycle, extends=DeskLifecycle, family=MoreStatuses):
    pause = transition(DeskStatuses.OPEN, to=MoreStatuses.PAUSED)

@hookimpl
def perdure_status_families():
    return [MoreStatuses]

@hookimpl
def perdure_lifecycles():
    return [MoreLifecycle]
"""


def test_families_are_told_with_who_brought_them(run, installed):
    installed.add("more-desk", EXTENSION)
    found = {each["family"]: each for each in run.json("codes")}
    assert found["statuses"]["brought_by"] == ["perdure"]
    assert found["desk"] == {"family": "desk", "codes": 4, "brought_by": ["cli-desk", "more-desk"]}


def test_codes_of_a_family_are_told_with_who_brought_each(run, installed):
    installed.add("more-desk", EXTENSION)
    found = run.json("codes", "desk")
    assert [(each["code"], each["number"], each["category"], each["brought_by"]) for each in found] == [
        ("001_CLOSED", 1, "INITIAL", "cli-desk"),
        ("201_OPEN", 201, "ACTIVE", "cli-desk"),
        ("402_PAUSED", 402, "INACTIVE", "more-desk"),
        ("501_GONE", 501, "FAILED", "cli-desk"),
    ]
    assert "001     CLOSED  INITIAL   Nobody is served" in run("codes", "desk").stdout


def test_an_unknown_family_is_refused(run):
    found = run("codes", "dekk", code=2)
    assert (found.stdout, "'desk'" in found.stderr) == ("", True)


def test_a_lifecycle_is_told_with_what_was_added(run, installed):
    installed.add("more-desk", EXTENSION)
    for name in ("DeskLifecycle", "MoreLifecycle"):
        found = run.json("lifecycle", name)
        assert found["initial"] == ["001_CLOSED"]
        assert {each["name"]: each["condition"] for each in found["transitions"]} == {
            "open": None,
            "close": "when",
            "pause": None,
        }
        to = {each["code"]: each["to"] for each in found["codes"]}
        assert to["201_OPEN"] == ["402_PAUSED", "501_GONE"]
        assert to["501_GONE"] == []


def test_a_lifecycle_is_told_for_people(run):
    found = run("lifecycle", "DeskLifecycle").stdout
    assert "Family desk, begins at 001_CLOSED." in found
    assert "close       ACTIVE      501_GONE  when" in found
    assert "(an end)" in found


def test_mermaid_is_the_diagram_and_nothing_else(run):
    assert (
        run("lifecycle", "UserLifecycle", "--mermaid", env={"PERDURE_BLOCKED": "staff-leave"}).stdout
        == graph(UserLifecycle).mermaid()
    )
    assert run.json("lifecycle", "DeskLifecycle", "--mermaid")["mermaid"].startswith("stateDiagram-v2\n")


def test_lifecycles_of_one_name_go_by_their_modules(run, installed):
    installed.add(
        "other-desk",
        "from perdure import Lifecycle, Statuses, hookimpl, transition\n"
        "class DeskLifecycle(Lifecycle, family=Statuses, initial=Statuses.NEW):\n"
        "    run = transition(Statuses.NEW, to=Statuses.RUNNING)\n"
        "@hookimpl\ndef perdure_lifecycles():\n    return [DeskLifecycle]\n",
    )
    assert "cli_desk.DeskLifecycle" in run("lifecycle", "DeskLifecycle", code=2).stderr
    assert run.json("lifecycle", "other_desk.DeskLifecycle")["family"] == "statuses"


def test_an_unknown_lifecycle_is_refused_with_the_nearest(run):
    found = run("lifecycle", "DeskLifecycel", code=2)
    assert (found.stdout, "Did you mean 'DeskLifecycle'?" in found.stderr) == ("", True)


@pytest.mark.parametrize("words", [["codes"], ["codes", "desk"], ["lifecycle", "DeskLifecycle"], ["plugins"], ["modules"]])
def test_what_is_installed_needs_no_database(run, words):
    run.url = ""
    assert run(*words).stdout
