import gc
import os
import threading
import weakref

import pytest
from sqlalchemy import create_engine
from tests.unit.store.aged.shelf import row_of

from perdure.metrics import Counters
from perdure.store import forks
from perdure.store.aged import snapshots as of_snapshots
from perdure.store.aged.snapshots import LONG_AGO, Snapshots, State
from perdure.store.callers.delivery import Delivery
from perdure.store.rows import Note, Written


@pytest.fixture
def snapshots(shelf):
    return shelf.snapshots


@pytest.fixture
def snapshot(snapshots):
    return snapshots.of("", "module")


def versions(state):
    return {name: row.version for name, row in state.rows.items()}


def told(snapshots, *rows):
    snapshots.noted([Written(row, Note("set")) for row in rows])


def take(snapshots, snapshot, rows, began, writes=None):
    state = State(began, {row.name: row for row in rows})
    return snapshots.take(snapshot, state, snapshot.writes if writes is None else writes)


# --------------------------------------------------------------------------- what replaces what


def test_a_later_query_replaces_an_earlier_one_also_with_versions_that_went_back(snapshots, snapshot):
    take(snapshots, snapshot, [row_of("a", 7), row_of("b", 2)], began=1.0)
    take(snapshots, snapshot, [row_of("a", 3)], began=2.0)
    assert (snapshot.state.at, versions(snapshot.state)) == (2.0, {"a": 3})


def test_an_earlier_query_that_is_late_replaces_nothing(snapshots, snapshot):
    later = take(snapshots, snapshot, [row_of("a", 2)], began=2.0)
    assert take(snapshots, snapshot, [row_of("a", 1)], began=1.0) is later
    assert snapshot.state is later


def test_a_write_replaces_what_is_known_by_version(snapshots, snapshot):
    take(snapshots, snapshot, [row_of("a", 2)], began=1.0)
    told(snapshots, row_of("a", 3))
    assert (snapshot.state.at, versions(snapshot.state)) == (1.0, {"a": 3})
    told(snapshots, row_of("a", 3))  # what a query has read already
    assert versions(snapshot.state) == {"a": 3}
    told(snapshots, row_of("a", 2))  # something is amiss: it is asked again
    assert versions(snapshot.state) == {}


def test_what_others_have_written_to_as_well_is_asked_again(snapshots, snapshot):
    take(snapshots, snapshot, [row_of("a", 2), row_of("b", 2)], began=1.0)
    told(snapshots, row_of("a", 4))  # and maybe they wrote to b with it
    assert versions(snapshot.state) == {}


def test_what_is_written_together_is_taken_together(snapshots, snapshot):
    take(snapshots, snapshot, [row_of("a", 2), row_of("b", 2)], began=1.0)
    told(snapshots, row_of("a", 3), row_of("b", 3), row_of("a", 4))
    assert versions(snapshot.state) == {"a": 4, "b": 3}


def test_a_query_that_began_before_a_write_does_not_bring_back_the_old_row(snapshots, snapshot, clock):
    began, writes = clock(), snapshot.writes
    told(snapshots, row_of("a", 2))  # in that very moment, or later
    take(snapshots, snapshot, [row_of("a", 1)], began, writes)
    assert versions(snapshot.state) == {}


def test_a_query_that_began_after_a_write_knows_better(snapshots, snapshot, clock):
    told(snapshots, row_of("a", 9))
    clock.tick(1)
    assert versions(take(snapshots, snapshot, [row_of("a", 3)], clock())) == {"a": 3}  # a backup was restored


def test_a_name_that_was_written_first_is_known_in_its_place(snapshots, snapshot):
    take(snapshots, snapshot, [row_of("a", 1), row_of("c", 1)], began=1.0)
    told(snapshots, row_of("b", 1))
    assert list(snapshot.state.rows) == list(snapshot.state.values) == ["a", "b", "c"]


def test_what_is_made_of_values_goes_with_them(snapshots, snapshot):
    state = take(snapshots, snapshot, [row_of("a", 1)], began=1.0)
    state.made["a"] = 1
    told(snapshots, row_of("a", 2))
    assert snapshot.state.made == {}


def test_writes_of_modules_that_nobody_reads_are_not_kept(snapshots, shelf):
    shelf.write(row_of("a", 1))
    snapshots.of("", "other")
    shelf.write(row_of("a", 2))
    assert versions(snapshots.of("", "module").state) == {}


# --------------------------------------------------------------------------- forgetting


def test_what_is_forgotten_is_not_known_and_not_kept_from_queries_that_run(snapshots, snapshot, clock):
    take(snapshots, snapshot, [row_of("a", 1)], clock())
    clock.tick(1)
    began, writes = clock(), snapshot.writes
    snapshots.forget()
    assert snapshot.state.at == LONG_AGO
    assert versions(take(snapshots, snapshot, [row_of("a", 1)], began, writes)) == {"a": 1}  # for who asked, and nobody else
    assert snapshot.state.at == LONG_AGO
    clock.tick(1)
    take(snapshots, snapshot, [row_of("a", 2)], clock())
    assert versions(snapshot.state) == {"a": 2}


def test_after_closing_nothing_is_kept_whatever_ends_later(snapshots, snapshot, clock):
    snapshots.close()
    snapshots.forget()  # a tenant's values were being erased meanwhile
    clock.tick(1)
    take(snapshots, snapshot, [row_of("a", 1)], clock())
    assert snapshot.state.at == LONG_AGO


def test_a_write_while_nothing_is_known_does_not_pass_for_the_whole_module(snapshots, snapshot):
    told(snapshots, row_of("a", 1))
    assert snapshot.state.at == LONG_AGO
    assert versions(snapshot.state) == {}


# --------------------------------------------------------------------------- how much is kept


def test_a_snapshot_is_everybodys(snapshots):
    assert snapshots.of("t", "m") is snapshots.of("t", "m")
    assert snapshots.of("t", "m") is not snapshots.of("", "m")
    assert snapshots.of("t", "m") is not snapshots.of("t", "n")


def test_what_nobody_holds_is_bounded_and_what_somebody_holds_is_one(snapshots, monkeypatch):
    held = snapshots.of("held", "m")
    for number in range(of_snapshots.MOST + 10):
        snapshots.of(f"t{number}", "m")
    assert len(snapshots.lately) == of_snapshots.MOST
    assert len(snapshots.known) <= of_snapshots.MOST + 1
    assert snapshots.of("held", "m") is held


def test_snapshots_end_with_their_app():
    snapshots = Snapshots(Delivery(Counters()))
    snapshots.of("", "m")
    gone = weakref.ref(snapshots)
    del snapshots
    gc.collect()
    assert gone() is None


# --------------------------------------------------------------------------- threads and processes


def test_a_fork_waits_for_who_changes_what_is_known_and_both_go_on(snapshots, snapshot):
    inside, done = threading.Event(), threading.Event()

    def slowly():
        with snapshots.mutex:
            inside.set()
            done.wait(0.2)
            take(snapshots, snapshot, [row_of("a", 1)], 1.0)

    thread = threading.Thread(target=slowly)
    thread.start()
    assert inside.wait(10)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            assert versions(snapshot.state) == {"a": 1}
            told(snapshots, row_of("a", 2))
            code = 0 if versions(snapshot.state) == {"a": 2} else 2
        finally:
            os._exit(code)
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert versions(snapshot.state) == {"a": 1}


def test_a_callers_connection_that_is_collected_in_the_middle_of_a_change_ends_no_thread(tmp_path):
    """Python may collect at any allocation. What a caller committed and did not close is told of then."""
    engine = create_engine(f"sqlite:///{tmp_path / 'app.db'}")
    delivery = Delivery(Counters())
    snapshots = Snapshots(delivery)
    snapshot = snapshots.of("", "module")

    def leave_one():
        connection = engine.connect()
        connection.exec_driver_sql("CREATE TABLE orders (id)")
        connection.exec_driver_sql("INSERT INTO orders VALUES (1)")
        delivery.queue(connection, [Written(row_of("a", 2), Note("set"))])
        connection.commit()
        cycle = [connection]
        cycle.append(cycle)

    def collecting(_state):
        leave_one()
        gc.collect()
        return State(1.0, {"a": row_of("a", 1)})

    thread = threading.Thread(target=lambda: snapshots.replace(snapshot.place, collecting), daemon=True)
    thread.start()
    thread.join(3)
    forks.watching.discard(snapshots)  # a fork would wait for a thread that never ends
    engine.dispose()
    assert not thread.is_alive()
    assert snapshot.writes > 1
    assert versions(snapshot.state) == {}
