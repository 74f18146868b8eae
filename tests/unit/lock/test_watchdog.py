from __future__ import annotations

import threading
import time

import pytest

from perdure.errors import LockLost
from perdure.lock.held import held
from perdure.lock.protocol import Gone
from perdure.metrics import Counters, Metrics
from perdure.names import Key

PLACE = Key("", "m", "n")


class FakeGrip:
    """A grip whose renewals do as they are told."""

    lasting = False

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = 0
        self.released = threading.Event()

    def take(self):
        return None

    def renew(self):
        self.asked += 1
        answer = self.answers.pop(0) if self.answers else True
        if callable(answer):
            answer()
        elif isinstance(answer, Exception):
            raise answer
        return bool(answer)

    def release(self):
        self.released.set()
        return True

    def disown(self):
        raise AssertionError


def watched(grip, lease=0.3, counters=None):
    return held(grip, PLACE, timeout=0, lease=lease, counters=counters or Counters())


def test_it_renews_three_times_per_lease():
    grip = FakeGrip()
    with watched(grip):
        time.sleep(0.95)
    assert 7 <= grip.asked <= 9


def test_a_renewal_that_fails_is_tried_again_sooner():
    grip = FakeGrip(False, False, True)
    with watched(grip) as lock:
        time.sleep(0.35)
        assert not lock.lost
    assert grip.asked >= 3


def test_it_is_lost_when_no_renewal_works_within_the_lease():
    grip, counters = FakeGrip(*[False] * 99), Counters()
    with pytest.raises(LockLost, match="within its lease of 0.3 s"), watched(grip, counters=counters):
        time.sleep(0.4)
    assert counters.snapshot() == Metrics(locks_lost=1)
    assert grip.released.is_set()


def test_it_is_lost_at_once_when_it_is_known_to_be_gone():
    with pytest.raises(LockLost, match="stolen"), watched(FakeGrip(Gone("stolen"))) as lock:
        time.sleep(0.15)
        assert lock.lost


def test_leaving_does_not_wait_for_a_renewal_that_hangs_and_the_lock_is_released_in_the_end():
    hanging = threading.Event()
    grip = FakeGrip(hanging.wait)
    with watched(grip, lease=3):
        time.sleep(1.1)
        left = time.monotonic()
    assert time.monotonic() - left < 0.75
    assert not grip.released.is_set()
    hanging.set()
    assert grip.released.wait(1)


def test_after_the_block_it_is_not_lost_by_the_passing_of_time():
    counters = Counters()
    with watched(FakeGrip(), lease=0.1, counters=counters) as lock:
        pass
    time.sleep(0.15)
    assert not lock.lost
    assert counters.snapshot() == Metrics()


def test_what_interrupts_the_waiting_leaves_nothing_taken():
    grip = FakeGrip()
    grip.take = lambda: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt), watched(grip):
        pytest.fail("held")
    assert grip.released.is_set()
