"""Real Redis masters in bad states, each named, and none waited for longer than a few seconds."""

from __future__ import annotations

import time

import pytest
from tests.services.redis import redis_masters

from perdure.doctor.redis import redis_findings
from perdure.lock.masters import masters_at

BOUND = 5.0


@pytest.fixture(scope="module")
def three():
    with redis_masters(3) as started:
        yield started


@pytest.fixture
def servers(three):
    """Three masters, as new again after the test."""
    yield three
    for server in three:
        server.restore()
        with server.client as client:
            client.config_set("maxmemory", 0)
            client.config_set("maxmemory-policy", "noeviction")


def urls(servers):
    return [server.url for server in servers]


def found(masters):
    """What was found, and that it did not take long."""
    began = time.monotonic()
    findings = list(redis_findings(masters))
    assert time.monotonic() - began < BOUND
    return [(each.severity, each.code, each.where) for each in findings]


def test_sound_masters_have_no_finding(servers):
    assert found(urls(servers)) == []
    assert found(urls(servers)[:1]) == []


def test_the_clients_of_an_app_are_as_good_as_their_urls_and_stay_open(servers):
    clients = masters_at(urls(servers))
    assert found(clients) == []
    servers[0].stop()
    assert found(clients) == [("warning", "redis-unreachable", servers[0].url)]
    assert all(client.ping() for client in clients[1:])
    for client in clients:
        client.close()


def test_one_that_is_down_is_named_and_where_too_many_are_no_lock_is_to_be_had(servers):
    servers[0].stop()
    assert found(urls(servers)) == [("warning", "redis-unreachable", servers[0].url)]
    servers[1].stop()
    assert [each[:2] for each in found(urls(servers))] == [
        ("warning", "redis-unreachable"),
        ("warning", "redis-unreachable"),
        ("error", "redis-quorum"),
    ]


def test_those_that_hang_are_named_within_seconds(servers):
    for server in servers:
        server.pause()
    assert [each[1] for each in found(urls(servers))] == [*["redis-unreachable"] * 3, "redis-quorum"]


def test_one_that_wants_a_password_is_named_and_a_wrong_password_is_not_shown(servers):
    servers[0].require_password("hunter2")
    wrong = servers[0].url.replace("redis://", "redis://:hunter3@")
    findings = list(redis_findings([wrong, *urls(servers[1:])]))
    assert [each.code for each in findings] == ["redis-unreachable"]
    assert "hunter" not in repr(findings)
    right = servers[0].url.replace("redis://", "redis://:hunter2@")
    assert found([right, *urls(servers[1:])]) == []


def test_a_replica_is_named_with_its_master(servers):
    with servers[0].client as client:
        client.replicaof("127.0.0.1", servers[1].port)
        (finding,) = redis_findings(urls(servers))
        client.replicaof("NO", "ONE")
    assert (finding.severity, finding.code, finding.where) == ("error", "redis-replica", servers[0].url)
    assert f"redis://127.0.0.1:{servers[1].port}" in finding.advice


def test_two_urls_of_one_server_are_named(servers):
    one = servers[0].port
    given = [f"redis://127.0.0.1:{one}/0", f"redis://localhost:{one}/1", servers[1].url]
    assert found(given) == [("error", "redis-same-server", given[0])]
    twice = [f"redis://localhost:{one}/1", f"redis://127.0.0.1:{one}/2", f"redis://127.0.0.1:{one}/3"]
    assert [each[1] for each in found(twice)] == ["redis-same-server", "redis-quorum"]


def test_an_even_number_is_named(servers):
    assert found(urls(servers)[:2]) == [("warning", "redis-even", "redis")]


@pytest.mark.parametrize(("limit", "severity"), [(0, "info"), (100 * 2**20, "warning")])
def test_one_that_throws_locks_away_is_named(servers, limit, severity):
    with servers[2].client as client:
        client.config_set("maxmemory", limit)
        client.config_set("maxmemory-policy", "allkeys-lru")
    assert found(urls(servers)) == [(severity, "redis-evicts", servers[2].url)]


def test_what_is_no_url_is_named(servers):
    assert found(["http://nowhere", *urls(servers)[:2]]) == [("error", "redis-url", "http://nowhere")]


def test_one_that_answers_slower_than_perdure_waits_is_named_and_does_not_count(servers, monkeypatch):
    monkeypatch.setattr("perdure.doctor.redis.ANSWER_WITHIN", 0.0)
    findings = found(urls(servers))
    assert [each[1] for each in findings] == [*["redis-slow"] * 3, "redis-quorum"]
