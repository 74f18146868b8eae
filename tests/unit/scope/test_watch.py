from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from perdure.errors import HistoryTruncated
from perdure.names import Key
from perdure.records.entry import Change, moment
from perdure.scope.watch import Watch
from perdure.store.rows import ChangeRow
from perdure.store.watching.feed import Feed, Gap

KEY, RENAMED = Key("acme", "demo", "visits"), Key("acme", "demo", "former")
PLACES = {KEY: ("acme", "demo", "visits"), RENAMED: ("acme", "demo", "renamed")}
PATIENCE = 20.0


class Idle:
    def resume(self):
        pass

    def refill(self):
        pass

    def leave(self, feed):
        pass


def told(row):
    name = PLACES[row.key][2]
    return Change(
        tenant=row.tenant,
        module=row.module,
        name=name,
        operation=row.operation,
        value=row.text,
        version=row.version,
        actor=row.actor,
        reason=row.reason,
        at=moment(row.at),
    )


def named(positions):
    return {PLACES[key][2]: version for key, version in positions.items()}


@pytest.fixture
def feed():
    return Feed(Idle(), {KEY: 0, RENAMED: 0}, threading.RLock())


@pytest.fixture
def watch(feed):
    return Watch(feed, told, PLACES.get, named)


def row(version, key=KEY):
    return ChangeRow(*key, version, "set", f"value {version}", "json", 1, None, "ada", "because", 1_700_000_000_000_000), version


def test_rows_are_handed_out_as_changes(feed, watch):
    feed.put([row(1)])
    change = watch.take()
    assert (change.name, change.value, change.version, change.actor) == ("visits", "value 1", 1, "ada")


def test_a_watch_is_iterated_over_until_it_ends(feed, watch):
    feed.put([row(1), row(2), row(3)])
    versions = []
    for change in watch:
        versions.append(change.version)
        if change.version == 2:
            watch.close()
    assert versions == [1, 2]
    assert list(watch) == []
    with pytest.raises(StopIteration):
        next(watch)


def test_nothing_in_time_is_none_and_not_the_end(watch):
    assert watch.take(0) is None
    assert watch.take(0.01) is None
    assert not watch.ended


def test_whoever_iterates_waits_for_the_next_change_and_for_the_end(feed, watch):
    with ThreadPoolExecutor() as pool:
        first = pool.submit(next, watch)
        feed.put([row(1)])
        assert first.result(PATIENCE).version == 1
        rest = pool.submit(list, watch)
        feed.end()  # as when the App is closed
        assert rest.result(PATIENCE) == []
    assert watch.ended


@pytest.mark.parametrize("ask", [next, Watch.take], ids=["next", "take"])
def test_what_is_gone_is_an_error_that_names_it_and_the_watch_goes_on(feed, watch, ask):
    feed.put([(Gap(RENAMED, 2, 8), 7), row(8, RENAMED), (Gap(KEY, 0, None), 5)])
    with pytest.raises(HistoryTruncated) as raised:
        ask(watch)
    error = raised.value
    assert (error.tenant, error.module, error.name, error.since, error.oldest) == ("acme", "demo", "renamed", 2, 8)
    assert ask(watch).version == 8
    with pytest.raises(HistoryTruncated, match="none is kept"):
        ask(watch)
    assert watch.cursors == {"renamed": 8, "visits": 5}


def test_its_cursors_are_of_what_was_handed_out(feed, watch):
    feed.put([row(1), row(2), row(1, RENAMED)])
    watch.take()
    assert watch.positions == {KEY: 1, RENAMED: 0}
    assert watch.cursors == {"visits": 1, "renamed": 0}
    watch.close()
    assert watch.cursors == {"visits": 1, "renamed": 0}


def test_a_block_ends_its_watch(feed):
    with Watch(feed, told, PLACES.get, named) as watch:
        feed.put([row(1)])
        assert watch.take().version == 1
    assert watch.ended
    assert watch.take() is None
    watch.close()


def test_what_a_block_raises_is_raised(feed):
    with pytest.raises(ZeroDivisionError), Watch(feed, told, PLACES.get, named):
        raise ZeroDivisionError
    assert feed.ended


def test_it_shows_how_much_it_watches(watch):
    assert repr(watch) == "<Watch of 2 names>"
    watch.close()
    assert repr(watch) == "<Watch of 2 names, ended>"
