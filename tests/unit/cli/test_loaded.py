from __future__ import annotations

import json

CLASH = """
from cli_desk import Desk
from perdure import StatusSpec, hookimpl

@hookimpl
def perdure_status_specs():
    return [StatusSpec("cli-desk", Desk)]
"""


def test_plugins_are_told_with_what_they_bring(run):
    found = {each["plugin"]: each for each in run.json("plugins")}
    assert found["cli-desk"] == {
        "plugin": "cli-desk",
        "distribution": "cli-desk",
        "version": "1.0.0",
        "state": "loaded",
        "modules": ["cli-desk"],
        "families": ["desk"],
        "lifecycles": ["DeskLifecycle"],
        "error": None,
    }


def test_blocked_and_failed_plugins_are_told_with_the_reason(run, installed):
    installed.add("broken-desk", "import nothing_of_that_name")
    found = {each["plugin"]: each for each in run.json("plugins", env={"PERDURE_BLOCKED": "cli-desk"})}
    assert found["cli-desk"]["state"] == "blocked"
    assert found["broken-desk"]["state"] == "failed"
    assert "nothing_of_that_name" in found["broken-desk"]["error"]


def test_plugins_that_do_not_go_together_are_told_all_the_same(run, installed):
    installed.add("twin-desk", CLASH)
    found = run("plugins", code=1)
    assert "twin-desk" in found.stdout
    assert "declared twice" in found.stderr
    assert "PERDURE_BLOCKED" in found.stderr
    assert run("list", code=1).stdout == ""
    assert run("list", env={"PERDURE_BLOCKED": "twin-desk"}).exit_code == 0


def test_of_plugins_that_do_not_go_together_it_says_as_much_as_of_others(run, installed):
    installed.add("twin-desk", CLASH)
    installed.add("broken-desk", "import nothing_of_that_name")
    found = run("plugins", "--json", env={"PERDURE_BLOCKED": "twin-dekc"}, code=1)
    assert {"cli-desk", "twin-desk", "broken-desk"} <= {each["plugin"] for each in json.loads(found.stdout)}
    assert "no plugin goes by that name" in found.stderr
    assert "nothing_of_that_name" in found.stderr
    assert "declared twice" in found.stderr


def test_modules_are_told_with_types_as_people_write_them(run):
    (found,) = (each for each in run.json("modules") if each["module"] == "cli-desk")
    types = {each["name"]: each["type"] for each in found["names"]}
    assert types == {
        "enable": "bool",
        "clerk": "Clerk",
        "sign": "str",
        "visits": "int",
        "size": "Size",
        "opened": "datetime | None",
        "tags": "list[str]",
        "password": "str",
        "state": "StatusCode",
        "unkept": "int",
    }
    assert [each["name"] for each in found["names"] if each["secret"]] == ["password"]
    assert "What [red]is[/] written at the door" in run("modules").stdout
