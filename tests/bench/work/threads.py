"""Reading one name in eight threads at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from tests.bench.comparison import Comparison
from tests.bench.measure import Candidate
from tests.bench.peers.roster import floor_of, opened
from tests.bench.places import PRODUCTS, SQLITE
from tests.bench.target import Target

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack

    from tests.bench.places import Places

THREADS = 8
LIMIT = 1.5
WORK = f"get of a bool in {THREADS} threads at once"


class Crowd:
    """Threads that do the same at the same time, and stay for the next round: a server's threads do, too.

    Args:
        candidates: What each thread does.
    """

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self.candidates = candidates
        self.pool = ThreadPoolExecutor(len(candidates))
        self.start = threading.Barrier(len(candidates), action=self.began)
        self.since = 0.0

    def began(self) -> None:
        """Note when all were ready."""
        self.since = time.perf_counter()

    def seconds(self, count: int) -> float:
        """Return the seconds for so many pieces of work, all threads together."""
        each = max(1, count // len(self.candidates))
        ends = self.pool.map(partial(self.one, each), self.candidates)
        return (max(ends) - self.since) * count / (each * len(self.candidates))

    def one(self, count: int, candidate: Candidate) -> float:
        """Do one thread's part, and return when it ended."""
        self.start.wait()
        candidate.seconds(count)
        return time.perf_counter()

    def close(self) -> None:
        """End the threads."""
        self.pool.shutdown()


def together(candidates: Sequence[Candidate], stack: ExitStack) -> Candidate:
    """Return a candidate whose work is done in as many threads as there are candidates."""
    crowd = Crowd(candidates)
    stack.callback(crowd.close)
    return Candidate(candidates[0].name, crowd.seconds, candidates[0].shown)


def reading(product: str, places: Places, stack: ExitStack) -> list[Candidate]:
    """Return who reads in threads: the raw driver has a connection for each, perdure sees to that itself."""
    place = places.new(product)
    raw = [peer.get("enable") for peer in opened(stack, place, *["raw"] * THREADS)]
    ours, *others = opened(stack, place, "perdure", "orm", *(("diskcache",) if product == SQLITE else ()))
    return [together(each, stack) for each in (raw, *([peer.get("enable")] * THREADS for peer in (ours, *others)))]


def comparison(product: str) -> Comparison:
    """Return the comparison for a database."""
    target = Target(WORK, product, LIMIT, floor_of(product))
    name, floor = f"threads-{product}".lower(), floor_of(product)
    return Comparison(name, WORK, product, floor, partial(reading, product), (target,), slice=0.06, crowded=True)


WORKS = tuple(map(comparison, PRODUCTS))
