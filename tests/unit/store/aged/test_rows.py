import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from greenlet import greenlet
from tests.unit.store.aged.shelf import row_of

from perdure.errors import StoreUnavailable
from perdure.names import Key
from perdure.store.protocol import WouldWait

A = Key("", "module", "a")


def test_within_its_age_nothing_is_asked_and_after_it_once(shelf, clock, version_in):
    rows = shelf.aged(5)
    shelf.put(row_of("a", 1), row_of("b", 1))
    assert version_in(rows) == 1
    shelf.put(row_of("a", 2))
    for _ in range(49):
        clock.tick(0.1)
        assert version_in(rows) == version_in(rows, "b") == 1
        assert rows.reading(A)() == ("1", "json", 1)
        assert rows.read_values("", "module") == {"a": ("1", "json", 1), "b": ("1", "json", 1)}
        assert [row.version for row in rows.read_module("", "module")] == [1, 1]
        assert version_in(rows, "nothing") is None
    assert shelf.asked == 1
    clock.tick(0.11)
    assert (version_in(rows), shelf.asked) == (2, 2)
    assert (version_in(rows), shelf.asked) == (2, 2)


def test_the_age_counts_from_the_beginning_of_the_query(shelf, clock, version_in):
    rows = shelf.aged(5)
    shelf.during = lambda: clock.tick(4)
    shelf.put(row_of("a", 1))
    version_in(rows)
    shelf.put(row_of("a", 2))
    clock.tick(0.9)
    assert version_in(rows) == 1
    clock.tick(0.2)
    assert version_in(rows) == 2


@pytest.mark.parametrize("passes", [0.001, 0], ids=["a fine clock", "a coarse clock"])
def test_at_age_nothing_every_read_asks(shelf, clock, version_in, passes):
    rows = shelf.aged(0)
    for version in range(1, 20):
        shelf.put(row_of("a", version))
        assert version_in(rows) == version
        clock.tick(passes)
    assert shelf.asked == 19


def test_every_age_reads_what_any_other_has_read(shelf, clock, version_in):
    short, long = shelf.aged(1), shelf.aged(60)
    shelf.put(row_of("a", 1))
    assert version_in(long) == 1
    assert version_in(short) == 1
    assert shelf.asked == 1
    clock.tick(2)
    shelf.put(row_of("a", 2))
    assert version_in(long) == 1
    assert version_in(short) == 2
    assert version_in(long) == 2
    assert shelf.asked == 2


def test_modules_and_tenants_have_nothing_in_common(shelf, version_in):
    rows = shelf.aged(60)
    shelf.put(row_of("a", 1), row_of("a", 2, module="other"), row_of("a", 3, tenant="t"))
    assert version_in(rows) == 1
    assert version_in(rows, module="other") == 2
    assert version_in(rows, tenant="t") == 3
    shelf.write(row_of("a", 4, tenant="t"))
    assert (version_in(rows), version_in(rows, tenant="t"), shelf.asked) == (1, 4, 3)


def test_an_older_row_that_is_late_never_replaces_a_newer_one(shelf, clock, version_in):
    rows = shelf.aged(60)
    shelf.put(row_of("a", 1))

    def meanwhile():
        clock.tick(1)
        shelf.write(row_of("a", 2))

    shelf.during = meanwhile
    assert version_in(rows) in (1, 2)  # the read began before the write was told of
    shelf.during = lambda: None
    assert version_in(rows) == 2


def test_a_restored_backup_is_believed_after_its_age(shelf, clock, version_in):
    rows = shelf.aged(5)
    shelf.write(row_of("a", 9))
    assert version_in(rows) == 9
    shelf.put(row_of("a", 4))
    clock.tick(5)
    assert version_in(rows) == 4


def test_a_write_to_a_restored_backup_is_seen_at_once(shelf, clock, version_in):
    rows = shelf.aged(60)
    shelf.put(row_of("a", 9))
    assert version_in(rows) == 9
    clock.tick(1)
    shelf.put(row_of("a", 4))  # the backup
    shelf.write(row_of("a", 5))
    assert version_in(rows) == 5


def test_a_write_that_others_wrote_before_shows_what_they_wrote_with_it(shelf, clock):
    rows = shelf.aged(60)
    shelf.put(row_of("a", 1), row_of("b", 1))
    rows.read(A)
    clock.tick(1)
    shelf.put(row_of("a", 2), row_of("b", 2))  # together, elsewhere
    shelf.write(row_of("b", 3))
    assert [row.version for row in rows.read_module("", "module")] == [2, 3]


@pytest.mark.parametrize("written", ["a name that is no text", "a version that is no number"])
def test_damage_in_a_module_hides_no_write_and_breaks_no_read(shelf, clock, caplog, written):
    """SQLite holds anything in any column."""
    rows = shelf.aged(60)
    damaged = row_of(b"\x00", 1) if written == "a name that is no text" else row_of("a", "x")
    shelf.rows = {("", "module", "a"): row_of("a", 1), ("", "module", damaged.name): damaged}
    shelf.read_module = lambda *_: list(shelf.rows.values())
    rows.read(A)
    clock.tick(1)
    shelf.write(row_of("a", 2))
    assert rows.read(A).version == 2
    assert caplog.records == []


def test_many_threads_see_their_own_writes_and_nothing_too_old(shelf):
    """Whichever is quicker: each thread writes a name of its own, and reads it in between."""
    rows, mutex = shelf.aged(60), threading.Lock()

    def read_module(tenant, module):
        with mutex:
            return sorted(shelf.rows.values())

    shelf.read_module = read_module

    def write(name):
        for version in range(1, 200):
            with mutex:
                shelf.put(row_of(name, version))
            shelf.tell(row_of(name, version))
            assert rows.read(Key("", "module", name)).version == version
            shelf.clock.tick(7)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, "abcdef"))


# --------------------------------------------------------------------------- outages


def test_an_outage_is_told_at_once_where_nothing_else_is_said(shelf, clock, version_in):
    rows = shelf.aged(5)
    shelf.put(row_of("a", 1))
    version_in(rows)
    shelf.away = True
    clock.tick(4.9)
    assert version_in(rows) == 1
    clock.tick(0.2)
    with pytest.raises(StoreUnavailable):
        version_in(rows)


def test_an_outage_is_lived_through_for_as_long_as_was_said(shelf, clock, version_in):
    rows, strict = shelf.aged(5, 60), shelf.aged(5)
    shelf.put(row_of("a", 1))
    version_in(rows)
    shelf.away = True
    clock.tick(5)
    for _ in range(59):
        assert version_in(rows) == 1
        with pytest.raises(StoreUnavailable):
            version_in(strict)
        clock.tick(1)
    clock.tick(0.9)
    assert version_in(rows) == 1
    clock.tick(0.2)
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            version_in(rows)
        clock.tick(0.01)


def test_during_an_outage_the_database_is_asked_once_a_second(shelf, clock, version_in):
    rows = shelf.aged(5, 60)
    version_in(rows)
    shelf.away = True
    clock.tick(5)
    shelf.asked = 0
    for _ in range(1000):
        version_in(rows)
        version_in(rows, module="module")
        clock.tick(0.01)
    assert 9 <= shelf.asked <= 11


def test_what_was_never_read_is_unavailable_and_no_default(shelf, clock, version_in):
    rows = shelf.aged(5, 60)
    version_in(rows)
    shelf.away = True
    clock.tick(6)
    assert version_in(rows) is None  # that there was nothing is known
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            version_in(rows, module="another")
        with pytest.raises(StoreUnavailable):
            version_in(rows, tenant="another")


def test_after_an_outage_what_is_fresh_comes_within_a_second(shelf, clock, version_in):
    rows = shelf.aged(5, 60)
    shelf.put(row_of("a", 1))
    version_in(rows)
    shelf.away = True
    clock.tick(10)
    assert version_in(rows) == 1
    shelf.away = False
    shelf.put(row_of("a", 2))
    clock.tick(1)
    assert version_in(rows) == 2


def test_writes_of_before_an_outage_are_seen_in_it(shelf, clock, version_in):
    rows = shelf.aged(5, 60)
    version_in(rows)
    shelf.write(row_of("a", 1))
    shelf.away = True
    clock.tick(30)
    assert version_in(rows) == 1


def suspended(shelf, work):
    """Begin work, and leave it in the middle of its query; returns what goes on with it."""
    home, during = greenlet.getcurrent(), shelf.during
    shelf.during = home.switch
    running = greenlet(work)
    running.switch()
    shelf.during = during
    assert not running.dead
    return running.switch


def test_while_one_call_asks_whether_it_is_back_all_others_are_answered_at_once(shelf, clock, version_in):
    rows = shelf.aged(5, 60)
    shelf.put(row_of("a", 1))
    version_in(rows)
    shelf.away = True
    clock.tick(6)
    version_in(rows)  # now it is known to be away
    clock.tick(1)
    shelf.asked = 0
    go_on = suspended(shelf, lambda: version_in(rows))  # a server that is unplugged lets one wait for long
    assert [version_in(rows) for _ in range(5)] == [1] * 5
    assert shelf.asked == 1
    assert go_on() == 1


@pytest.mark.parametrize("what", ["forgotten", "closed"])
def test_what_was_forgotten_meanwhile_is_unavailable_and_no_default(shelf, clock, version_in, what):
    """Another thread erases a tenant, or closes the App, while this one waits for an answer that does not come."""
    rows = shelf.aged(5, 60)
    shelf.put(row_of("a", 1))
    version_in(rows)
    shelf.away = True
    clock.tick(6)
    shelf.during = shelf.snapshots.forget if what == "forgotten" else shelf.snapshots.close
    with pytest.raises(StoreUnavailable):
        version_in(rows)


def test_what_another_call_has_read_meanwhile_counts_when_ones_own_query_fails(shelf, clock, version_in):
    rows = shelf.aged(5)
    shelf.put(row_of("a", 1))
    version_in(rows)
    clock.tick(6)
    go_on = suspended(shelf, lambda: version_in(rows))
    clock.tick(1)
    shelf.put(row_of("a", 2))
    assert version_in(rows) == 2
    shelf.away = True
    assert go_on() == 2


# --------------------------------------------------------------------------- in an event loop


def test_at_hand_is_what_is_young_and_everything_else_would_wait(shelf, clock, version_in):
    rows = shelf.aged(5)
    hasty = rows.hasty()
    hasty.prepare()
    shelf.put(row_of("a", 1))
    with pytest.raises(WouldWait):
        version_in(hasty)
    with pytest.raises(WouldWait):
        hasty.fetch("a query for the history", ())
    assert shelf.asked == 0
    version_in(rows)
    assert version_in(hasty) == 1
    clock.tick(5)
    with pytest.raises(WouldWait):
        version_in(hasty)


def test_at_hand_during_an_outage_is_what_is_known(shelf, clock, version_in):
    rows = shelf.aged(5, 60)
    hasty = rows.hasty()
    shelf.put(row_of("a", 1))
    version_in(rows)
    shelf.away = True
    clock.tick(10)
    with pytest.raises(WouldWait):
        version_in(hasty)
    version_in(rows)
    assert version_in(hasty) == 1
