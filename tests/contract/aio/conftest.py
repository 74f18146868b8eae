"""The async face on every store; async tests and fixtures run in one event loop each."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time

import pytest
from tests.contract.conftest import COURSE, TRAINING, plugin

from perdure.aio.app import AsyncApp

OWN = 0.005 if sys.gettrace() is None else 0.02
"""Seconds of its own work that the loop may do at once, whatever else the machine does. Measuring coverage is work, too."""

MODULE = "training-student"
PLUGINS = [plugin(TRAINING, COURSE)]


@pytest.fixture
def anyio_backend():
    return "asyncio"


def own_threads():
    """The threads of the async face that run."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("perdure-async")]


@pytest.fixture
async def open_async(url, anyio_backend):
    """Opens Apps of the async face on this test's store with its two modules, and closes them."""
    opened = []

    async def open_one(**options):
        app = await AsyncApp.open(url, plugins=PLUGINS, **options)
        opened.append(app)
        return app

    yield open_one
    for app in opened:
        await app.close()
    assert not own_threads()


@pytest.fixture
async def app(open_async):
    return await open_async()


@pytest.fixture
def status(app):
    return app.scope(MODULE).status


@pytest.fixture
def own_work(monkeypatch):
    """The longest that the loop worked at one thing, in seconds of its own thread. Collecting garbage is not our work."""
    longest = [0.0]
    run = asyncio.events.Handle._run

    def timed(handle):
        began = time.thread_time()
        run(handle)
        longest[0] = max(longest[0], time.thread_time() - began)

    monkeypatch.setattr(asyncio.events.Handle, "_run", timed)
    gc.disable()
    yield longest
    gc.enable()
