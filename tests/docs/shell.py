"""A shell for the console blocks of a page, in which pip finds the perdure of this tree as if it were published."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from typing import NamedTuple

CORE = Path(__file__).parents[2] / "core"
PATIENCE = 300.0
"""How long a command may take, in seconds; pip may have to fetch what it installs."""
END = "--- done, with "
FAILURE = re.compile(r"^Errors?\b|: nothing is stored", re.MULTILINE)
"""What a page has where a command says no, by its exit code too: an error, what the doctor finds, or that there is nothing."""
STEP = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


class Step(NamedTuple):
    """A command, and what the page says that it prints: nothing where it does not matter."""

    command: str
    expected: str


class CommandFailed(AssertionError):
    """A command of a page did not do what the page says."""


def steps_in(block: str) -> list[Step]:
    """Return the commands of a console block."""
    return [Step(*found) for found in STEP.findall(block.rstrip("\n") + "\n")]


@cache
def wheels() -> TemporaryDirectory[str]:
    """Build perdure's wheel, once for all pages, and return the folder that it lies in, which goes with this process."""
    folder = TemporaryDirectory(prefix="perdure-wheels-")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder.name, str(CORE)]
    subprocess.run(command, check=True)
    return folder


class Shell:
    """One bash in the page's folder, so that what a block sets or activates is there for the next."""

    def __init__(self) -> None:
        scripts = str(Path(sys.executable).parent)
        environment = {**os.environ, "PIP_FIND_LINKS": wheels().name, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "NO_COLOR": "1"}
        environment["PATH"] = f"{scripts}{os.pathsep}{environment['PATH']}"
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            ["bash"],
            stdin=pipe,
            stdout=pipe,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            env=environment,
            start_new_session=True,  # so that it can be ended with all that it has started
        )

    def run(self, step: Step) -> None:
        """Run a command, and hold what it prints against the page."""
        code, printed = self.ask(step.command)
        fits = not step.expected or OutputChecker().check_output(step.expected, printed, ELLIPSIS | NORMALIZE_WHITESPACE)
        if not fits or (code != 0) != (FAILURE.search(step.expected) is not None):
            raise CommandFailed(f"$ {step.command}\n{printed}ended with {code}; the page has:\n{step.expected}")

    def ask(self, command: str) -> tuple[int, str]:
        """Run a command, and return its exit code and what it printed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{{ {command}\n}} </dev/null\necho '{END}'$?\n")
        self.process.stdin.flush()
        patience = Timer(PATIENCE, self.kill)
        patience.start()
        lines: list[str] = []
        try:
            for line in self.process.stdout:
                before, end, code = line.partition(END)
                lines.append(before)
                if end:
                    return int(code), "".join(lines)
        finally:
            patience.cancel()
        raise CommandFailed(f"$ {command}\nended the shell, or took more than {PATIENCE} s: {''.join(lines)}")

    def close(self) -> None:
        """End it."""
        try:
            self.process.communicate("exit\n", timeout=60)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """End it with all that it has started: any child holds its output open."""
        os.killpg(self.process.pid, signal.SIGKILL)
