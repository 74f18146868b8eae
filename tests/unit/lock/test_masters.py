from __future__ import annotations

import threading

import pytest
from redis import ConnectionError as RedisConnectionError

from perdure.lock import masters
from perdure.lock.masters import without_password

RELEASE = ("EVALSHA", "0" * 40, 1, "key")


def test_a_release_waits_for_the_set_of_its_token(clients, monkeypatch):
    (master,) = clients(1)
    order, going, on = [], threading.Event(), threading.Event()

    def asked(*args):
        if args[0] == "SET":
            going.set()
            on.wait(5)
        order.append(args[0])

    monkeypatch.setattr(master, "asked", asked)
    setting = threading.Thread(target=master.execute_command, args=("SET", "key", "token"))
    setting.start()
    going.wait(5)
    releasing = threading.Thread(target=master.execute_command, args=(*RELEASE, "token"))
    releasing.start()
    on.set()
    setting.join()
    releasing.join()
    assert order == ["SET", "EVALSHA"]
    assert master.turns == {}


def test_a_set_that_comes_after_its_release_is_not_sent(clients, monkeypatch):
    (master,) = clients(1)
    sent = []
    monkeypatch.setattr(master, "asked", lambda *args: sent.append(args[0]))
    master.execute_command(*RELEASE, "token")
    with pytest.raises(RedisConnectionError, match="too late"):
        master.execute_command("SET", "key", "token")
    assert sent == ["EVALSHA"]
    assert master.turns == {}


def test_calls_that_wait_for_one_master_are_bounded(clients, servers, monkeypatch):
    (master,) = clients(1)
    monkeypatch.setattr(masters, "CALLS_AT_ONCE", 2)
    servers[0].pause()
    threads = [threading.Thread(target=pytest.raises, args=(Exception, master.ping)) for _ in range(2)]
    for thread in threads:
        thread.start()
    while sum(map(len, master.calls.values())) < 2:
        pass
    with pytest.raises(RedisConnectionError, match="2 calls are waiting"):
        master.ping()
    for thread in threads:
        thread.join()


def test_a_master_is_named_without_its_password():
    assert without_password("redis://user:secret@host:1/0?password=secret") == "redis://host:1/0"
    assert without_password("redis://[secret") == "…"
