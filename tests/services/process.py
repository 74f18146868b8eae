"""Server processes of our own: started in a temporary folder, found by their pid, ended for certain."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def free_port() -> int:
    """A port on which nobody listens just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def folder(prefix: str) -> Path:
    """A new folder that is removed when this process ends, and that any user may enter."""
    path = Path(tempfile.mkdtemp(prefix=prefix))
    path.chmod(0o755)
    owner = os.getpid()
    atexit.register(lambda: os.getpid() == owner and shutil.rmtree(path, ignore_errors=True))
    return path


class ServerProcess:
    """One process, which dies with this one, even if this one is killed."""

    def __init__(self, command: list[str], log: Path, *, user: str | None = None) -> None:
        self.log = log
        # Linux: the kernel kills it with us. The main thread must start it, for it is the thread whose end counts.
        watched = [setpriv, "--pdeathsig", "KILL", *command] if (setpriv := shutil.which("setpriv")) else command
        with log.open("ab") as output:
            self.process = subprocess.Popen(watched, stdout=output, stderr=output, stdin=subprocess.DEVNULL, user=user, cwd="/")
        self.owner = os.getpid()
        atexit.register(self.kill)

    def signal(self, which: signal.Signals) -> None:
        if self.process.poll() is None:
            os.kill(self.process.pid, which)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if os.getpid() == self.owner:
            self.end(signal.SIGKILL, 10)

    def stop(self) -> None:
        """Ask it to end, and make sure that it does."""
        if os.getpid() != self.owner:
            return
        self.signal(signal.SIGCONT)
        try:
            self.end(signal.SIGTERM, 10)
        except subprocess.TimeoutExpired:
            self.kill()

    def end(self, by: signal.Signals, seconds: float) -> None:
        self.signal(by)
        self.process.wait(seconds)
        atexit.unregister(self.kill)

    def wait_until(self, ready: Callable[[], bool], seconds: float = 30) -> None:
        """Wait until it answers, or say why it does not."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self.process.args!r} did not start:\n{self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.02)
