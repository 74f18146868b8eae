"""Readers, writers and outages in every order that hypothesis can think of, beside what was true when.

Each reader stops in the middle of its query, before the database has looked and after it has, and goes on when it is told to.
"""

from __future__ import annotations

import pytest
from greenlet import getcurrent, greenlet
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from tests.unit.store.aged.shelf import Shelf, row_of

from perdure.errors import StoreUnavailable
from perdure.store.aged.rows import ASK_AGAIN, AgedRows
from perdure.store.aged.snapshots import LONG_AGO, UNREAD, Snapshots, State

NAMES = ("a", "b")
AGES = ((0.0, 0.0), (2.0, 0.0), (2.0, 10.0), (30.0, 0.0), (0.0, 5.0))


class StoppingShelf(Shelf):
    """A store whose every query stops twice."""

    last_away = LONG_AGO

    def read_module(self, tenant, module):
        getcurrent().parent.switch()
        away, found = self.away, sorted(self.rows.values())
        getcurrent().parent.switch()
        if away:
            self.last_away = self.clock()
            raise StoreUnavailable(self.shown, "is away")
        return found


class Reader:
    """One read, from its beginning to its end."""

    def __init__(self, machine, seconds, on_outage):
        shelf = machine.shelf
        self.seconds, self.on_outage = seconds, on_outage
        self.began, self.told = shelf.clock(), dict(machine.told)
        rows = machine.rows_of(seconds, on_outage)
        self.error = self.state = None
        self.running = greenlet(lambda: self.read(rows, machine.memory))

    def read(self, rows, memory):
        try:
            self.state = rows.young(memory)
        except StoreUnavailable as error:
            self.error = error


class AgedMachine(RuleBasedStateMachine):
    """What is stored, since when; what this App was told of; and who reads just now."""

    def __init__(self):
        super().__init__()
        self.shelf = StoppingShelf()
        self.shelf.snapshots = self.snapshots_on(self.shelf)
        self.memory = self.shelf.snapshots.of("", "module")
        self.since = {name: [LONG_AGO] for name in NAMES}  # when each version was committed, 0 being none
        self.told = dict.fromkeys(NAMES, 0)
        self.to_tell = []
        self.readers = []

    def snapshots_on(self, shelf):
        return Snapshots(shelf.delivery, shelf.clock)

    def rows_of(self, seconds, on_outage):
        return AgedRows(self.shelf, self.shelf.snapshots, seconds, on_outage)

    def committed(self, name):
        self.since[name].append(self.shelf.clock())
        row = row_of(name, len(self.since[name]) - 1)
        self.shelf.put(row)
        return row

    def is_told(self, rows):
        for row in rows:
            self.told[row.name] = max(self.told[row.name], row.version)

    @rule(seconds=st.sampled_from([0.001, 0.5, 1.0, 1.999, 2.0, 5.0, 12.0, 30.0]))
    def time_passes(self, seconds):
        self.shelf.clock.tick(seconds)

    @rule(name=st.sampled_from(NAMES))
    def another_process_writes(self, name):
        self.shelf.clock.tick(0.001)
        self.committed(name)

    @precondition(lambda self: not self.shelf.away)
    @rule(name=st.sampled_from(NAMES))
    def this_app_writes(self, name):
        self.shelf.clock.tick(0.001)
        row = self.committed(name)
        self.to_tell.append(lambda: (self.shelf.tell(row), self.is_told([row])))

    @precondition(lambda self: not self.shelf.away)
    @rule()
    def this_app_erases(self):
        self.shelf.clock.tick(0.001)
        rows = [self.committed(name) for name in NAMES]
        self.to_tell.append(lambda: (self.shelf.snapshots.forget(), self.is_told(rows)))

    @precondition(lambda self: self.to_tell)
    @rule(which=st.integers(0, 9))
    def it_is_told(self, which):
        self.shelf.clock.tick(0.001)
        self.to_tell.pop(which % len(self.to_tell))()

    @rule(away=st.booleans())
    def the_database_goes_or_comes(self, away):
        self.shelf.away = away

    @rule(age=st.sampled_from(AGES))
    def somebody_reads(self, age):
        self.shelf.clock.tick(0.001)
        reader = Reader(self, *age)
        self.readers.append(reader)
        self.go_on(reader)

    @precondition(lambda self: self.readers)
    @rule(which=st.integers(0, 9))
    def somebody_goes_on(self, which):
        self.shelf.clock.tick(0.001)
        self.go_on(self.readers[which % len(self.readers)])

    def go_on(self, reader):
        reader.running.switch()
        if reader.running.dead:
            self.readers.remove(reader)
            self.check(reader)

    def check(self, reader):
        now, known = self.shelf.clock(), self.memory.state
        if reader.error is not None:
            assert self.shelf.last_away >= reader.began
            assert known is UNREAD or now >= known.at + reader.seconds + reader.on_outage, "known, and young enough"
            return
        limit = reader.seconds + (reader.on_outage if self.shelf.last_away >= reader.began - ASK_AGAIN else 0.0)
        for name, since in self.since.items():
            row = reader.state.rows.get(name)
            version = row.version if row else 0
            assert version < len(since), "never committed"
            assert row is None or reader.state.values[name][0] == str(version)
            assert version >= reader.told[name], "an own write is unseen"
            if version + 1 < len(since):
                assert since[version + 1] >= reader.began - limit, "too old"

    def teardown(self):
        while self.readers:
            self.go_on(self.readers[0])
        self.shelf.snapshots.close()


def run(machine, *, examples=200, **options):
    slow = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    chosen = settings(max_examples=examples, stateful_step_count=40, deadline=None, suppress_health_check=slow, **options)
    run_state_machine_as_test(machine, settings=chosen)


def test_every_read_is_as_fresh_as_was_said():
    run(AgedMachine)


# --------------------------------------------------------------------------- broken controls


class Heedless(Snapshots):
    """Takes whatever comes last."""

    def take(self, snapshot, state, writes):
        snapshot.state = UNREAD
        return super().take(snapshot, state, snapshot.writes)


class Deaf(Snapshots):
    """Hears of no writes of its own."""

    def noted(self, written):
        pass


class Flattering(Snapshots):
    """Says that what was read is as old as its answer."""

    def take(self, snapshot, state, writes):
        return super().take(snapshot, State(self.clock(), state.rows), writes)


class Remembering(Snapshots):
    """Forgets nothing."""

    def forget(self):
        pass


class Obliging(AgedRows):
    """Tells what is known whenever the database is away."""

    def renewed(self, snapshot):
        try:
            return super().renewed(snapshot)
        except StoreUnavailable:
            return snapshot.state


@pytest.mark.parametrize("broken", [Heedless, Deaf, Flattering, Remembering])
def test_snapshots_that_are_broken_are_found_out(broken):
    class Broken(AgedMachine):
        def snapshots_on(self, shelf):
            return broken(shelf.delivery, shelf.clock)

    with pytest.raises(AssertionError):
        run(Broken, examples=2000, phases=[Phase.generate])


def test_rows_that_are_broken_are_found_out():
    class Broken(AgedMachine):
        def rows_of(self, seconds, on_outage):
            return Obliging(self.shelf, self.shelf.snapshots, seconds, on_outage)

    with pytest.raises(AssertionError):
        run(Broken, examples=2000, phases=[Phase.generate])
