"""Every operation of a status beside a model in plain Python: the same answers, the same history, and watchers who saw it."""

from __future__ import annotations

import copy
import uuid
from contextlib import contextmanager, suppress

import attrs
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import delete

from perdure import (
    App,
    Category,
    Entry,
    HistoryTruncated,
    Lifecycle,
    PerdureError,
    StatusCode,
    StatusFamily,
    StatusNotSet,
    StatusPinned,
    StatusSpec,
    TransitionNotAllowed,
    UnknownChangeSet,
    UnknownStatusCode,
    UnknownVersion,
    ValueRefused,
    VersionConflict,
    field,
    transition,
)
from perdure.scope.changeset import ChangeSet
from perdure.store import tables

from .conftest import plugin

MODULE = "model"
PINNED = 42


class Jobs(StatusFamily, name="model-jobs"):
    NEW = StatusCode("100_NEW")
    RUNNING = StatusCode("202_RUNNING")
    DONE = StatusCode("303_DONE")
    FAIL = StatusCode("500_FAIL")


class JobLifecycle(Lifecycle, family=Jobs, initial=Jobs.NEW):
    run = transition(Jobs.NEW, to=Jobs.RUNNING)
    finish = transition(Category.ACTIVE, to=Jobs.DONE)
    fail = transition(Category.ACTIVE, to=Jobs.FAIL)
    retry = transition(Jobs.FAIL, to=Jobs.NEW, allow_terminal=True, when=lambda row: row.count < 3)


@attrs.frozen
class Record:
    label: str = field(stored_as="title")
    job: StatusCode = field(lifecycle=JobLifecycle)
    count: int = field(default=0, history=3)
    tags: list[str] = field(factory=list, history=2)
    password: str = field(secret=True, default="", history=100)
    fleeting: int = field(default=1, history=0)
    begun: StatusCode = field(lifecycle=JobLifecycle, default=Jobs.NEW, history=100)
    fixed: int = 7


SPEC = StatusSpec(MODULE, Record, history=6)


# --------------------------------------------------------------------------- the model

NOTHING = "nothing"
"""Stands for a value that is not stored."""

BOUNDS = {"label": 6, "job": 6, "count": 3, "tags": 2, "password": 100, "fleeting": 0, "begun": 100, "fixed": 6}
NAMES = tuple(BOUNDS)
WATCHED = [name for name, bound in BOUNDS.items() if bound]
DEFAULTS = {"count": 0, "tags": [], "password": "", "fleeting": 1, "begun": "100_NEW"}
MOVES = {
    "100_NEW": {"202_RUNNING"},
    "202_RUNNING": {"303_DONE", "500_FAIL"},
    "303_DONE": set(),
    "500_FAIL": {"100_NEW"},
}
COURSES = ("job", "begun")
STRANGE_CODE = "100_NEWER"
TYPES = {"label": str, "count": int, "tags": list, "password": str, "fleeting": int, "fixed": int}


def stored_name(name):
    return "title" if name == "label" else name


@attrs.frozen
class Kept:
    """A change as the model keeps it."""

    version: int
    operation: str
    value: object
    actor: str
    reason: str | None
    change_set: str | None


@attrs.define
class Name:
    version: int = 0
    value: object = NOTHING
    actor: str | None = None
    kept: list[Kept] = attrs.field(factory=list)


@attrs.define
class Model:
    """What one tenant's status is to be.

    Attributes:
        names: What is stored.
        log: Every change that was ever committed, by name and version.
    """

    names: dict[str, Name] = attrs.field(factory=lambda: {name: Name() for name in NAMES})
    log: dict[tuple[str, int], Kept] = attrs.field(factory=dict)

    def current(self, name):
        if name == "fixed":
            return PINNED
        value = self.names[name].value
        return DEFAULTS.get(name, NOTHING) if value is NOTHING else value

    def found(self, name):
        return 0 if self.names[name].value is NOTHING else self.names[name].version

    def heads(self):
        return {name: self.names[name].version for name in WATCHED}

    def entry(self, name):
        if name == "fixed":
            return (PINNED, 0, None)
        state = self.names[name]
        return None if state.value is NOTHING else (state.value, state.version, state.actor)

    def refusals(self, name, value):
        """The one error that a write of a value ends with, or none."""
        if name == "fixed":
            return {StatusPinned}
        if not fits(name, value):
            return {ValueRefused}
        return self.moves_refused(name, value)

    def moves_refused(self, name, value):
        """The error that a lifecycle has for a value that fits."""
        if name not in COURSES:
            return set()
        stored = self.names[name].value
        if value is NOTHING:
            return set() if stored in {NOTHING, "100_NEW"} else {TransitionNotAllowed}
        if value == STRANGE_CODE:
            return {UnknownStatusCode}
        if stored is NOTHING and value == "100_NEW":
            return set()
        allowed = MOVES.get(self.current(name), set())
        if value not in allowed or (value == "100_NEW" and self.current("count") >= 3):
            return {TransitionNotAllowed}
        return set()

    def write(self, name, value, operation, note, change_set=None):
        state = self.names[name]
        state.version += 1
        state.value, state.actor = value, note.actor or "app"
        kept = Kept(state.version, operation, value, state.actor, note.reason, change_set)
        self.log[name, state.version] = kept
        state.kept = [each for each in [*state.kept, kept] if each.version > state.version - BOUNDS[name]]
        return self.entry(name)

    def erase(self):
        stored = [state for state in self.names.values() if state.value is not NOTHING]
        for state in stored:
            state.version += 1
            state.value = NOTHING
        for state in self.names.values():
            state.kept = []
        return len(stored)


def fits(name, value):
    if name in COURSES:
        return isinstance(value, str) and value != "nonsense"
    kind = TYPES[name]
    return isinstance(value, kind) and not isinstance(value, bool) and (kind is not list or all(type(x) is str for x in value))


# --------------------------------------------------------------------------- operations: on a status, and on the model


@attrs.frozen
class Note:
    actor: str | None = None
    reason: str | None = None

    @property
    def words(self):
        return attrs.asdict(self)


@attrs.frozen
class Read:
    name: str

    def ask(self, status, _model):
        entry, marker = status.entry(self.name), object()
        given = status.get(self.name, marker)
        return (
            status.get(self.name),
            NOTHING if given is marker else given,
            shape(entry),
            self.name in status,
            status.field(lambda record: getattr(record, self.name)).get(),
        )

    def refusals(self, _model):
        return set()

    def apply(self, model, _change_set):
        current, entry = model.current(self.name), model.entry(self.name)
        value = None if current is NOTHING else current
        return (value, entry[0] if entry else NOTHING, entry, entry is not None, value)


@attrs.frozen
class Load:
    def ask(self, status, _model):
        return status.load()

    def refusals(self, model):
        return {StatusNotSet} if any(model.current(name) is NOTHING for name in NAMES) else set()

    def apply(self, model, _change_set):
        return Record(**{name: model.current(name) for name in NAMES})


@attrs.frozen
class History:
    name: str
    limit: int
    before: int | None

    def ask(self, status, _model):
        return [kept_of(change) for change in status.history(self.name, limit=self.limit, before=self.before)]

    def refusals(self, _model):
        return set()

    def apply(self, model, _change_set):
        kept = reversed(model.names[self.name].kept)
        return [each for each in kept if self.before is None or each.version < self.before][: self.limit]


@attrs.frozen
class Set:
    name: str
    value: object
    note: Note

    def ask(self, status, _model):
        return status.set(self.name, self.value, **self.note.words)

    def refusals(self, model):
        return model.refusals(self.name, self.value)

    def apply(self, model, _change_set):
        return model.write(self.name, self.value, "set", self.note)


@attrs.frozen
class Update:
    """An update by a function that adds to what it finds, so that an update of anything else would be noticed."""

    name: str
    value: object
    note: Note

    def made_of(self, current):
        adds = self.name not in COURSES and fits(self.name, self.value)
        return current + self.value if adds else self.value

    def ask(self, status, _model):
        return status.update(self.name, self.made_of, **self.note.words)

    def refusals(self, model):
        if self.name != "fixed" and model.current(self.name) is NOTHING:
            return {StatusNotSet}
        return model.refusals(self.name, self.made_of(model.current(self.name)))

    def apply(self, model, _change_set):
        return model.write(self.name, self.made_of(model.current(self.name)), "update", self.note)


@attrs.frozen
class CompareAndSet:
    name: str
    value: object
    which: str
    note: Note

    def version(self, model):
        last = model.names[self.name].version
        given = {"found": model.found(self.name), "last": last, "stale": max(last - 1, 0), "ahead": last + 1, "none": 0}
        return given[self.which]

    def ask(self, status, model):
        return status.compare_and_set(self.name, self.value, version=self.version(model), **self.note.words)

    def refusals(self, model):
        if (refused := model.refusals(self.name, self.value)) & {StatusPinned, ValueRefused}:
            return refused
        return refused if self.version(model) == model.found(self.name) else {VersionConflict}

    def apply(self, model, _change_set):
        return model.write(self.name, self.value, "compare_and_set", self.note)


@attrs.frozen
class Unset:
    name: str
    note: Note

    def ask(self, status, _model):
        return status.unset(self.name, **self.note.words)

    def refusals(self, model):
        return {StatusPinned} if self.name == "fixed" else model.moves_refused(self.name, NOTHING)

    def apply(self, model, _change_set):
        if model.names[self.name].value is NOTHING:
            return False
        model.write(self.name, NOTHING, "unset", self.note)
        return True


@attrs.frozen
class SetMany:
    values: dict[str, object]
    note: Note

    def ask(self, status, _model):
        return status.set_many(self.values, **self.note.words)

    def refusals(self, model):
        """Any of them: which comes first is nobody's business."""
        return {kind for name, value in self.values.items() for kind in model.refusals(name, value)}

    def apply(self, model, change_set):
        return {name: model.write(name, value, "set", self.note, change_set) for name, value in self.values.items()}


@attrs.frozen
class Revert:
    name: str
    number: int
    kept: bool
    note: Note

    def version(self, model):
        """A version that is kept; or any, or the one that comes next, or none."""
        state = model.names[self.name]
        if self.kept and state.kept:
            return state.kept[self.number % len(state.kept)].version
        return self.number % (state.version + 2)

    def ask(self, status, model):
        return status.revert(self.name, self.version(model), **self.note.words)

    def old(self, model):
        return next((each.value for each in model.names[self.name].kept if each.version == self.version(model)), None)

    def refusals(self, model):
        if self.name == "fixed":
            return {StatusPinned}
        old = self.old(model)
        return {UnknownVersion} if old is None else model.moves_refused(self.name, old)

    def apply(self, model, _change_set):
        return model.write(self.name, self.old(model), "revert", self.note)


@attrs.frozen
class RevertChangeSet:
    change_set: str
    note: Note

    def ask(self, status, _model):
        return status.revert_change_set(self.change_set, **self.note.words)

    def before(self, model):
        """What each name was before; None where the model does not keep it."""
        found = {}
        for name, state in model.names.items():
            versions = {each.version: each for each in state.kept}
            for kept in state.kept:
                if kept.change_set == self.change_set:
                    old = versions.get(kept.version - 1)
                    found[name] = NOTHING if kept.version == 1 else old and old.value
        return found

    def refusals(self, model):
        before = self.before(model)
        if not before or len(before) < int(self.change_set.rpartition("-")[2]):
            return {UnknownChangeSet}
        if None in before.values():
            return {UnknownVersion}
        return {kind for name, value in before.items() for kind in model.moves_refused(name, value)}

    def apply(self, model, change_set):
        return {name: model.write(name, value, "revert", self.note, change_set) for name, value in self.before(model).items()}


@attrs.frozen
class Forget:
    name: str

    def ask(self, status, _model):
        return status.forget(self.name)

    def refusals(self, _model):
        return set()

    def apply(self, model, _change_set):
        state = model.names[self.name]
        count, state.kept = len(state.kept), []
        return count


@attrs.frozen
class Savepoint:
    operations: list
    kept: bool


def shape(answer):
    """What the model knows of an answer."""
    if isinstance(answer, PerdureError):
        raise answer
    if hasattr(answer, "entries"):
        return {name: shape(entry) for name, entry in answer.items()}
    return (answer.value, answer.version, answer.actor) if hasattr(answer, "updated_at") else answer


def kept_of(change):
    """A change as the model keeps it."""
    value = NOTHING if change.value is None else change.value
    return Kept(change.version, change.operation, value, change.actor, change.reason, change.change_set)


def perform(status, model, operation, change_sets):
    """Do one thing to both, and return the names and versions that the status has told of new entries."""
    refusals = operation.refusals(model)
    before = copy.deepcopy(model)
    try:
        answer = operation.ask(status, model)
    except PerdureError as error:
        assert type(error) in refusals, error  # noqa: PT017 - most operations may raise or not
        check_facts(error, before, operation)
        return []
    assert not refusals
    change_set = getattr(answer, "id", None)
    if change_set is not None:
        change_sets.append(change_set)
    assert shape(answer) == operation.apply(model, change_set)
    entries = answer.values() if change_set is not None else [answer]
    return [(entry.name, entry.version) for entry in entries if isinstance(entry, Entry)]


def check_facts(error, model, operation):
    """What an error says of what there is."""
    if isinstance(error, VersionConflict):
        assert (error.expected, error.found) == (operation.version(model), model.found(operation.name))
    if isinstance(error, UnknownVersion):
        assert error.kept == tuple(each.version for each in reversed(model.names[error.name].kept))
    if isinstance(error, StatusNotSet) and isinstance(operation, Load):
        assert error.names == tuple(name for name in NAMES if model.current(name) is NOTHING)


# --------------------------------------------------------------------------- strategies

small = st.integers(0, 4)
words = st.text("abc", max_size=2)
codes = st.sampled_from(list(MOVES))
VALID = {
    "label": words,
    "job": codes,
    "count": small,
    "tags": st.lists(words, max_size=2),
    "password": words,
    "fleeting": small,
    "begun": codes,
}
INVALID = {
    "label": st.sampled_from([7, None]),
    "job": st.sampled_from([STRANGE_CODE, "nonsense", None]),
    "count": st.sampled_from(["1", True, None]),
    "tags": st.sampled_from([["a", 1], "a", None]),
    "password": st.sampled_from([7, ["a"]]),
    "fleeting": st.just("x"),
    "begun": st.sampled_from([STRANGE_CODE, 7]),
    "fixed": small,
}
names = st.sampled_from(NAMES)
notes = st.builds(Note, st.sampled_from([None, "ada", "job"]), st.sampled_from([None, "", "because"]))
named_values = st.one_of(
    *[st.tuples(st.just(name), values) for name, values in VALID.items()],
    *[st.tuples(st.just(name), values) for name, values in VALID.items()],
    st.sampled_from(list(INVALID)).flatmap(lambda name: st.tuples(st.just(name), INVALID[name])),
)
valid_sets = st.fixed_dictionaries({}, optional=VALID)
free_sets = st.fixed_dictionaries({}, optional={name: VALID[name] for name in ("label", "count", "tags", "password")})
spoilt_sets = st.builds(
    lambda values, spoilt: {**values, **dict([spoilt])},
    valid_sets,
    st.sampled_from(list(INVALID)).flatmap(lambda name: st.tuples(st.just(name), INVALID[name])),
)

reads = st.builds(Read, names)
loads = st.builds(Load)
histories = st.builds(History, names, st.integers(1, 8), st.none() | st.integers(0, 12))
sets = st.builds(lambda pair, note: Set(*pair, note), named_values, notes)
updates = st.builds(lambda pair, note: Update(*pair, note), named_values, notes)
compares = st.builds(
    lambda pair, which, note: CompareAndSet(*pair, which, note),
    named_values,
    st.sampled_from(["found", "found", "last", "stale", "ahead", "none"]),
    notes,
)
unsets = st.builds(Unset, names, notes)
sets_of_many = st.builds(SetMany, free_sets | valid_sets | spoilt_sets, notes)
reverts = st.builds(Revert, names, st.integers(0, 20), st.integers(0, 3).map(bool), notes)
forgets = st.builds(Forget, names)
writes = st.one_of(sets, updates, compares, sets_of_many, reverts)
operations = st.one_of(reads, loads, histories, writes, writes, unsets, forgets)
bodies = st.lists(operations | st.builds(Savepoint, st.lists(operations, max_size=3), st.booleans()), max_size=6)


# --------------------------------------------------------------------------- the machine


class Observer:
    """Somebody who watches, and what he was told."""

    def __init__(self, status, since):
        self.names = list(since) if isinstance(since, dict) else WATCHED
        self.watch = status.watch(*self.names, since=since)
        self.began = dict(self.watch.cursors)
        self.told = {name: [] for name in self.names}

    def take_all(self, model, patience):
        """Take until he knows of every version, with patience for so many seconds."""
        heads = {name: version for name, version in model.heads().items() if name in self.names}
        while self.watch.cursors != heads:
            try:
                change = self.watch.take(patience)
            except HistoryTruncated as gap:
                self.told[gap.name].append(gap)
            else:
                assert change is not None, f"not told: {self.watch.cursors} of {heads}"
                self.told[change.name].append(change)
        assert self.watch.take(0) is None

    def check(self, model):
        """He was told of every change in order, and of a gap where the history keeps no more what was there."""
        for name, told in self.told.items():
            position = self.began[name]
            missed = set()
            for item in told:
                if isinstance(item, HistoryTruncated):
                    assert item.since == position
                    reached = item.oldest - 1 if item.oldest else self.reached(item, told, model)
                    assert reached > position
                    missed.update(range(position + 1, reached + 1))
                    position = reached
                else:
                    assert item.version == position + 1
                    assert kept_of(item) == model.log[name, item.version]
                    position = item.version
            assert position == model.names[name].version
            assert missed.isdisjoint(each.version for each in model.names[name].kept)

    def reached(self, gap, told, model):
        """The version at which a gap ends that nothing kept comes after."""
        after = told[told.index(gap) + 1 :]
        if not after:
            return model.names[gap.name].version
        return after[0].since if isinstance(after[0], HistoryTruncated) else after[0].version - 1

    def resume(self, status):
        """Go on in another App from where he was."""
        assert self.watch.ended
        self.watch = status.watch(*self.names, since=self.watch.cursors)


class House:
    """A database, and the App that is open on it."""

    def __init__(self, url):
        self.url = url
        self.open()

    def open(self):
        pinned = {MODULE: {"fixed": PINNED}}
        self.app = App.open(self.url, plugins=[plugin(SPEC)], pinned=pinned, actor="app", watch_interval=0.1)


@pytest.fixture(scope="module", params=["file", "postgresql", "mariadb"])
def house(request, tmp_path_factory):
    if request.param == "file":
        url = f"sqlite:///{tmp_path_factory.mktemp('model') / 'app.db'}"
    else:
        url = request.getfixturevalue(f"{request.param}_url").render_as_string(hide_password=False)
    house = House(url)
    yield house
    house.app.close()


class RolledBack(Exception):
    """What a transaction's body raises that is not to be committed."""


class StatusMachine(RuleBasedStateMachine):
    """One tenant of its own per run.

    Attributes:
        patience: Seconds until a watcher who was told of nothing has missed it.
    """

    patience = 20.0

    def __init__(self, house):
        super().__init__()
        self.house = house
        self.tenant = uuid.uuid4().hex
        self.model = Model()
        self.used = set()
        self.seen = {}
        self.change_sets = []
        self.reopened = False
        self.broken = True

    @property
    def status(self):
        return self.house.app.tenant(self.tenant).scope(SPEC).status

    @contextmanager
    def step(self):
        """Note what fails, so that nobody waits for what will never come."""
        self.broken = True
        yield
        self.broken = False

    def use(self, places):
        """No version of a name is ever used twice."""
        for place in places:
            assert place not in self.used
            self.used.add(place)

    def do(self, operation):
        with self.step():
            self.use(perform(self.status, self.model, operation, self.change_sets))

    @initialize(furnished=st.booleans())
    def begin(self, furnished):
        with self.step():
            self.observers = [Observer(self.status, None)]
        if furnished:
            self.do(SetMany({"label": "a", "job": Jobs.NEW}, Note()))

    # ----------------------------------------------------------------------- one operation

    @rule(operation=reads)
    def read(self, operation):
        self.do(operation)

    @rule(operation=loads)
    def load(self, operation):
        self.do(operation)

    @rule(operation=histories)
    def history(self, operation):
        self.do(operation)

    @rule(operation=sets)
    def set(self, operation):
        self.do(operation)

    @rule(operation=updates)
    def update(self, operation):
        self.do(operation)

    @rule(operation=compares)
    def compare_and_set(self, operation):
        self.do(operation)

    @rule(operation=unsets)
    def unset(self, operation):
        self.do(operation)

    @rule(operation=sets_of_many)
    def set_many(self, operation):
        self.do(operation)

    @rule(operation=reverts)
    def revert(self, operation):
        self.do(operation)

    @rule(number=st.integers(0, 9), kept=st.integers(0, 3).map(bool), note=notes)
    def revert_change_set(self, number, kept, note):
        """One that the history has; or any that was ever made, be it rolled back, or that never was."""
        known = {each.change_set for state in self.model.names.values() for each in state.kept}
        known = [each for each in self.change_sets if each in known] if kept else [*self.change_sets, "never-1"]
        if known:
            self.do(RevertChangeSet(known[-1 - number % len(known)], note))

    @rule(name=st.sampled_from([*NAMES, None]))
    def forget(self, name):
        if name is not None:
            self.do(Forget(name))
            return
        with self.step():
            assert self.house.app.erase_tenant(self.tenant) == self.model.erase()

    # ----------------------------------------------------------------------- several, and more than a status

    @rule(body=st.lists(writes | unsets, min_size=2, max_size=8))
    def write_often(self, body):
        for operation in body:
            self.do(operation)

    @rule(body=bodies, committed=st.booleans())
    def transaction(self, body, committed):
        with self.step():
            places = []
            with suppress(RolledBack), self.house.app.begin() as connection:
                status = self.status.within(connection)
                model = self.run(connection, status, copy.deepcopy(self.model), body, places)
                assert [shape_of(entry) for entry in status.entries()] == entries_of(model)
                if not committed:
                    raise RolledBack
            if committed:
                self.model = model
                self.use(places)

    def run(self, connection, status, model, body, places):
        """Do several things within a transaction, some within savepoints, and return what the model is then."""
        for each in body:
            if not isinstance(each, Savepoint):
                places += perform(status, model, each, self.change_sets)
                continue
            point, inner, made = connection.begin_nested(), copy.deepcopy(model), []
            inner = self.run(connection, status, inner, each.operations, made)
            if each.kept:
                point.commit()
                model = inner
                places += made
            else:
                point.rollback()
        return model

    @rule()
    @precondition(lambda self: not self.reopened)
    def reopen(self):
        with self.step():
            self.reopened = True
            self.house.app.close()
            self.house.open()
            for observer in self.observers:
                observer.resume(self.status)

    @rule(kind=st.sampled_from(["now", "kept", "cursors", "one"]), name=st.sampled_from(WATCHED), back=small)
    @precondition(lambda self: len(self.observers) < 3)
    def watch(self, kind, name, back):
        with self.step():
            one = {name: max(self.model.names[name].version - back, 0)}
            since = {"now": None, "kept": 0, "cursors": self.observers[0].watch.cursors, "one": one}
            self.observers.append(Observer(self.status, since[kind]))

    @rule()
    def take_all(self):
        with self.step():
            for observer in self.observers:
                observer.take_all(self.model, self.patience)

    @rule(limit=st.integers(1, 9))
    def page_through_the_module(self, limit):
        with self.step():
            pages = [self.status.history(limit=limit)]
            while len(pages[-1]) == limit:
                pages.append(self.status.history(limit=limit, before=pages[-1][-1]))
            changes = [change for page in pages for change in page]
            kept = {(name, each.version): each for name, state in self.model.names.items() for each in state.kept}
            assert {(change.name, change.version): kept_of(change) for change in changes} == kept
            assert len(changes) == len(kept)
            order = [(change.at, stored_name(change.name), change.version) for change in changes]
            assert order == sorted(order, reverse=True)

    # ----------------------------------------------------------------------- always

    @invariant()
    def what_is_stored_is_what_the_model_says(self):
        entries = self.status.entries()
        assert [shape_of(entry) for entry in entries] == entries_of(self.model)
        assert all(entry.created_at <= entry.updated_at for entry in entries if not entry.pinned)
        rows = self.house.app.resources.store.read_module(self.tenant, MODULE)
        versions = {stored_name(name): state.version for name, state in self.model.names.items()}
        assert {row.name: row.version for row in rows if row.version} == {name: v for name, v in versions.items() if v}
        for row in rows:  # a version of a name stands for one state of it, for ever
            state = (row.text, row.updated_at)
            assert self.seen.setdefault((row.name, row.version), state) == state or not row.version

    def teardown(self):
        if not self.broken:
            for observer in self.observers:
                observer.take_all(self.model, self.patience)
                observer.check(self.model)
        for observer in getattr(self, "observers", ()):
            observer.watch.close()


def shape_of(entry):
    return (entry.name, *shape(entry))


def entries_of(model):
    return [(name, *entry) for name in sorted(NAMES) if (entry := model.entry(name)) is not None]


def run(machine, examples=300, phases=tuple(Phase)):
    unhealthy = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    how = settings(
        max_examples=examples,
        stateful_step_count=30,
        phases=phases,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=unhealthy,
    )
    run_state_machine_as_test(machine, settings=how)


def test_a_status_does_what_a_model_in_plain_python_does(house):
    run(lambda: StatusMachine(house))  # its rules and invariants assert; the controls below show that they do


# --------------------------------------------------------------------------- controls: what is broken is found


def one_by_one(status):
    """A set_many that stops half way."""
    together = status.set_many

    def set_many(values, **words):
        written = [together({name: value}, **words) for name, value in values.items()] or [together({}, **words)]
        return ChangeSet(written[-1].id, {name: entry for each in written for name, entry in each.items()})

    status.set_many = set_many


def starting_anew(status):
    """An unset that removes the row, and with it the version."""
    unset = status.unset

    def removing(name, **words):
        done = unset(name, **words)
        place = {"tenant": status.tenant, "module": MODULE, "name": stored_name(name)}
        with status.store.begin() as connection:
            connection.execute(delete(tables.status).filter_by(**place))
        return done

    status.unset = removing


def looking_first(status):
    """A compare_and_set that takes what was unset for what it was."""
    compare_and_set = status.compare_and_set

    def careless(name, value, *, version, **words):
        if name not in status and (changes := status.history(name, limit=1)) and changes[0].version == version:
            return status.set(name, value, **words)
        return compare_and_set(name, value, version=version, **words)

    status.compare_and_set = careless


def deaf(status):
    """A watch that begins too late."""
    watch = status.watch
    status.watch = lambda *names, since=None: watch(*names, since=dict.fromkeys(WATCHED, 1) if since is None else since)


def forgetful(status):
    """A forget that does not."""
    status.forget = lambda name: len(status.history(name))


@pytest.mark.parametrize("break_", [one_by_one, starting_anew, looking_first, deaf, forgetful])
def test_a_status_that_is_broken_is_found_out(tmp_path, break_):
    class Broken(StatusMachine):
        patience = 0.5

        @property
        def status(self):
            status = super().status
            break_(status)
            return status

    house = House(f"sqlite:///{tmp_path / 'app.db'}")
    try:
        with pytest.raises((AssertionError, KeyError)):
            run(lambda: Broken(house), examples=3000, phases=[Phase.generate])
    finally:
        house.app.close()
