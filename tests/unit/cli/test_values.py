from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest


def test_a_value_is_set_and_got_as_it_is_typed(run):
    run("set", "cli-desk", "enable", "true")
    assert run("get", "cli-desk", "enable").stdout == "true\n"
    run("set", "cli-desk", "clerk", '{"name": "Zoë", "age": 18}')
    assert json.loads(run("get", "cli-desk", "clerk").stdout) == {"name": "Zoë", "age": 18}


@pytest.mark.parametrize(
    ("name", "words", "value"),
    [
        ("sign", "open till late", "open till late"),
        ("sign", "true", "true"),
        ("sign", '"true"', "true"),
        ("sign", "", ""),
        ("sign", "日本語 🎉 ", "日本語 🎉 "),
        ("visits", "7", 7),
        ("size", "large", "large"),
        ("size", '"large"', "large"),
        ("opened", "2026-01-31T12:30:00+00:00", "2026-01-31T12:30:00+00:00"),
        ("opened", "null", None),
        ("tags", '["a", "b"]', ["a", "b"]),
        ("state", "001_CLOSED", "001_CLOSED"),
    ],
)
def test_plain_words_and_json_are_read_by_the_declared_type(run, name, words, value):
    assert run.json("set", "cli-desk", name, words)["value"] == value
    assert run.json("get", "cli-desk", name)["value"] == value


@pytest.mark.parametrize(
    ("name", "words", "expected"),
    [
        ("enable", "yes", "written as true or false"),
        ("visits", "many", "such as 42"),
        ("size", "huge", "written as small or large"),
        ("opened", "tomorrow", "such as 2026-01-31T12:30:00+00:00"),
        ("clerk", "zhennann", 'such as {"name": "some text", "age": 42}'),
        ("clerk", '{"name": "x", "age": "18"}', "clerk.age: expected int, got '18' (str)"),
        ("clerk", '{"name": "x", "age": 18, "agee": 19}', "clerk.agee: the declared type has no such key"),
        ("tags", "a", 'such as ["some text"]'),
        ("tags", "[" * 100_000, "written such as"),
        ("state", "closed", "written as 001_CLOSED or 201_OPEN"),
        ("state", "202_OTHER", "state is written as 001_CLOSED or 201_OPEN"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(run, name, words, expected):
    found = run("set", "cli-desk", name, words, code=2)
    assert found.stdout == ""
    assert expected in found.stderr
    assert "Nothing was written" in found.stderr
    assert not run.json("get", "cli-desk", name, code=1 if name in ("enable", "clerk") else 0)["stored"]


def test_a_lifecycle_says_what_is_allowed(run):
    found = run("set", "cli-desk", "state", "501_GONE", code=1)
    assert "201_OPEN" in found.stderr


def test_a_secret_is_masked_wherever_it_is_asked_for(run):
    run("set", "cli-desk", "password", "-", input="s3cret\n")
    for words in (["get", "cli-desk", "password"], ["get", "cli-desk", "password", "--raw"], ["list"], ["history"]):
        for more in ([], ["--json"]):
            found = run(*words, *more)
            assert "s3cret" not in found.output
            assert ('"value": null' if more else "•••") in found.stdout
    assert "s3cret" not in run("set", "cli-desk", "password", '{"s3cret": 1}').output
    assert "hunter2" not in run("get", "cli-desk", "password", "--json").output
    connection = sqlite3.connect("app.db")
    assert connection.execute("SELECT value FROM perdure_change WHERE name='password' AND version=1").fetchone() == ('"s3cret"',)
    connection.close()


def test_an_unset_secret_keeps_its_default_to_itself(run):
    assert run("get", "cli-desk", "password").stdout == "•••\n"
    found = run.json("get", "cli-desk", "password")
    assert (found["secret"], found["value"], found["default"]) == (True, None, True)


def test_a_default_is_told_as_such(run):
    found = run.json("get", "cli-desk", "sign")
    assert (found["value"], found["stored"], found["default"], found["version"]) == ("Welcome", False, True, 0)
    assert run("get", "cli-desk", "sign").stdout == "Welcome\n"


def test_neither_value_nor_default_exits_with_1_and_words(run):
    found = run("get", "cli-desk", "enable", code=1)
    assert found.stdout == ""
    assert "nothing is stored, and it has no default" in found.stderr
    assert run.json("get", "cli-desk", "enable", code=1)["stored"] is False


def test_false_and_null_are_values(run):
    run("set", "cli-desk", "enable", "false")
    assert run("get", "cli-desk", "enable").stdout == "false\n"
    assert run("get", "cli-desk", "opened").stdout == "null\n"


def damage(text):
    connection = sqlite3.connect("app.db")
    with connection:
        connection.execute("UPDATE perdure_status SET value = ? WHERE name = 'visits'", (text,))
    connection.close()


@pytest.mark.parametrize(("text", "raw"), [("{", "{"), ('"many"', '"many"'), (b"\xff\x00", "\\xff\x00")])
def test_what_no_longer_decodes_is_told_and_shown_raw(run, text, raw):
    run("set", "cli-desk", "visits", "1")
    damage(text)
    found = run("get", "cli-desk", "visits", code=1)
    assert found.stdout == ""
    assert "`perdure get cli-desk visits --raw` shows" in found.stderr
    assert run("get", "cli-desk", "visits", "--raw").stdout == f"{raw}\n"
    assert run.json("get", "cli-desk", "visits", "--raw")["value"] == raw
    (listed,) = run.json("list", "cli-desk")
    assert listed["error"]
    assert listed["value"] is None
    assert "visits" in run("list").stdout


def test_raw_of_what_is_not_stored(run):
    found = run("get", "cli-desk", "visits", "--raw", code=1)
    assert (found.stdout, "nothing is stored" in found.stderr) == ("", True)


def test_unset_brings_the_default_back(run):
    run("set", "cli-desk", "visits", "7")
    place = {"tenant": "", "module": "cli-desk", "name": "visits"}
    assert run.json("unset", "cli-desk", "visits") == {**place, "unset": True}
    assert run("get", "cli-desk", "visits").stdout == "0\n"
    assert run.json("unset", "cli-desk", "visits")["unset"] is False


def test_who_writes_is_the_user_or_whom_the_command_names(run):
    assert run.json("set", "cli-desk", "visits", "1")["actor"] == "perdure-cli:ada"
    assert run.json("set", "cli-desk", "visits", "2", "--actor", "deploy", "--reason", "because")["actor"] == "deploy"
    assert run.json("history", "cli-desk", "visits")[0]["reason"] == "because"


def test_a_value_that_begins_with_a_dash(run):
    found = run("set", "cli-desk", "visits", "-5", code=2)
    assert "perdure set MODULE NAME -- -5" in found.stderr
    run("set", "cli-desk", "visits", "--", "-5")
    assert run("get", "cli-desk", "visits").stdout == "-5\n"
    run("set", "cli-desk", "sign", "--", "--help")
    assert run("get", "cli-desk", "sign").stdout == "--help\n"


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_value_from_stdin_loses_the_end_of_its_last_line_only(run, end):
    run("set", "cli-desk", "sign", "-", input=f"one\n two {end}".encode())
    assert run("get", "cli-desk", "sign").stdout == "one\n two \n"


def test_stdin_that_is_no_text_is_refused(run):
    assert "not UTF-8" in run("set", "cli-desk", "sign", "-", input=b"\xff", code=2).stderr


def test_a_value_that_is_too_large_is_refused(run):
    assert "65536 are allowed" in run("set", "cli-desk", "sign", "-", input="x" * 70_000, code=2).stderr
    run("set", "cli-desk", "sign", "-", input="x" * 60_000)
    assert run("get", "cli-desk", "sign").stdout == "x" * 60_000 + "\n"
    assert all(len(line) < 70_000 for line in run("list").stdout.splitlines())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["get", "cli-desc", "enable"], "Did you mean 'cli-desk'?"),
        (["get", "cli-desk", "enabel"], "Did you mean 'enable'?"),
        (["set", "cli-desk", "enabel", "true"], "Did you mean 'enable'?"),
        (["list", "cli-desc"], "Did you mean 'cli-desk'?"),
        (["get", "", "enable"], "module"),
        (["get", "cli-desk", "\udcff"], "lone surrogate"),
        (["get", "[red]", "enable"], "'[red]'"),
        (["gte", "cli-desk", "enable"], "Did you mean 'get'?"),
        (["get", "cli-desk"], "Missing argument"),
        (["set", "cli-desk", "sign", "x", "--actor", ""], "actor"),
        (["list", "--tenant", "x" * 100], "tenant"),
    ],
)
def test_what_was_typed_wrongly_exits_with_2_and_says_what_is_right(run, words, expected):
    found = run(*words, code=2)
    assert found.stdout == ""
    assert expected in found.stderr


def test_tenants_are_apart(run):
    run("set", "cli-desk", "visits", "1", "--tenant", "acme")
    assert run("get", "cli-desk", "visits").stdout == "0\n"
    assert run("--tenant", "acme", "get", "cli-desk", "visits").stdout == "1\n"
    assert run("get", "cli-desk", "visits", env={"PERDURE_TENANT": "acme"}).stdout == "1\n"
    assert run.json("list", "--tenant", "acme")[0]["tenant"] == "acme"


def test_nothing_stored_is_said_and_is_no_data(run):
    found = run("list", "cli-desk")
    assert (found.stdout, found.stderr) == ("", "Nothing is stored.\n")
    assert run.json("list", "cli-desk") == []


def test_what_others_have_written_cannot_disturb_the_terminal(run):
    run("set", "cli-desk", "sign", "-", input="a\x1b[31m\nb\x9b")
    run("set", "cli-desk", "visits", "1", "--actor", "eve\x1b[2J", "--reason", "[bold]no[/] \n\x07")
    for words in (["list"], ["history"]):
        found = run(*words).stdout
        assert not {"\x1b", "\x07", "\x9b"} & set(found)
    assert "[bold]no[/]" in run("history").stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["cli-desk", "enabel", "true"], 2, "Did you mean 'enable'?"),
        (["cli-disk", "enable", "true"], 2, "Did you mean 'cli-desk'?"),
        (["cli-desk", "enable", "yes"], 2, "expected bool"),
        (["cli-desk", "state", "999_GONE"], 2, "999_GONE"),
        (["cli-desk", "enable", "true", "--actor", "a" * 300], 2, "255"),
    ],
)
def test_a_slip_of_the_pen_makes_no_database(run, words, code, said):
    place = Path.cwd() / "new.db"
    assert said in run("set", *words, "--url", f"sqlite:///{place}", code=code).stderr
    assert not place.exists()
    assert "Made the tables" in run("set", "cli-desk", "enable", "true", "--url", f"sqlite:///{place}").stderr
    assert place.exists()


def test_a_file_of_somebody_else_gets_no_tables_by_a_slip_of_the_pen(run):
    place = Path.cwd() / "theirs.db"
    with closing(sqlite3.connect(place)) as theirs:
        theirs.execute("CREATE TABLE t (x)")
        theirs.commit()
    before = place.read_bytes()
    run("set", "cli-desk", "enable", "yes", "--url", f"sqlite:///{place}", code=2)
    refused = run("list", "--url", f"sqlite:///{place}", code=1)
    assert f"there are no tables of perdure (sqlite:///{place})" in refused.stderr
    assert place.read_bytes() == before


def test_a_pin_has_no_times(run, monkeypatch):
    Path("host_pins.py").write_text(
        f"from perdure import App\n\ndef app():\n    return App.open({run.url!r}, pinned={{'cli-desk': {{'enable': True}}}})\n"
    )
    monkeypatch.syspath_prepend(Path.cwd())
    found = run.json("--app", "host_pins:app", "get", "cli-desk", "enable", env={"PERDURE_URL": ""})
    assert (found["pinned"], found["created_at"], found["updated_at"]) == (True, None, None)


def test_a_database_in_memory_is_refused(run):
    found = run("set", "cli-desk", "visits", "1", "--url", "sqlite://", code=2)
    assert "gone when the command ends" in found.stderr
