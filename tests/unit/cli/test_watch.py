from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from perdure import App


@pytest.fixture
def written(run):
    for number in range(1, 4):
        run("set", "cli-desk", "visits", str(number))
    run("set", "cli-desk", "sign", "x", "--reason", "new paint")
    return run


def lines(found):
    return [json.loads(line) for line in found.stdout.splitlines()]


def test_it_tells_what_was_kept_and_ends_after_a_count(written):
    found = lines(written("watch", "cli-desk", "--since", "0", "--count", "4", "--json"))
    assert [(each["name"], each["value"]) for each in found] == [("visits", 1), ("visits", 2), ("visits", 3), ("sign", "x")]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["cli-desk", "visits", "--since", "1", "--count", "2"], [2, 3]),
        (["cli-desk", "visits", "--since", '{"visits": 2}', "--count", "1"], [3]),
        (["--since", '{"cli-desk": {"visits": 2}}', "--count", "1"], [3]),
        (["cli-desk", "visits", "sign", "--since", "0", "--count", "4"], [1, 2, 3, "x"]),
    ],
)
def test_since_says_where_it_begins(written, words, expected):
    assert [each["value"] for each in lines(written("watch", *words, "--json"))] == expected


def test_all_modules_from_the_beginning(written):
    found = lines(written("watch", "--since", "0", "--count", "4", "--json"))
    assert len(found) == 4


def test_people_get_a_line_each(written):
    found = written("watch", "cli-desk", "sign", "--since", "0", "--count", "1")
    assert found.stdout.endswith('  cli-desk.sign = "x"  (version 1, set by perdure-cli:ada: new paint)\n')
    assert "Watching" in found.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["cli-desk", "--since", "x"],
        ["cli-desk", "--since", "true"],
        ["--since", '{"cli-desk": 1}'],
        ["cli-desk", "unkwon"],
        ["cli-desk", "--since", "-1"],
        ["cli-desk", "--count", "0"],
    ],
)
def test_what_cannot_be_watched_is_refused(written, words):
    assert written("watch", *words, code=2).stdout == ""


def test_a_name_without_history_cannot_be_watched(run):
    assert "history" in run("watch", "cli-desk", "unkept", code=1).stderr


def test_what_is_missed_is_said_and_does_not_end_it(written):
    written("forget", "cli-desk", "visits", "--yes")
    found = written("watch", "cli-desk", "--since", "0", "--count", "1", "--json")
    assert [each["name"] for each in lines(found)] == ["sign"]
    assert "Missed" in found.stderr


def heeds_ctrl_c():
    """Give a child the handling of SIGINT that a shell gives to what it runs in the foreground."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_it_tells_of_other_processes_and_ctrl_c_ends_it_well(run):
    command = [sys.executable, "-m", "perdure", "watch", "cli-desk", "--json", "--url", run.url]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes, start_new_session=True, preexec_fn=heeds_ctrl_c) as process:  # noqa: PLW1509 - as above
        try:
            assert "Watching" in process.stderr.readline()
            with App.open(run.url, actor="other") as app:
                app.scope("cli-desk").status.set("visits", 7)
            assert json.loads(process.stdout.readline())["actor"] == "other"
            os.kill(process.pid, signal.SIGINT)
            out, err = process.communicate(timeout=20)
        finally:
            process.kill()
    assert (process.returncode, out, err) == (0, "", "")
