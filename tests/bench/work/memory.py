"""What an open App takes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.bench.comparison import Count
from tests.bench.environments import bare
from tests.bench.peers.ours import opened
from tests.bench.places import SQLITE, NotMeasured
from tests.bench.records import MANY
from tests.bench.target import MEBIBYTES, Target
from tests.bench.work.listing import filled

if TYPE_CHECKING:
    from tests.bench.places import Places

LIMIT = 15
WORK = "an open App with 100 modules of ten names, all of them read"

WEIGHED = """
import gc, os, sys, tracemalloc
from perdure import App
from tests.bench.records import DESK, MANY, TEN, plugin

with App.open(sys.argv[1], plugins=[plugin(DESK)]) as app:
    app.scope(DESK).status.get("enable")

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

def allocated():
    return tracemalloc.get_traced_memory()[0]

weighed = {"resident": resident, "allocated": allocated}[sys.argv[2]]
if weighed is allocated:
    tracemalloc.start()
gc.collect()
before = weighed()
app = App.open(sys.argv[1], plugins=[plugin(*MANY)])
for scope in app.scopes():
    for name in TEN:
        assert scope.status.get(name) is not None
gc.collect()
print((weighed() - before) / 2**20)
"""
"""The imports are over, those too that wait for an App to open, and the modules' own records are defined."""


def weighed(how: str, places: Places) -> float:
    """Return the MiB that an App adds."""
    place = places.new(SQLITE, "normal")
    filled(opened(place, *MANY)).close()
    try:
        return float(bare(WEIGHED, place.url, how))
    except FileNotFoundError as error:
        raise NotMeasured("it takes /proc") from error


WORKS = tuple(
    Count(f"memory-{how}", Target(WORK, SQLITE, LIMIT, f"{said} over the imports", MEBIBYTES), partial(weighed, how))
    for how, said in (("resident", "resident"), ("allocated", "allocated by Python"))
)
