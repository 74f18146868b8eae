"""The examples as servers of their own, and strangers who write to the same database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Self

import httpx
from tests.services.process import ServerProcess, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STRANGER = """
import sys
from perdure import App

with App.open(sys.argv[1], actor="stranger") as app:
    status = app.scope("training-student").status
    for _ in range(int(sys.argv[2])):
        status.update("visits", lambda visits: visits + 1)
        status.set("enable", not status.get("enable", False))
"""


def stranger_writes(url: str, times: int) -> None:
    """Have a process that is none of the server write to two names in turn."""
    subprocess.run([sys.executable, "-c", STRANGER, url, str(times)], check=True, timeout=60)


class Web:
    """A server, and a client of it."""

    def __init__(self, command: list[str], folder: Path, *, url: str, path: str = "") -> None:
        self.port = free_port()
        self.url = url
        paths = os.pathsep.join(filter(None, (path, os.environ.get("PYTHONPATH"))))
        environment = [f"PERDURE_URL={url}", f"PYTHONPATH={paths}", "PYTHONUNBUFFERED=1"]
        told = [each.replace("{port}", str(self.port)) for each in command]
        self.process = ServerProcess(["env", *environment, sys.executable, "-W", "error", *told], folder / f"log-{self.port}")
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30, trust_env=False)
        self.process.wait_until(self.answers)

    def answers(self) -> bool:
        try:
            return self.client.get("/modules/training-student/status/enable").status_code == 200
        except httpx.TransportError:
            return False

    @property
    def log(self) -> str:
        return self.process.log.read_text("utf-8")

    def get(self, module: str, name: str) -> httpx.Response:
        return self.client.get(f"/modules/{module}/status/{name}")

    def put(self, module: str, name: str, value: object, **headers: str) -> httpx.Response:
        told = {key.replace("_", "-"): each for key, each in headers.items()}
        return self.client.put(f"/modules/{module}/status/{name}", json={"value": value, "reason": "a test"}, headers=told)

    def close(self) -> None:
        self.client.close()
        self.process.stop()


class Stream:
    """Server-sent events, as a browser reads them."""

    def __init__(self, web: Web, module: str, last_id: str = "") -> None:
        headers = {"Last-Event-ID": last_id} if last_id else {}
        self.context = web.client.stream("GET", f"/modules/{module}/events", headers=headers)
        self.response = self.context.__enter__()
        self.lines = self.response.iter_lines()
        self.last_id = last_id

    def events(self) -> Iterator[tuple[str, dict[str, object]]]:
        """Yield what an EventSource would dispatch, until the stream ends."""
        event: dict[str, str] = {}
        for line in self.lines:
            if line:
                key, _, told = line.partition(": ")
                event[key] = told
                continue
            self.last_id = event.get("id", self.last_id)
            if "data" in event:
                yield event["event"], json.loads(event["data"])
            event = {}

    def begun(self) -> Self:
        """Wait until the server has said where the stream begins."""
        while not next(self.lines).startswith("id: "):
            pass
        return self

    def close(self) -> None:
        self.context.__exit__(None, None, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()
