from __future__ import annotations

import logging
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis

from perdure.errors import InvalidArgument, LockUnavailable
from perdure.lock import masters
from perdure.lock.local import LocalFirstWrites
from perdure.lock.masters import masters_at
from perdure.lock.redlock import RedlockFirstWrites
from perdure.metrics import Metrics
from perdure.names import Key

KEY = Key("acme", "training-student", "enable")
WAIT = 0.3
BOUND = WAIT + 0.75
DAMAGE = {
    "refused": lambda server: server.kill(),
    "hung": lambda server: server.pause(),
    "wrong password": lambda server: server.require_password("secret"),
}
SHARES = [(1, 1), (3, 1), (3, 2), (3, 3), (5, 2), (5, 3), (5, 5)]
CASES = [pytest.param((damage, *share), id=f"{damage}: {share[1]} of {share[0]}") for damage in DAMAGE for share in SHARES]


def write(first_writes, key=KEY):
    """One first write; returns how long it took in seconds."""
    begun = time.monotonic()
    with first_writes.ordered(key):
        pass
    return time.monotonic() - begun


def test_without_redis_nothing_is_done():
    with LocalFirstWrites().ordered(KEY) as outer, LocalFirstWrites().ordered(KEY) as inner:
        assert (outer, inner) == (None, None)


@pytest.mark.parametrize("count", [1, 3, 5])
def test_first_writes_of_a_key_come_one_after_the_other(clients, counters, count):
    first_writes = RedlockFirstWrites(clients(count), counters, wait=20)
    inside, most, done = 0, 0, 0

    def one(_):
        nonlocal inside, most, done
        with first_writes.ordered(KEY):
            inside += 1
            most = max(most, inside)
            time.sleep(0.005)
            inside -= 1
            done += 1

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(one, range(18)))
    assert (most, done) == (1, 18)
    assert counters.snapshot().first_writes_without_lock == 0
    assert counters.snapshot().lock_waits > 0


@pytest.mark.parametrize("count", [1, 3, 5])
def test_a_release_leaves_nothing_behind_on_any_master(clients, counters, servers, count):
    first_writes = RedlockFirstWrites(clients(count), counters)
    for _ in range(400):
        write(first_writes)
    time.sleep(0.2)
    assert [server.client.dbsize() for server in servers[:count]] == [0] * count


@pytest.mark.parametrize("case", CASES)
def test_every_write_goes_through_in_time_whatever_the_masters_do(clients, counters, servers, case):
    damage, count, broken = case
    first_writes = RedlockFirstWrites(clients(count), counters, wait=WAIT)
    write(first_writes)  # connections are open: a master hangs later than it is connected to
    for server in servers[:broken]:
        DAMAGE[damage](server)
    assert max(write(first_writes) for _ in range(20)) < BOUND
    without = counters.snapshot().first_writes_without_lock
    assert without == (0 if broken <= count // 2 else 20)


@pytest.mark.parametrize("case", CASES)
def test_a_required_lock_is_refused_in_time_and_nothing_runs(clients, counters, servers, case):
    damage, count, broken = case
    for server in servers[:broken]:
        DAMAGE[damage](server)
    first_writes = RedlockFirstWrites(clients(count), counters, wait=WAIT, required=True)
    begun = time.monotonic()
    if broken <= count // 2:
        with first_writes.ordered(KEY):
            pass
    else:
        said = r"training-student.enable \(tenant 'acme'\).*0.3 s.*masters failed"
        with pytest.raises(LockUnavailable, match=said), first_writes.ordered(KEY):
            pytest.fail("ran without its lock")
    assert time.monotonic() - begun < BOUND
    assert counters.snapshot().first_writes_without_lock == 0


@pytest.mark.parametrize("case", CASES)
def test_contended_and_damaged_meanwhile_a_write_still_ends_in_time(clients, counters, servers, case):
    damage, count, broken = case
    holder = RedlockFirstWrites(clients(count), counters)
    first_writes = RedlockFirstWrites(clients(count), counters, wait=WAIT)
    write(first_writes)
    with holder.ordered(KEY):
        for server in servers[:broken]:
            DAMAGE[damage](server)
        assert write(first_writes) < BOUND
        begun = time.monotonic()
    assert time.monotonic() - begun < 0.75


def test_masters_damaged_in_the_middle_of_the_wait(clients, counters, servers):
    holder = RedlockFirstWrites(clients(), counters)
    first_writes = RedlockFirstWrites(clients(), counters, wait=WAIT, required=True)
    with holder.ordered(KEY):
        timer = threading.Timer(WAIT - 0.05, lambda: [server.pause() for server in servers[:3]])
        timer.start()
        begun = time.monotonic()
        with pytest.raises(LockUnavailable), first_writes.ordered(KEY):
            pytest.fail("ran without its lock")
        assert time.monotonic() - begun < BOUND
        timer.join()


def test_a_lock_that_another_holds_is_waited_for_and_then_gone_without(clients, counters):
    first_writes = RedlockFirstWrites(clients(), counters, wait=WAIT)
    with first_writes.ordered(KEY):
        assert WAIT <= write(first_writes) < BOUND
        assert write(first_writes, Key("", "other", "key")) < WAIT
    assert counters.snapshot() == Metrics(first_writes_without_lock=1, lock_waits=1)


def test_an_outage_is_logged_once_until_it_is_over(clients, counters, servers, caplog):
    caplog.set_level(logging.DEBUG)
    first_writes = RedlockFirstWrites(clients(), counters, wait=WAIT)
    for _ in range(2):
        for server in servers[:3]:
            server.kill()
        for _ in range(10):
            write(first_writes)
        for server in servers[:3]:
            server.restore()
        write(first_writes)
    assert not [each for each in caplog.records if each.name == "pottery"]
    said = [(each.levelname, each.getMessage()) for each in caplog.records if each.name == "perdure.lock"]
    assert [level for level, _ in said] == ["WARNING", "INFO"] * 2
    assert "3 of 3 Redis masters failed" in said[0][1]
    assert "10 went through without it" in said[1][1]


def test_potterys_log_about_the_locks_of_others_stays(caplog):
    logging.getLogger("pottery").error("%s.release() caught %s", "Redlock", "TimeoutError")
    logging.getLogger("pottery").error("%s.release() caught %s", "PerdureRedlock", "TimeoutError")
    assert [each.args[0] for each in caplog.records] == ["Redlock"]


@pytest.mark.parametrize("lease", [0.1, 5.0])
def test_the_bodys_own_exception_is_never_replaced(clients, counters, lease):
    first_writes = RedlockFirstWrites(clients(), counters, lease=lease)
    with pytest.raises(ZeroDivisionError) as caught, first_writes.ordered(KEY):
        time.sleep(0.2)
        raise ZeroDivisionError
    assert caught.value.__context__ is None


def test_a_body_that_outlives_its_lease_is_no_error_and_releases_nobody_elses_lock(clients, counters, servers):
    brief = RedlockFirstWrites(clients(), counters, lease=0.1)
    first_writes = RedlockFirstWrites(clients(), counters, wait=0)
    with brief.ordered(KEY):
        time.sleep(0.2)
        begun = first_writes.ordered(KEY)
        begun.__enter__()
    write(first_writes)
    begun.__exit__(None, None, None)
    assert counters.snapshot().first_writes_without_lock == 1


def test_a_master_that_answers_again_is_used_again(clients, counters, servers, monkeypatch):
    monkeypatch.setattr(masters, "REST", 60.0)
    sent, send = [], Redis.execute_command
    monkeypatch.setattr(Redis, "execute_command", lambda *args, **options: sent.append(args[1]) or send(*args, **options))
    (master,) = clients(1)
    first_writes = RedlockFirstWrites([master], counters)
    servers[0].pause()
    write(first_writes)
    assert sent == ["SET"]
    write(first_writes)
    assert sent == ["SET"]  # it rests: nobody asks it
    servers[0].resume()
    assert servers[0].answers()
    master.rest_until = time.monotonic()  # a minute later
    sent.clear()
    write(first_writes, Key("", "another", "key"))  # that of the first one came late, and is on the master until its lease ends
    assert "SET" in sent
    assert counters.snapshot().first_writes_without_lock == 2


EXIT = """
import sys, threading, time
from perdure.lock.masters import masters_at
from perdure.lock.redlock import RedlockFirstWrites
from perdure.metrics import Counters
from perdure.names import Key
masters = masters_at(sys.argv[1:])
first_writes, most = RedlockFirstWrites(masters, Counters()), 0
for number in range(500):
    with first_writes.ordered(Key("", "m", str(number))):
        most = max(most, threading.active_count())
print(most, time.time(), flush=True)
"""


def test_hung_masters_neither_collect_threads_nor_delay_the_end_of_a_process(servers, child):
    for server in servers[:2]:
        server.pause()
    process = child(EXIT, *(server.url for server in servers))
    most, ended = process.stdout.readline().split()
    assert process.wait(5) == 0
    assert time.time() - float(ended) < 1
    assert int(most) < 450  # two masters, each with 100 calls and the releases that wait for them


FORK = """
import os, sys
from perdure.lock.masters import masters_at
from perdure.lock.redlock import RedlockFirstWrites
from perdure.metrics import Counters
from perdure.names import Key
counters, key = Counters(), Key("", "m", "n")
with RedlockFirstWrites(masters_at(sys.argv[1:]), counters).ordered(key):
    child = os.fork()
if child:
    os.waitpid(child, 0)
"""


def test_a_forked_child_does_not_release_its_parents_lock(clients, counters, servers, child):
    script = FORK.replace(
        "    child = os.fork()\n", "    child = os.fork()\n    if child: print('held', flush=True), sys.stdin.readline()\n"
    )
    process = child(script, *(server.url for server in servers[:3]))
    assert process.stdout.readline() == "held\n"
    time.sleep(0.2)
    with pytest.raises(LockUnavailable):
        write(RedlockFirstWrites(clients(), counters, wait=0, required=True), Key("", "m", "n"))
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.wait(5) == 0
    write(RedlockFirstWrites(clients(), counters, wait=0, required=True), Key("", "m", "n"))


def test_a_stopped_holder_leaves_the_lock_when_its_lease_ends(clients, counters, servers, child):
    script = FORK.replace("child = os.fork()", "child = print('held', flush=True) or sys.stdin.readline() and None").replace(
        "counters)", "counters, lease=0.5)"
    )
    process = child(script, *(server.url for server in servers[:3]))
    assert process.stdout.readline() == "held\n"
    os.kill(process.pid, signal.SIGSTOP)
    write(RedlockFirstWrites(clients(), counters, required=True), Key("", "m", "n"))
    os.kill(process.pid, signal.SIGCONT)
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.wait(5) == 0


@pytest.mark.parametrize(
    "urls", [[], ["redis://a", "redis://a"], ["http://:secret@a"], ["redis://:secret@a:port"], [None], "nothing"]
)
def test_what_is_no_list_of_masters_is_refused(urls):
    with pytest.raises(InvalidArgument) as caught:
        masters_at(urls)
    assert "secret" not in str(caught.value)


def test_options_in_a_url_do_not_undo_the_bounds(counters, servers):
    servers[0].pause()
    (master,) = masters_at([f"{servers[0].url}?socket_timeout=30&socket_connect_timeout=30"])
    with master:
        assert write(RedlockFirstWrites([master], counters)) < BOUND
