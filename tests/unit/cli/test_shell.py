"""Commands as processes of their own: pipes, colours, encodings, and what a shell offers."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PERDURE = Path(sys.executable).with_name("perdure")


@pytest.fixture
def shell(run, here):
    """Runs a command in a real shell, which finds `perdure`."""
    run("set", "cli-desk", "visits", "1")
    run("set", "cli-desk", "sign", "Zoë")

    def run_it(script, *, program="bash", **env):
        environment = {**os.environ, "PERDURE_URL": run.url, "PATH": f"{PERDURE.parent}:{os.environ['PATH']}", **env}
        return subprocess.run([program, "-c", script], env=environment, capture_output=True, check=False, timeout=120)

    return run_it


def test_it_runs_as_a_module_too(shell):
    found = shell(f"{sys.executable} -m perdure get cli-desk visits && {sys.executable} -m perdure --help")
    assert found.stdout.startswith(b"1\nUsage: python -m perdure ")


def test_a_pipe_that_is_closed_ends_it_quietly(shell, run):
    run("set", "cli-desk", "sign", "-", input="x" * 60_000)
    for words in ("list", "list --json", "history", "get cli-desk sign", "codes statuses"):
        found = shell(f"perdure {words} | head -c 1; true")
        assert len(found.stdout) == 1
        assert found.stderr == b""


def test_a_text_is_written_whatever_the_encoding(shell):
    for encoding in ("ascii", "latin-1", "utf-8"):
        found = shell("perdure get cli-desk sign --json; perdure list; perdure get cli-desk sign", PYTHONIOENCODING=encoding)
        assert found.returncode == 0, found.stderr
        assert b"Traceback" not in found.stderr


def on_terminal(script, env):
    """What a command writes to a terminal."""
    reader, writer = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "PATH": f"{PERDURE.parent}:{os.environ['PATH']}", **env}
    subprocess.run(["bash", "-c", script], env=environment, stdout=writer, stderr=writer, stdin=writer, check=False, timeout=60)
    os.close(writer)
    found = b""
    try:
        while data := os.read(reader, 65536):
            found += data
    except OSError:  # the end of a terminal
        pass
    os.close(reader)
    return found


def test_colours_are_for_terminals_and_for_those_who_want_them(shell, run):
    assert b"\x1b[" not in shell("perdure list; perdure get no no").stdout
    assert b"\x1b[" in shell("perdure list", FORCE_COLOR="1").stdout
    assert b"\x1b[" in shell("perdure get no no", FORCE_COLOR="1").stderr
    assert b"\x1b[" not in shell("perdure list --json", FORCE_COLOR="1").stdout
    assert len(shell("perdure list cli-desk", FORCE_COLOR="1").stdout.splitlines()) == 3
    url = {"PERDURE_URL": run.url}
    assert b"\x1b[1m" in on_terminal("perdure list", url)
    assert b"\x1b[31m" in on_terminal("perdure get no no", url)
    plain = on_terminal("perdure list; perdure get no no", {**url, "NO_COLOR": "1"})
    assert b"\x1b[3" not in plain  # bold is no colour


@pytest.mark.parametrize(("answer", "code", "kept"), [(b"n\n", 1, 1), (b"\n", 1, 1), (b"y\n", 0, 0)])
def test_a_question_is_asked_on_a_terminal_apart_from_the_data(shell, run, answer, code, kept):
    terminal, stdin = pty.openpty()
    os.write(terminal, answer)
    command = [PERDURE, "forget", "cli-desk", "visits", "--json", "--url", run.url]
    found = subprocess.run(command, stdin=stdin, capture_output=True, check=False, timeout=60)
    os.close(stdin)
    os.close(terminal)
    assert found.returncode == code
    assert b"Erase the history of cli-desk.visits, for good? [y/N]" in found.stderr
    assert found.stdout.startswith(b"{" if code == 0 else b"")
    assert found.stdout.count(b"\n") == 1 - code
    assert len(run.json("history", "cli-desk", "visits")) == kept


# --------------------------------------------------------------------------- completion

OFFERED = [
    ("perdure ", ["plugins", "modules", "list", "watch"]),
    ("perdure hist", ["history"]),
    ("perdure get cli-", ["cli-desk"]),
    ("perdure --json get cli-", ["cli-desk"]),
    ("perdure get cli-desk vi", ["visits"]),
    ("perdure set cli-desk enable ", ["true", "false"]),
    ("perdure set cli-desk size ", ["small", "large"]),
    ("perdure set cli-desk state 2", ["201_OPEN"]),
    ("perdure watch cli-desk visits si", ["sign", "size"]),
    ("perdure codes de", ["desk"]),
    ("perdure lifecycle Desk", ["DeskLifecycle"]),
    ("perdure leftovers ", ["remove"]),
    ("perdure get cli-desk visits --r", ["--raw", "--redis"]),
    ("perdure get nothing ", []),
]


def test_bash_offers_commands_modules_names_values_families_and_lifecycles(shell, installed):
    installed.add("broken-desk", "print('loud')\nraise ValueError('by design')")
    script = ['eval "$(_PERDURE_COMPLETE=bash_source perdure)"', "complete -p perdure"]
    for line, _ in OFFERED:
        words = line.split(" ")
        array = " ".join(f"'{word}'" for word in words)
        script += [f"COMP_WORDS=({array}); COMP_CWORD={len(words) - 1}; COMPREPLY=()", "_perdure_completion perdure"]
        script += ['echo "=${COMPREPLY[*]}"']
    found = shell("\n".join(script), PERDURE_URL="")
    assert found.stderr == b""
    first, *offers = found.stdout.decode().splitlines()
    assert "_perdure_completion perdure" in first
    for (line, expected), offered in zip(OFFERED, offers, strict=True):
        words = offered.removeprefix("=").split()
        assert [each for each in expected if each not in words] == [], line
        if len(expected) == 1 or not expected:
            assert words == expected, line


@pytest.mark.parametrize("program", ["zsh", "fish"])
def test_other_shells_get_their_script(shell, program):
    found = shell(f"_PERDURE_COMPLETE={program}_source perdure")
    assert b"_PERDURE_COMPLETE" in found.stdout
    if shutil.which(program):
        script = f"_PERDURE_COMPLETE={program}_source perdure > c; {program} -n c"
        assert shell(script).returncode == 0
    begun = "cli-" if program == "fish" else 2
    line = f"COMP_WORDS='perdure get cli-' COMP_CWORD={begun}"
    offered = shell(f"{line} _PERDURE_COMPLETE={program}_complete perdure")
    assert b"cli-desk" in offered.stdout
