from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from perdure import App
from perdure.cli.commands.transfer import Source
from perdure.cli.main import main

FILE = "export.json"


def other(name: str) -> tuple[str, str]:
    return "--url", f"sqlite:///{Path.cwd() / name}.db"


@pytest.fixture
def filled(run):
    """A database with values, a secret and one more tenant."""
    for name, value in (("enable", "true"), ("sign", "Ä \u2028 [red]"), ("password", "swordfish"), ("state", "001_CLOSED")):
        run("set", "cli-desk", name, value)
    run("set", "cli-desk", "state", "201_OPEN")
    run("--tenant", "acme", "set", "cli-desk", "visits", "7")
    return run


def execute(run, statement, *parameters):
    with App.open(run.url) as app, app.begin() as connection:
        connection.exec_driver_sql(statement, parameters)


def effects(run, *arguments, **more):
    found = run.json("import", *arguments, **more)
    return {f"{each['tenant']}:{each['name']}": each["effect"] for each in found["names"] if each["module"] == "cli-desk"}


# --------------------------------------------------------------------------- export


def test_stdout_is_the_document_for_people_and_on_one_line_as_json(filled):
    people, one_line = filled("export").stdout, filled("export", "--json").stdout
    assert json.loads(people) == json.loads(one_line)
    assert people.count("\n") > 10
    assert one_line.count("\n") == 1
    desk = json.loads(people)["tenants"][""]["cli-desk"]
    assert desk["sign"]["value"] == "Ä \u2028 [red]"
    assert (desk["state"]["version"], desk["state"]["actor"], desk["state"]["record_version"]) == (2, "perdure-cli:ada", 1)


def test_secrets_stay_out_and_it_is_said_so(filled):
    exported = filled("export", "cli-desk")
    assert "swordfish" not in exported.output
    assert "Left out: secrets: cli-desk.password." in exported.stderr
    assert "Exported 3 values. Their history stays behind." in exported.stderr
    assert json.loads(exported.stdout)["left_out"] == [
        {"tenant": "", "module": "cli-desk", "name": "password", "why": "secret", "problem": None}
    ]


def test_what_cannot_be_read_and_what_nobody_declares_stay_out_and_are_named(filled, installed):
    execute(filled, "UPDATE perdure_status SET value = '[' WHERE name = 'enable'")
    execute(filled, "UPDATE perdure_status SET record_version = 9 WHERE name = 'visits'")
    execute(filled, "UPDATE perdure_status SET module = 'gone' WHERE name = 'sign'")
    exported = filled("export", "--all-tenants")
    assert "Left out: values that cannot be read: cli-desk.enable (enable: it is not JSON: " in exported.stderr
    newer = "cli-desk.visits (tenant 'acme') (it is stored in record version 9, and this code reads versions up to 1)"
    assert newer in exported.stderr
    assert "nobody knows whether it is secret: gone.sign." in exported.stderr
    document = json.loads(exported.stdout)
    assert {(each["name"], each["why"]) for each in document["left_out"]} == {
        ("enable", "unreadable"),
        ("password", "secret"),
        ("sign", "undeclared"),
        ("visits", "unreadable"),
    }
    assert document["tenants"]["acme"]["cli-desk"] == {}


def test_of_one_tenant_of_all_and_of_one_module(filled):
    assert list(filled.json("export")["tenants"]) == [""]
    assert list(filled.json("export", "--tenant", "acme")["tenants"]) == ["acme"]
    assert list(filled.json("export", env={"PERDURE_TENANT": "acme"})["tenants"]) == ["acme"]
    assert list(filled.json("export", "--all-tenants")["tenants"]) == ["", "acme"]
    assert "cli-desk" in filled.json("export")["tenants"][""]
    assert list(filled.json("export", "cli-desk")["tenants"][""]) == ["cli-desk"]
    filled("export", "--all-tenants", "--tenant", "acme", code=2)
    filled("export", "cli-des", code=2)


def test_a_file_is_written_whole_and_for_its_owner_alone(filled):
    Path("real.json").write_text("what was there")
    Path("real.json").chmod(0o644)
    Path(FILE).symlink_to("real.json")
    told = filled.json("export", "--output", FILE)
    assert (told["file"], told["values"]) == (FILE, len(filled.json("export")["tenants"][""]["cli-desk"]) + applied(filled))
    assert Path(FILE).is_symlink()
    assert Path("real.json").stat().st_mode & 0o777 == 0o600
    assert json.loads(Path(FILE).read_text("utf-8"))["format"] == 1
    assert not [each for each in Path().iterdir() if each.name.startswith(".")]


def applied(run):
    """How many values other modules have that are installed."""
    return sum(len(names) for module, names in run.json("export")["tenants"][""].items() if module != "cli-desk")


def test_a_device_is_no_file_to_replace(filled):
    failed = filled("export", "--output", "/dev/null", code=2)
    assert "is there, and is no file" in failed.stderr
    assert Path("/dev/null").is_char_device()


def test_looking_makes_no_database(filled):
    filled(*other("none"), "export", code=1)
    assert not Path("none.db").exists()


# --------------------------------------------------------------------------- import


def test_what_was_exported_is_there_afterwards_and_a_second_time_nothing_is_written(filled):
    filled("export", "cli-desk", "--output", FILE)
    assert effects(filled, FILE, *other("new")) == {":enable": "created", ":sign": "created", ":state": "created"}
    one, two = (filled.json("export", "cli-desk", *where)["tenants"][""]["cli-desk"] for where in ((), other("new")))
    assert {name: each["value"] for name, each in one.items()} == {name: each["value"] for name, each in two.items()}
    again = filled.json("import", FILE, *other("new"))
    assert again["counts"] == {"unchanged": 3}
    assert {each["version"] for each in two.values()} == {1}


def test_a_dry_run_tells_what_would_be_and_writes_nothing(filled):
    filled("export", "cli-desk", "--output", FILE)
    filled("set", "cli-desk", "sign", "another")
    filled("unset", "cli-desk", "enable")
    before = filled("list", "--json").stdout
    told = filled("import", "--dry-run", FILE)
    assert '"another"' in told.stdout
    assert "Nothing was written; it would be: 1 changed, 1 created, 1 unchanged." in told.stderr
    assert filled("list", "--json").stdout == before
    assert effects(filled, "--dry-run", FILE) == {":enable": "created", ":sign": "changed", ":state": "unchanged"}
    nowhere = filled(*other("none"), "import", "--dry-run", FILE)
    assert "There are no tables of perdure in sqlite:///" in nowhere.stderr
    assert "it would be: 3 created." in nowhere.stderr
    assert not Path("none.db").exists()


def test_what_is_refused_makes_no_database(run):
    Path(FILE).write_text(document(enable="yes"))
    refused = run("import", FILE, *other("none"), code=1)
    assert refused.stderr.count("cli-desk.enable: ") == 1
    assert "expected bool, got 'yes' (str)" in refused.stderr
    assert not Path("none.db").exists()
    Path(FILE).write_text(document(enable=True))
    assert "Made the tables of perdure in" in run("import", FILE, *other("none")).stderr
    assert Path("none.db").exists()


def test_a_secret_that_was_not_stored_is_not_shown_as_one_that_was(run):
    Path(FILE).write_text(document(password="swordfish"))
    row = next(line for line in run("import", FILE).stdout.splitlines() if "password" in line)
    assert row.split() == ["cli-desk", "password", "created", "•••"]


def test_where_it_cannot_be_written_it_says_so_before_anything_else(filled):
    refused = filled("export", "--output", "nowhere/export.json", code=2)
    assert "There is no folder" in refused.stderr
    assert "Left out" not in refused.stderr


def test_a_closed_stdin_is_said_to_be_closed(run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    context = click.Context(main)
    with pytest.raises(click.BadParameter, match="stdin is closed"):
        Source("rb").convert("-", None, context)


def document(**names):
    values = {name: {"value": value, "record_version": 1} for name, value in names.items()}
    return json.dumps({"format": 1, "tenants": {"": {"cli-desk": values}}})


def test_all_of_it_or_nothing_and_everything_that_is_refused_is_named(run):
    given = json.loads(document(enable=True, visits="many", nothing=1, state="201_OPEN"))
    given["tenants"][""]["no-desk"] = {"x": {"value": 1, "record_version": 1}}
    given["tenants"][""]["cli-desk"]["size"] = {"value": "small", "record_version": 7}
    Path(FILE).write_text(json.dumps(given))
    refused = run("import", FILE, code=1)
    assert refused.stdout == ""
    assert "Nothing was imported, for this is refused (4 of 6)" in refused.stderr
    assert "cli-desk.visits: visits: expected int, got 'many' (str)" in refused.stderr
    assert "declares no status named 'nothing'" in refused.stderr
    assert "No loaded plugin declares a status for the module 'no-desk'" in refused.stderr
    assert "it is in record version 7, and this code reads versions up to 1. Import it with the code" in refused.stderr
    assert "201_OPEN" not in refused.stderr  # a move from the default, which is closed
    assert run.json("list", "cli-desk") == []
    told = run.json("import", FILE, "--dry-run", code=1)
    assert (told["written"], told["counts"]) == (False, {"created": 2, "refused": 4})


def test_a_lifecycle_is_obeyed_and_its_middle_is_restored_only_where_nothing_is_stored(run):
    Path(FILE).write_text(document(state="501_GONE"))
    refused = run("import", FILE, code=1)
    assert "DeskLifecycle does not allow '501_GONE' from '001_CLOSED'" in refused.stderr
    assert "restore it (--restore)" in refused.stderr
    run("set", "cli-desk", "state", "001_CLOSED")
    again = run("import", "--restore", FILE, code=1)
    assert "--restore" not in again.stderr
    run("unset", "cli-desk", "state")
    assert effects(run, FILE, "--restore", "--reason", "back from the dead") == {":state": "restored"}
    change = run.json("history", "cli-desk", "state")[0]
    assert (change["operation"], change["reason"]) == ("restore", "back from the dead")
    Path(FILE).write_text(document(state="777_NONE"))
    run("import", "--restore", FILE, code=1)


def test_a_pinned_name_is_refused_unless_it_is_stored_so_already(run, here, monkeypatch):
    (here / "pinning.py").write_text(
        f"from perdure import App\ndef app():\n    return App.open({run.url!r}, pinned={{'cli-desk': {{'enable': False}}}})\n"
    )
    Path(FILE).write_text(document(enable=True))
    refused = run("import", FILE, "--app", "pinning:app", code=1, env={"PERDURE_URL": ""})
    assert "cli-desk.enable is pinned by the application" in refused.stderr
    run("import", FILE)
    assert effects(run, FILE, "--app", "pinning:app") == {":enable": "unchanged"}


def test_exact_unsets_what_is_not_in_it_and_asks(filled):
    filled("export", "cli-desk", "--output", FILE)
    filled("set", "cli-desk", "visits", "3")
    asked = filled("import", "--exact", FILE, code=2)
    assert f"Unset what is not in {FILE}: cli-desk.visits? Nobody can be asked here" in asked.stderr
    assert effects(filled, "--exact", "--yes", FILE)[":visits"] == "unset"
    assert filled.json("history", "cli-desk", "visits")[0]["operation"] == "unset"
    with App.open(filled.url) as app:
        assert app.scope("cli-desk").status.get("password") == "swordfish"  # left out of the document, and so untouched
        assert app.tenant("acme").scope("cli-desk").status.get("visits") == 7
    assert "visits" not in {each["name"] for each in filled.json("list", "cli-desk")}


def test_one_tenant_of_a_document_can_be_imported_alone(filled):
    Path(FILE).write_text(filled("export", "--all-tenants").stdout, "utf-8")
    assert effects(filled, FILE, "--tenant", "acme", *other("new")) == {"acme:visits": "created"}
    refused = filled("import", FILE, "--tenant", "nobody", code=2)
    assert "has nothing of the tenant 'nobody'. It is about '', 'acme'." in " ".join(refused.stderr.split())


def test_it_is_one_change_set_of_a_module_with_a_reason_and_can_be_taken_back(run):
    Path(FILE).write_text(document(enable=True, visits=3))
    run("import", FILE)
    changes = run.json("history", "cli-desk")
    assert {each["reason"] for each in changes} == {"import of export.json"}
    (change_set,) = {each["change_set"] for each in changes}
    with App.open(run.url) as app:
        app.scope("cli-desk").status.revert_change_set(change_set)
        assert app.scope("cli-desk").status.entries() == []


def test_stdin_is_read_and_a_secret_that_somebody_wrote_into_it_is_shown_nowhere(run):
    done = run("import", "-", "--json", input=document(password="swordfish"))
    assert "swordfish" not in done.output
    assert run.json("history", "cli-desk")[0]["reason"] == "import of stdin"
    with App.open(run.url) as app:
        assert app.scope("cli-desk").status.get("password") == "swordfish"
    refused = run("import", "-", input=document(password=["swordfish"]), code=1)
    assert "swordfish" not in refused.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "it cannot be read as JSON"),
        (b"\xff", "codec can't decode"),
        (b"[]", "the document: expected an object, got list"),
        (b"{}", 'expected the key "format" with a number'),
        (b'{"format": 2, "tenants": {}}', "format: expected 1"),
        (b'{"format": 1}', "tenants: expected an object, got nothing"),
        (b'{"format": 1, "tenants": {"": {"m": {"x": "hunter2"}}}}', 'tenants."".m.x: expected an object, got str'),
        (b'{"format": 1, "tenants": {"": {"m": {"x": {"record_version": 1}}}}}', 'expected the key "value"'),
        (b'{"format": 1, "tenants": {"": {"m": {"x": {"value": 1}}}}}', "x.record_version: expected the number"),
        (b'{"format": 1, "format": 1}', "an object of 2 keys has one of them twice"),
        (b'{"format": 1, "tenants": {}, "x": NaN}', "NaN is no JSON number"),
        (b'{"format": 1, "tenants": {}, "left_out": {}}', "left_out: expected a list, got dict"),
        (b'{"format": 1, "tenants": ' + b"[" * 100_000, "it cannot be read as JSON"),
    ],
)
def test_what_is_no_document_is_refused_with_2_before_any_database_is_touched(run, text, said):
    Path(FILE).write_bytes(text)
    refused = run("import", FILE, *other("untouched"), code=2)
    assert said in " ".join(refused.stderr.split())
    assert "hunter2" not in refused.stderr
    assert not Path("untouched.db").exists()


def test_each_database_keeps_its_own_record_of_migrations_where_the_export_was_made_without(filled):
    Path(FILE).write_text(filled("export", env={"PERDURE_BLOCKED": "perdure-migration"}).stdout, "utf-8")
    assert filled.json("import", FILE, "--dry-run", *other("new"))["counts"] == {"created": 3}
    assert filled.json("import", FILE, "--exact", *other("new"))["counts"] == {"created": 3}
    assert [each["version"] for each in filled.json("history", "perdure-migration", *other("new"))] == [1]


def test_from_one_process_into_another(filled):
    perdure = [sys.executable, "-m", "perdure"]
    environment = {**os.environ, "PERDURE_URL": filled.url, "PYTHONIOENCODING": "ascii"}
    out = subprocess.run([*perdure, "export", "cli-desk"], env=environment, capture_output=True, check=True)
    del environment["PYTHONIOENCODING"]
    environment["PERDURE_URL"] = other("new")[1]
    done = subprocess.run([*perdure, "import", "-"], env=environment, input=out.stdout, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"Imported: 3 created." in done.stderr
