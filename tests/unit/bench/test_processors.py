from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tests.bench.processors import OURS, shared

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not say where a process runs")


@pytest.fixture
def other():
    """The id of another process."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.communicate(b"\n")


def test_all_share_a_processor_and_may_run_anywhere_again_afterwards(other):
    before = os.sched_getaffinity(OURS)
    with shared([other]):
        assert os.sched_getaffinity(OURS) == os.sched_getaffinity(other) == {min(before)}
    assert os.sched_getaffinity(OURS) == os.sched_getaffinity(other) == before


def test_where_one_cannot_be_moved_all_are_left_where_they_are(other):
    before = os.sched_getaffinity(OURS)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with shared([other, gone.pid]):
        assert os.sched_getaffinity(OURS) == os.sched_getaffinity(other) == before
