"""Reading many names at once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from tests.bench.comparison import Comparison, Count
from tests.bench.measure import Candidate
from tests.bench.peers.ours import opened as app_on
from tests.bench.peers.roster import floor_of, opened
from tests.bench.places import PRODUCTS, SQLITE
from tests.bench.records import MANY, TEN, plugin
from tests.bench.target import NUMBER, Target

from perdure import App

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from tests.bench.places import Places

LIMIT = 1.5
LOAD, ENTRIES = "load() of ten names", "entries() of 100 modules with ten names each"


def filled(app: App) -> App:
    """Return an App with a value for each name of each module."""
    for scope in app.scopes():
        scope.status.set_many(TEN)
    return app


def loading(product: str, places: Places, stack: ExitStack) -> list[Candidate]:
    """Return who reads all of a module."""
    place = places.new(product, "normal")
    (raw,) = opened(stack, place, "raw")
    status = filled(stack.enter_context(app_on(place, MANY[0]))).scope(MANY[0]).status
    one_by_one = Candidate.of("perdure, ten gets", "[status.get(name) for name in NAMES]", status=status, NAMES=tuple(TEN))
    return [raw.load(MANY[0].module), Candidate.of("perdure", "status.load()", status=status), one_by_one]


def listing(product: str, places: Places, stack: ExitStack) -> list[Candidate]:
    """Return who reads everything."""
    place = places.new(product, "normal")
    (raw,) = opened(stack, place, "raw")
    app = filled(stack.enter_context(app_on(place, *MANY)))
    return [raw.entries(), Candidate.of("perdure", "app.entries()", app=app)]


def queries(work: Callable[[App], Any], places: Places) -> float:
    """Return how many statements SQLite is asked to run for a piece of work."""
    place = places.new(SQLITE)
    engine = create_engine(place.url)
    said: list[str] = []
    event.listen(engine, "connect", lambda connection, _record: connection.set_trace_callback(said.append))
    try:
        with App.open(engine=engine, plugins=[plugin(*MANY[:3])], tenant="", redis=()) as app:
            work(filled(app))
            said.clear()
            work(app)
    finally:
        engine.dispose()
    return float(len(said))


def counted(name: str, work: str, make: Callable[[App], Any]) -> Count:
    """Return a count of queries."""
    return Count(f"{name}-queries", Target(work, SQLITE, 1, "query", NUMBER), partial(queries, make))


def comparison(name: str, work: str, product: str, make: Callable[..., list[Candidate]]) -> Comparison:
    """Return a comparison with its target."""
    floor = floor_of(product)
    target = Target(work, product, LIMIT, floor)
    return Comparison(f"{name}-{product}".lower(), work, product, floor, partial(make, product), (target,))


WORKS = (
    *(comparison("load", LOAD, product, loading) for product in PRODUCTS),
    counted("load", LOAD, lambda app: app.scope(MANY[0]).status.load()),
    *(comparison("entries", ENTRIES, product, listing) for product in PRODUCTS),
    counted("entries", ENTRIES, App.entries),
)
