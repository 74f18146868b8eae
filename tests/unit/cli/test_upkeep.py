from __future__ import annotations

import pytest

from perdure import App

GONE = ("cli-desk", "visits")


@pytest.fixture
def left(run, installed):
    for tenant in ("", "acme"):
        run("set", "cli-desk", "visits", "1", "--tenant", tenant)
        run("set", "cli-desk", "sign", "x", "--tenant", tenant)
    run("unset", "cli-desk", "sign", "--tenant", "acme")
    installed.remove("cli-desk")
    return run


def places(found):
    return [(each["tenant"], each["module"], each["name"]) for each in found]


EVERYTHING = [("", "cli-desk", "sign"), ("", "cli-desk", "visits"), ("acme", "cli-desk", "sign"), ("acme", "cli-desk", "visits")]


def test_leftovers_of_all_tenants_are_listed(left):
    found = left.json("leftovers")
    assert places(found) == EVERYTHING
    assert [each["stored"] for each in found] == [True, True, False, True]
    assert "history" in left("leftovers").stdout
    assert places(left.json("leftovers", "--tenant", "acme")) == EVERYTHING[2:]
    assert places(left.json("leftovers", env={"PERDURE_TENANT": "acme"})) == EVERYTHING[2:]


def test_nothing_left_over_is_said(run):
    found = run("leftovers")
    assert (found.stdout, found.stderr) == ("", "Nothing is left over.\n")


@pytest.mark.parametrize(
    ("words", "gone"),
    [
        (["cli-desk", "visits"], [EVERYTHING[1], EVERYTHING[3]]),
        (["cli-desk", "visits", "sign"], EVERYTHING),
        (["cli-desk"], EVERYTHING),
        (["--all"], EVERYTHING),
        (["cli-desk", "visits", "--tenant", "acme"], EVERYTHING[3:]),
        (["--all", "--tenant", ""], EVERYTHING[:2]),
    ],
)
def test_leftovers_are_removed(left, words, gone):
    assert "--yes" in left("leftovers", "remove", *words, code=2).stderr
    assert places(left.json("leftovers")) == EVERYTHING
    assert places(left.json("leftovers", "remove", *words, "--yes")) == gone
    assert places(left.json("leftovers")) == [each for each in EVERYTHING if each not in gone]


def test_what_is_not_left_over_is_not_removed(left):
    found = left("leftovers", "remove", "cli-desk", "visits", "other", "--yes", code=1)
    assert "cli-desk.other" in found.stderr
    assert places(left.json("leftovers")) == [EVERYTHING[0], EVERYTHING[2]]
    assert "nothing is left over under demo" in left("leftovers", "remove", "demo", "--yes", code=1).stderr


def test_what_is_declared_is_not_removed(run):
    run("set", "cli-desk", "visits", "1")
    found = run("leftovers", "remove", "cli-desk", "visits", "--yes", code=1)
    assert (found.stdout, "declare" in found.stderr) == ("", True)
    assert run.json("get", "cli-desk", "visits")["stored"] is True


@pytest.mark.parametrize("words", [[], ["cli-desk", "--all"]])
def test_remove_wants_a_module_or_all(left, words):
    assert left("leftovers", "remove", *words, "--yes", code=2).stdout == ""


def test_leftovers_cannot_be_known_while_a_plugin_is_broken(left, installed):
    installed.add("broken-desk", "raise ValueError('by design')")
    found = left("leftovers", code=1)
    assert found.stdout == ""
    assert "perdure plugins" in found.stderr


def test_tenants_are_listed_and_erased(run):
    run("set", "cli-desk", "visits", "1", "--tenant", "acme")
    run("set", "cli-desk", "sign", "x", "--tenant", "acme")
    assert {"tenant": "acme"} in run.json("tenants")
    assert "acme" in run("tenants").stdout.splitlines()
    assert "--yes" in run("tenants", "erase", "acme", code=2).stderr
    assert run.json("tenants", "erase", "acme", "--yes") == {"tenant": "acme", "erased": 2}
    assert {"tenant": "acme"} not in run.json("tenants")
    found = run("tenants", "erase", "acme", "--yes", code=1)
    assert "Nothing is stored for the tenant 'acme'" in found.stderr


def test_migrate_creates_the_tables_and_says_so(run, here):
    run.url = "sqlite:///new.db"
    assert "perdure migrate" in run("list", code=1).stderr
    assert not (here / "new.db").exists()
    found = run.json("migrate", env={"PERDURE_MIGRATE": "no"})
    assert (found["ran"], found["version"], found["pending"]) == (["0001"], "0001", 0)
    again = run("migrate")
    assert (again.stdout, "as they should be" in again.stderr) == ("", True)
    assert run.json("migrate")["ran"] == []


SECOND = """
import attrs
from perdure import StatusSpec, hookimpl

@attrs.frozen
class Desk:
    visits: str = ""

def up(visits):
    return visits if visits == 13 else str(visits)

@hookimpl
def perdure_status_specs():
    return [StatusSpec("cli-desk", Desk, record_version=2, upgrades={"visits": {1: up}})]
"""


def test_values_in_older_versions_are_written_anew(run, installed):
    for tenant, visits in (("", "7"), ("acme", "8"), ("evil", "13")):
        run("set", "cli-desk", "visits", visits, "--tenant", tenant)
    installed.remove("cli-desk")
    installed.add("second-desk", SECOND)
    told = run("migrate")
    assert "3 values are stored in other record versions" in told.stderr
    found = run.json("migrate", "--rewrite", "--reason", "spring", code=1)
    assert (found["rewritten"], found["pending"]) == (2, 1)
    (failed,) = found["failed"]
    assert (failed["tenant"], failed["name"]) == ("evil", "visits")
    assert run.json("history", "cli-desk", "visits")[0]["reason"] == "spring"
    with App.open(run.url) as app:
        assert [each.tenant for each in app.pending_upgrades()] == ["evil"]
