from __future__ import annotations

import pytest

from perdure import App


@pytest.fixture
def written(run):
    for number in range(1, 5):
        run("set", "cli-desk", "visits", str(number), "--reason", f"no {number}")
    run("unset", "cli-desk", "visits")
    run("set", "cli-desk", "sign", "Closed")
    return run


def test_the_history_of_a_name_comes_with_who_and_why(written):
    found = written.json("history", "cli-desk", "visits")
    assert [(each["version"], each["operation"], each["value"]) for each in found] == [
        (5, "unset", None),
        *((number, "set", number) for number in (4, 3, 2, 1)),
    ]
    assert {each["actor"] for each in found} == {"perdure-cli:ada"}
    lines = written("history", "cli-desk", "visits").stdout.splitlines()
    assert len(lines) == 6
    assert lines[1].split()[:4] == ["cli-desk", "visits", "5", "unset"]
    assert lines[2].endswith("perdure-cli:ada  no 4")


def test_the_history_of_a_module_and_of_all(written):
    names = [each["name"] for each in written.json("history", "cli-desk")]
    assert names == ["sign", *["visits"] * 5]
    modules = {each["module"] for each in written.json("history")}
    assert "cli-desk" in modules


def test_it_can_be_read_page_by_page(written):
    first = written.json("history", "cli-desk", "visits", "--limit", "2")
    assert [each["version"] for each in first] == [5, 4]
    second = written.json("history", "cli-desk", "visits", "--limit", "2", "--before", str(first[-1]["version"]))
    assert [each["version"] for each in second] == [3, 2]
    newest = written.json("history", "cli-desk")[0]
    older = written.json("history", "cli-desk", "--before", newest["at"])
    assert [each["name"] for each in older] == ["visits"] * 5
    assert written.json("history", "--before", "1999-12-31") == []


@pytest.mark.parametrize(
    "words",
    [["cli-desk", "visits", "--before", "yesterday"], ["cli-desk", "--before", "yesterday"], ["--before", "3"], ["--limit", "0"]],
)
def test_what_is_no_place_in_a_history_is_refused(written, words):
    assert written("history", *words, code=2).stdout == ""


def test_revert_brings_an_old_value_back(written):
    assert written.json("revert", "cli-desk", "visits", "3")["value"] == 3
    found = written("revert", "cli-desk", "visits", "5")
    assert (found.stdout, "now not stored" in found.stderr) == ("", True)
    assert written.json("get", "cli-desk", "visits")["default"] is True
    assert "version 8" in written("revert", "cli-desk", "visits", "1", "--reason", "back").stderr
    assert written.json("history", "cli-desk", "visits")[0]["reason"] == "back"


@pytest.mark.parametrize("version", ["99", "9" * 24])
def test_revert_to_what_is_not_kept_fails(written, version):
    assert f"no version {version};" in written("revert", "cli-desk", "visits", version, code=1).stderr


def test_what_was_written_together_is_taken_back_together(run):
    with App.open(run.url) as app:
        status = app.scope("cli-desk").status
        status.set("visits", 1)
        change_set = status.set_many({"visits": 2, "sign": "Two"})
    assert change_set.id in run("history", "cli-desk").stdout
    found = run.json("revert", "cli-desk", "--change-set", change_set.id)
    assert {each["name"]: each["value"] for each in found["entries"]} == {"visits": 1, "sign": "Welcome"}
    assert found["change_set"] != change_set.id
    assert run("revert", "cli-desk", "--change-set", "none", code=1).stdout == ""


@pytest.mark.parametrize(
    "words", [["cli-desk"], ["cli-desk", "visits"], ["cli-desk", "visits", "1", "--change-set", "x"], ["cli-desk", "visits", "x"]]
)
def test_revert_wants_one_thing_or_the_other(written, words):
    assert written("revert", *words, code=2).stdout == ""


def test_forget_asks_and_is_told_yes(written):
    refused = written("forget", "cli-desk", "visits", code=2)
    assert "--yes" in refused.stderr
    assert len(written.json("history", "cli-desk", "visits")) == 5
    assert written.json("forget", "cli-desk", "visits", "--yes")["forgotten"] == 5
    assert written.json("history", "cli-desk", "visits") == []
    assert "No change is kept" in written("history", "cli-desk", "visits").stderr


def test_changes_of_names_that_are_gone_do_not_end_it(written, installed):
    installed.remove("cli-desk")
    found = written.json("history")
    assert {each["module"] for each in found if each["error"]} >= {"cli-desk"}
    assert all(each["value"] is None for each in found if each["error"])
