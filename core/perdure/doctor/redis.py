"""Redis masters: do they answer, in time, are they masters, and are they several."""

from __future__ import annotations

import time
from collections import defaultdict
from threading import Thread
from typing import TYPE_CHECKING, Any

import attrs
from redis import ConnectionPool, RedisError

from perdure.doctor.finding import error, info, one_line, warning
from perdure.errors import InvalidArgument
from perdure.lock.masters import ANSWER_WITHIN, Master, master_at, place_of, without_password

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from perdure.doctor.finding import Finding

TIMEOUT = 1.5
"""Seconds for which a master is waited for: longer than perdure does, to tell a slow one from one that is away."""

END = 4.0
"""Seconds after which nobody is waited for any more; looking up a host's name knows no timeout."""

DISTINCT = "Name masters that do not replicate one another, each once: one, three or five"


@attrs.define
class Probe:
    """What was found out about one master.

    Attributes:
        where: How messages name it.
        master: What connects to it, or None where its URL is none.
        problem: Why it could not be asked, or None.
        latency: Seconds that the quickest of its answers took.
        told: What it says of itself.
    """

    where: str
    master: Master | None
    problem: str | None = None
    latency: float = 0.0
    told: dict[str, Any] = attrs.field(factory=dict)

    @property
    def counts(self) -> bool:
        """Whether a lock can be had from it in time."""
        return self.problem is None and self.latency <= ANSWER_WITHIN and self.told.get("role") == "master"

    def ask(self) -> None:
        """Ask it how it is."""
        if self.master is None:
            return
        try:
            self.master.ping()  # the first one connects
            latencies = []
            for _ in range(3):
                began = time.perf_counter()
                self.master.ping()
                latencies.append(time.perf_counter() - began)
            self.told = {
                key: value for part in ("server", "replication", "memory") for key, value in self.master.info(part).items()
            }
            self.latency, self.problem = min(latencies), None
        except (RedisError, OSError, ValueError) as failure:
            self.problem = one_line(failure) or type(failure).__name__
        finally:
            self.master.close()


def probe_of(given: str | Master) -> Probe:
    """Return a probe of a master, which waits a little longer than perdure does."""
    if isinstance(given, str):
        try:
            master = master_at(given)
        except InvalidArgument as refused:
            return Probe(without_password(given), None, f"it is no URL of a Redis: expected {refused.expected}")
        where = without_password(given)
    else:
        pool = given.connection_pool
        master = Master(connection_pool=ConnectionPool(pool.connection_class, **pool.connection_kwargs))
        known = pool.connection_kwargs
        where = f"redis://{known.get('host') or known.get('path')}:{known.get('port', '')}/{known.get('db') or 0}"
    master.connection_pool.connection_kwargs |= {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
    return Probe(where, master, f"it did not answer within {END:.0f} s")


def asked(probes: Iterable[Probe]) -> None:
    """Ask all of them at once, and wait until they have answered, or long enough."""
    end = time.monotonic() + END
    threads = [Thread(target=probe.ask, daemon=True) for probe in probes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))


def redis_findings(masters: Sequence[str | Master]) -> Iterator[Finding]:
    """Tell what is wrong with the masters, each and together."""
    probes = [probe_of(each) for each in masters]
    asked(probes)
    for probe in probes:
        yield from master_findings(probe)
    yield from same_findings(masters, probes)
    count = len(probes)
    if count % 2 == 0:
        problem = f"{count} masters outlive the loss of {(count - 1) // 2}, no more than {count - 1} would"
        yield warning("redis-even", "redis", problem, "Name one master, three or five")
    quorum = count // 2 + 1
    counting = len({probe.told.get("run_id") for probe in probes if probe.counts})
    if counting < quorum:
        problem = f"{counting} of {count} masters can be counted on, and {quorum} are needed: no lock can be had"
        advice = "Start the others. Meanwhile first writes go through without a lock, and scope.lock(…) raises LockUnavailable"
        yield error("redis-quorum", "redis", problem, advice)


def master_findings(probe: Probe) -> Iterator[Finding]:
    """Tell what is wrong with one of them."""
    where = probe.where
    if probe.master is None:
        yield error("redis-url", where, str(probe.problem), "Correct PERDURE_REDIS (or --redis)")
        return
    if probe.problem is not None:
        yield warning(
            "redis-unreachable", where, probe.problem, f"See that it runs and can be reached: redis-cli -u {where} ping"
        )
        return
    if probe.latency > ANSWER_WITHIN:
        problem = (
            f"its answers take {probe.latency * 1000:.0f} ms, and perdure waits {ANSWER_WITHIN * 1000:.0f}: it counts as away"
        )
        yield warning("redis-slow", where, problem, f"Look at its load and the way to it: redis-cli -u {where} --latency")
    if probe.told.get("role") != "master":
        leader = f"{probe.told.get('master_host')}:{probe.told.get('master_port')}"
        problem = f"it is a replica of {leader}, and takes no locks"
        yield error(
            "redis-replica", where, problem, f"Name its master in its place, if that is not named already: redis://{leader}"
        )
    yield from eviction_findings(probe)


def eviction_findings(probe: Probe) -> Iterator[Finding]:
    """Tell of a master that may throw locks away."""
    policy = probe.told.get("maxmemory_policy", "noeviction")
    if policy == "noeviction":
        return
    advice = f"redis-cli -u {probe.where} config set maxmemory-policy noeviction, and the same in its redis.conf"
    if probe.told.get("maxmemory"):
        problem = f"its maxmemory-policy is {policy}: when its memory is full, it throws locks away that are held"
        yield warning("redis-evicts", probe.where, problem, advice)
    else:
        problem = f"its maxmemory-policy is {policy}, which would throw away locks that are held, once maxmemory is set"
        yield info("redis-evicts", probe.where, problem, advice)


def same_findings(masters: Sequence[str | Master], probes: Sequence[Probe]) -> Iterator[Finding]:
    """Tell of several URLs that lead to one server."""
    by_server: dict[object, list[str]] = defaultdict(list)
    for given, probe in zip(masters, probes, strict=True):
        told = probe.told.get("run_id")
        by_server[told or (place_of(given) if isinstance(given, str) else id(probe))].append(probe.where)
    for names in by_server.values():
        if len(names) > 1:
            problem = f"it is the same server as {', '.join(names[1:])}: together they are one master, and no lock is had twice"
            yield error("redis-same-server", names[0], problem, DISTINCT)
