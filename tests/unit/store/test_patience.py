import time

from perdure.store.patience import Patience


def test_pauses_grow_and_end_with_the_patience():
    patience = Patience(0.1)
    tries = 0
    while patience.pause():
        tries += 1
    assert 2 <= tries < 200
    assert 0.1 <= patience.spent < 1


def test_no_patience_is_no_pause(monkeypatch):
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    assert not Patience(0).pause()
    assert slept == []
