"""Records that change their shape: old and new code side by side on one database."""

from __future__ import annotations

import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest

from perdure import App, LockUnavailable, StatusSpec, ValueCorrupt, ValueRefused, field
from perdure.errors import UnknownModule, ValueFromNewerVersion

from .conftest import plugin


@attrs.frozen
class First:
    count: int = 1
    place: str = "nowhere"
    pin: str = field(secret=True, default="")


@attrs.frozen
class Count:
    pieces: int
    unit: str = "piece"


@attrs.frozen
class Second:
    count: Count = Count(1)
    place: str = "nowhere"
    pin: str = field(secret=True, default="")


@attrs.frozen
class Amount:
    quantity: int
    unit: str


@attrs.frozen
class Third:
    count: Amount = Amount(1, "piece")
    place: str = "nowhere"
    pin: str = field(secret=True, default="")


def first_to_second(count):
    return {"pieces": count, "unit": "piece"}


def second_to_first(count):
    return count["pieces"]


def second_to_third(count):
    return {"quantity": count["pieces"], "unit": count["unit"]}


def third_to_second(count):
    return {"pieces": count["quantity"], "unit": count["unit"]}


UPGRADES = {1: first_to_second, 2: second_to_third}
DOWNGRADES = {2: second_to_first, 3: third_to_second}


def second(**options):
    steps = {"upgrades": {"count": {1: first_to_second}}, "downgrades": {"count": {2: second_to_first}}}
    return StatusSpec("depot", Second, record_version=2, **{**steps, **options})


def third(**options):
    steps = {"upgrades": {"count": UPGRADES}, "downgrades": {"count": DOWNGRADES}}
    return StatusSpec("depot", Third, record_version=3, **{**steps, **options})


FIRST = StatusSpec("depot", First)


@pytest.fixture
def open_with(shared_url):
    """Opens Apps that run the given code on this test's store, and closes them."""
    opened = []

    def open_one(*specs, **options):
        app = App.open(shared_url, plugins=[plugin(*specs)], durability="normal", watch_interval=0.05, **options)
        opened.append(app)
        return app

    yield open_one
    for app in opened:
        app.close()


def status_of(app):
    return app.scope("depot").status


def rows(app):
    """Return everything that is stored: the values and their history, of every tenant."""
    store = app.resources.store
    values = [row for tenant in app.tenants() for row in store.read_tenant(tenant) if row.version]  # 0 only exists to be locked
    return values, [store.read_tenant_changes(tenant, limit=10_000) for tenant in app.tenants()]


def taken(watch, count):
    """Return so many changes of a watch."""
    changes = [watch.take(10) for _ in range(count)]
    assert None not in changes
    return changes


# --------------------------------------------------------------------------- new code reads what old code wrote


def test_an_old_value_is_upgraded_however_it_is_read(open_with):
    old, new = open_with(FIRST), open_with(third())
    status_of(old).set("count", 5, actor="ada", reason="counted")
    status_of(old).set("place", "hall")
    before, status, upgraded = rows(old), status_of(new), Amount(5, "piece")
    assert status.get("count") == status.get("count", None) == status.current.count == upgraded
    assert new.scope(third()).status.field(lambda record: record.count).get() == upgraded
    assert status.load() == Third(upgraded, "hall")
    entry = status.entry("count")
    assert (entry.value, entry.version, entry.record_version, entry.actor, entry.error) == (upgraded, 1, 1, "ada", None)
    assert [(each.name, each.value) for each in status.entries()] == [("count", upgraded), ("place", "hall")]
    assert [each.value for each in new.entries()] == [upgraded, "hall"]
    (change,) = status.history("count")
    assert (change.value, change.version, change.record_version, change.reason) == (upgraded, 1, 1, "counted")
    assert {each.name: each.value for each in status.history()} == {each.name: each.value for each in new.history()}
    with status.watch("count", since=0) as watch:
        assert [each.value for each in taken(watch, 1)] == [upgraded]
    with new.begin() as connection:
        assert status.within(connection).get("count") == upgraded
    assert rows(new) == before


def test_values_of_every_version_that_there_was_are_read_by_one_code(open_with):
    apps = [open_with(FIRST), open_with(second()), open_with(third())]
    for app, value in zip(apps, (5, Count(6, "box"), Amount(7, "crate")), strict=True):
        status_of(app).set("count", value)
    status = status_of(apps[-1])
    read = [(each.value, each.record_version) for each in status.history("count")]
    assert read == [(Amount(7, "crate"), 3), (Amount(6, "box"), 2), (Amount(5, "piece"), 1)]
    assert status.revert("count", 1).value == Amount(5, "piece")
    assert status.entry("count").record_version == 3


def test_an_update_goes_on_from_what_old_code_wrote(open_with):
    old, new = open_with(FIRST), open_with(third())
    status_of(old).set("count", 5)
    entry = status_of(new).update("count", lambda count: attrs.evolve(count, quantity=count.quantity + 1))
    assert (entry.value, entry.version, entry.record_version) == (Amount(6, "piece"), 2, 3)
    assert status_of(new).compare_and_set("count", Amount(7, "box"), version=2).version == 3


def test_a_name_without_steps_goes_through_every_version_as_it_is(open_with):
    old, new = open_with(FIRST), open_with(third())
    status_of(old).set("place", "hall")
    assert status_of(new).get("place") == "hall"
    assert status_of(new).update("place", str.upper).record_version == 3
    # It reads alike in every version. That it does, only the newer code knows.
    with pytest.raises(ValueFromNewerVersion):
        status_of(old).get("place")


# --------------------------------------------------------------------------- new code writes for old code


WRITES = {
    "set": lambda status, value: status.set("count", value),
    "update": lambda status, value: status.update("count", lambda _count: value),
    "compare_and_set": lambda status, value: status.compare_and_set("count", value, version=status.entry("count").version),
    "set_many": lambda status, value: status.set_many({"count": value, "place": "hall"}),
    "field": lambda status, value: status.field(lambda record: record.count).set(value),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_what_is_written_in_an_older_version_old_code_reads(open_with, write):
    old, new = open_with(FIRST), open_with(third(write_version=1))
    status_of(old).set("count", 5)
    write(status_of(new), Amount(6, "piece"))
    (row, *_) = new.resources.store.read_tenant("")
    assert (row.text, row.version, row.record_version) == ("6", 2, 1)
    assert (status_of(old).get("count"), status_of(new).get("count")) == (6, Amount(6, "piece"))
    with new.begin() as connection:
        write(status_of(new).within(connection), Amount(7, "piece"))
    assert status_of(old).update("count", lambda count: count + 1).version == 4
    assert status_of(new).get("count") == Amount(8, "piece")
    assert [each.value for each in status_of(old).history("count")] == [8, 7, 6, 5]


def test_what_is_brought_back_is_written_in_the_older_version_too(open_with):
    old, new, rolled_back = open_with(FIRST), open_with(third()), open_with(third(write_version=1))
    status_of(new).set("count", Amount(5, "piece"))
    made = status_of(rolled_back).set_many({"count": Amount(6, "piece"), "place": "hall"})
    assert status_of(rolled_back).revert("count", 1).record_version == 1
    assert status_of(old).get("count") == 5
    status_of(rolled_back).revert_change_set(made)
    assert [(row.text, row.record_version) for row in old.resources.store.read_tenant("")] == [("5", 1), (None, 1)]


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_value_that_the_older_version_cannot_hold_is_refused_whole(open_with, write):
    old, new = open_with(FIRST), open_with(third(write_version=1))
    status_of(old).set("count", 5)
    before = rows(old)
    with pytest.raises(ValueRefused, match="record version 1.* cannot hold this value.*Raise write_version"):
        write(status_of(new), Amount(6, "box"))
    with new.begin() as connection, pytest.raises(ValueRefused):
        write(status_of(new).within(connection), Amount(6, "box"))
    assert rows(new) == before


# --------------------------------------------------------------------------- old code meets what newer code wrote


REFUSED = {
    "get": lambda status: status.get("count"),
    "get with a default": lambda status: status.get("count", 7),
    "current": lambda status: status.current.count,
    "load": lambda status: status.load(),
    "field": lambda status: status.field(lambda record: record.count).get(),
    "set": lambda status: status.set("count", 7),
    "update": lambda status: status.update("count", lambda count: count + 1),
    "compare_and_set": lambda status: status.compare_and_set("count", 7, version=2),
    "unset": lambda status: status.unset("count"),
    "set_many": lambda status: status.set_many({"count": 7, "place": "hall"}),
    "revert to what it can read": lambda status: status.revert("count", 1),
    "revert to what it cannot read": lambda status: status.revert("count", 2),
}


@pytest.mark.parametrize("call", REFUSED.values(), ids=REFUSED)
def test_a_value_newer_than_the_code_is_refused_and_left_exactly_as_it_is(open_with, call):
    old, new = open_with(FIRST, defaults={"depot": {"count": 3}}), open_with(third())
    status_of(old).set("count", 5)
    status_of(new).set("count", Amount(6, "box"))
    before = rows(new)
    with pytest.raises(ValueFromNewerVersion, match=r"^depot\.count is stored in record version 3, .* up to 1;") as raised:
        call(status_of(old))
    error = raised.value
    assert (error.tenant, error.module, error.name, error.found, error.newest) == ("", "depot", "count", 3, 1)
    with old.begin() as connection, pytest.raises(ValueFromNewerVersion):
        call(status_of(old).within(connection))
    assert rows(new) == before
    assert status_of(new).get("count") == Amount(6, "box")


def test_a_transaction_goes_on_after_a_value_was_too_new(open_with):
    old, new = open_with(FIRST), open_with(third())
    status_of(new).set("count", Amount(6, "box"))
    with old.begin() as connection:
        within = status_of(old).within(connection)
        within.set("place", "hall")
        for refused in (REFUSED["set"], REFUSED["update"], REFUSED["set_many"], REFUSED["unset"]):
            with pytest.raises(ValueFromNewerVersion):
                refused(within)
        within.set("pin", "1234")
    assert [(row.name, row.version, row.record_version) for row in old.resources.store.read_tenant("")] == [
        ("count", 1, 3),
        ("pin", 1, 1),
        ("place", 1, 1),
    ]
    assert status_of(new).load() == Third(Amount(6, "box"), "hall", "1234")


def test_of_several_values_none_is_written_where_the_last_is_too_new(open_with):
    old, new = open_with(FIRST), open_with(third())
    status_of(new).set("place", "hall")
    before = rows(new)
    with old.begin() as connection, pytest.raises(ValueFromNewerVersion):
        status_of(old).within(connection).set_many({"count": 7, "pin": "1234", "place": "attic"})
    with pytest.raises(ValueFromNewerVersion):
        status_of(old).set_many({"count": 7, "place": "attic"})
    assert rows(new) == before


def test_listings_tell_of_a_value_that_is_too_new_and_go_on(open_with):
    old, new = open_with(FIRST), open_with(third())
    status_of(old).set("count", 5)
    status_of(new).set("count", Amount(6, "box"), actor="ada")
    status_of(old).set("place", "hall")
    status = status_of(old)
    entry = status.entry("count")
    assert (entry.version, entry.record_version, entry.actor, type(entry.error)) == (2, 3, "ada", ValueFromNewerVersion)
    with pytest.raises(ValueFromNewerVersion):
        entry.value  # noqa: B018
    assert "count" in status
    for entries in (status.entries(), old.entries()):
        assert [(each.name, type(each.error)) for each in entries] == [
            ("count", ValueFromNewerVersion),
            ("place", type(None)),
        ]
    newer, older = status.history("count")
    assert (newer.version, newer.record_version, type(newer.error)) == (2, 3, ValueFromNewerVersion)
    with pytest.raises(ValueFromNewerVersion):
        newer.value  # noqa: B018
    assert (older.value, older.error) == (5, None)
    for history in (status.history(), old.history()):
        assert sorted((each.name, each.version, type(each.error)) for each in history) == [
            ("count", 1, type(None)),
            ("count", 2, ValueFromNewerVersion),
            ("place", 1, type(None)),
        ]
    with status.watch("count", since=0) as watch:
        assert [(each.version, type(each.error)) for each in taken(watch, 2)] == [(1, type(None)), (2, ValueFromNewerVersion)]


def test_what_newer_code_has_unset_locks_nobody_out(open_with):
    old, new = open_with(FIRST), open_with(third())
    for name, value in {"count": Amount(6, "box"), "place": "hall", "pin": "1234"}.items():
        status_of(new).set(name, value)
        assert status_of(new).unset(name)
    status = status_of(old)
    assert (status.get("count"), status.entry("count"), "count" in status, status.unset("count")) == (1, None, False, False)
    assert status.load() == First()
    unset, written = status.history("count")
    assert (unset.operation, unset.value, unset.error, type(written.error)) == ("unset", None, None, ValueFromNewerVersion)
    assert status.update("count", lambda count: count + 1).value == 2
    assert status.compare_and_set("place", "attic", version=0).version == 3
    with old.begin() as connection:
        assert status.within(connection).set("pin", "4321").record_version == 1
    assert status_of(new).load() == Third(Amount(2, "piece"), "attic", "4321")


def test_even_a_pin_lets_nobody_overwrite_what_is_too_new(open_with):
    old, new = open_with(FIRST, pinned={"depot": {"count": 3}}), open_with(third())
    status_of(new).set("count", Amount(6, "box"))
    before = rows(new)
    assert status_of(old).get("count") == 3
    assert [type(each.error) for each in old.rewrite_values().failed] == [ValueFromNewerVersion]
    assert rows(new) == before


# --------------------------------------------------------------------------- what has another name now


@attrs.frozen
class Renamed:
    pieces: int = field(stored_as="count", default=1)
    place: str = "nowhere"


def test_an_attribute_that_was_renamed_keeps_its_row_and_its_history(open_with):
    old, new = open_with(FIRST), open_with(StatusSpec("depot", Renamed))
    status_of(old).set("count", 5)
    before, status = rows(old), status_of(new)
    assert status.get("pieces") == 5
    assert status.load() == Renamed(5)
    assert ([each.name for each in status.entries()], [each.name for each in status.history()]) == (["pieces"], ["pieces"])
    assert rows(new) == before
    assert status.update("pieces", lambda pieces: pieces + 1).version == 2
    assert status_of(old).update("count", lambda count: count + 1).version == 3
    assert [each.value for each in status.history("pieces")] == [each.value for each in status_of(old).history("count")]
    assert [row.name for row in new.resources.store.read_tenant("")] == ["count"]


WAREHOUSE = StatusSpec("warehouse", First, formerly=("depot", "store-room"))


def test_a_module_that_was_renamed_moves_no_row_and_answers_to_its_former_names(open_with):
    old, new = open_with(FIRST), open_with(WAREHOUSE)
    status_of(old).set("count", 5)
    before = rows(old)
    scope = new.scope("warehouse")
    assert new.scope("depot") is new.scope("store-room") is new.scope(WAREHOUSE) is scope
    assert (scope.module, scope.status.get("count"), [each.module for each in new.scopes()]) == ("warehouse", 5, ["warehouse"])
    assert [(each.module, each.value) for each in (*new.entries(), *new.history())] == [("warehouse", 5)] * 2
    assert rows(new) == before
    scope.status.set("place", "hall")
    assert {row.module for row in new.resources.store.read_tenant("")} == {"depot"}
    with pytest.raises(UnknownModule, match="'shed'"):
        new.scope("shed")


def test_what_the_application_decided_about_a_former_name_holds_for_the_new_one(open_with):
    app = open_with(WAREHOUSE, defaults={"store-room": {"count": 3}}, pinned={"depot": {"place": "attic"}})
    status = app.scope("warehouse").status
    assert (status.get("count"), status.get("place")) == (3, "attic")
    assert [(each.name, each.pinned) for each in app.entries()] == [("place", True)]


def test_old_and_new_names_share_locks(open_with):
    old, new = open_with(FIRST), open_with(WAREHOUSE)
    with old.scope("depot").lock("stocktaking", timeout=0):
        with pytest.raises(LockUnavailable), new.scope("warehouse").lock("stocktaking", timeout=0):
            pass
        with new.scope("warehouse").lock("other", timeout=0):
            pass
    with new.scope("warehouse").lock("stocktaking", timeout=0), pytest.raises(LockUnavailable):
        old.scope("depot").lock("stocktaking", timeout=0).__enter__()


def test_old_and_new_names_share_versions_history_and_watching(open_with):
    old, new = open_with(FIRST), open_with(WAREHOUSE)
    before, after = status_of(old), new.scope("warehouse").status
    with before.watch("count") as watching_before, after.watch("count") as watching_after, new.watch() as watching_all:
        for number in range(10):
            status = (before, after)[number % 2]
            assert status.compare_and_set("count", number, version=number).version == number + 1
        watches = (watching_before, watching_after, watching_all)
        seen = [[(each.module, each.version, each.value) for each in taken(watch, 10)] for watch in watches]
    modules = ("depot", "warehouse", "warehouse")
    assert seen == [[(module, number + 1, number) for number in range(10)] for module in modules]
    assert [each.value for each in before.history("count")] == [each.value for each in after.history("count")]
    with new.watch(since={"depot": {"count": 8}}) as watch:
        assert [each.version for each in taken(watch, 2)] == [9, 10]


# --------------------------------------------------------------------------- steps that fail


def failing(_data):
    raise LookupError("no such shelf")


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        (failing, "its upgrade from record version 1 failed: LookupError: no such shelf"),
        (lambda count: {"pieces": str(count)}, r"count\.pieces: expected int, got '5' \(str\)"),
        (lambda _count: {1, 2}, "its upgrade from record version 1 gave what cannot be kept"),
        (lambda _count: None, "count: "),
    ],
)
def test_a_value_that_cannot_be_upgraded_is_told_of_and_stays(open_with, step, problem):
    old, new = open_with(FIRST), open_with(second(upgrades={"count": {1: step}}))
    status_of(old).set("count", 5)
    before, status = rows(old), status_of(new)
    for read in (lambda: status.get("count"), lambda: status.get("count", 7), lambda: status.current.count, status.load):
        with pytest.raises(ValueCorrupt, match=problem):
            read()
    with pytest.raises(ValueCorrupt, match=problem):
        status.update("count", lambda count: count)
    assert [type(each.error) for each in (*status.entries(), *status.history("count"))] == [ValueCorrupt] * 2
    assert [type(each.error) for each in new.rewrite_values().failed] == [ValueCorrupt]
    assert rows(new) == before
    assert status_of(old).get("count") == 5


def test_what_a_failing_step_says_of_a_secret_is_not_shown(open_with):
    def telling(data):
        raise ValueError(data)

    secret = f"hunter{1 + 1}"  # a traceback shows lines of this file
    steps = {"upgrades": {"pin": {1: telling}}, "downgrades": {"pin": {2: telling}}}
    old, new, writing_old = open_with(FIRST), open_with(second(**steps)), open_with(second(**steps, write_version=1))
    status_of(old).set("pin", secret)
    shown = [repr(each) for each in (*new.entries(), *new.history(), new.rewrite_values(), new.pending_upgrades())]
    for call in (
        lambda: status_of(new).get("pin"),
        lambda: status_of(new).update("pin", lambda pin: pin),
        lambda: status_of(writing_old).set("pin", secret),
    ):
        with pytest.raises((ValueCorrupt, ValueRefused)) as raised:
            call()
        shown += [str(raised.value), repr(raised.value), "".join(traceback.format_exception(raised.value))]
    assert secret not in "".join(shown)
    assert all("ValueError" in each for each in (*shown[:3], *shown[4:]))


# --------------------------------------------------------------------------- all of it


def pending(app):
    return [(each.tenant, each.name, each.record_version, each.write_version) for each in app.pending_upgrades()]


def test_every_value_of_every_tenant_is_written_anew_once(open_with):
    old, new = open_with(FIRST), open_with(third())
    for tenant in ("", "a", "b"):
        status = old.tenant(tenant).scope("depot").status
        status.set("count", 5, actor="ada")
        status.update("count", lambda count: count + 1)
        status.set("place", "hall")
        status.set("pin", "1234")
        status.unset("pin")
    new.tenant("b").scope("depot").status.set("place", "attic")
    left = [("", "count"), ("", "place"), ("a", "count"), ("a", "place"), ("b", "count")]
    assert pending(new) == [(tenant, name, 1, 3) for tenant, name in left]
    told = new.rewrite_values(actor="upkeep", reason="version 3")
    assert (told.count, told.failed) == (5, ())
    assert pending(new) == []
    for tenant in ("", "a", "b"):
        status = new.tenant(tenant).scope("depot").status
        assert [
            (each.operation, each.value.quantity, each.record_version, each.actor, each.reason)
            for each in status.history("count")
        ] == [("rewrite", 6, 3, "upkeep", "version 3"), ("update", 6, 1, None, None), ("set", 5, 1, "ada", None)]
        entry = status.entry("count")
        assert (entry.value, entry.version, entry.record_version) == (Amount(6, "piece"), 3, 3)
        assert (status.get("place"), status.entry("pin")) == ("attic" if tenant == "b" else "hall", None)
    before = rows(new)
    assert new.rewrite_values().count == 0
    assert rows(new) == before


def test_values_are_written_anew_in_the_older_version_and_those_that_cannot_be_are_told_of(open_with):
    old, new, rolled_back = open_with(FIRST), open_with(third()), open_with(third(write_version=1))
    units = {"a": "piece", "b": "box", "c": "piece"}
    for tenant, unit in units.items():
        new.tenant(tenant).scope("depot").status.set("count", Amount(6, unit))
        new.tenant(tenant).scope("depot").status.set("place", "hall")
    assert pending(rolled_back) == [(tenant, name, 3, 1) for tenant in units for name in ("count", "place")]
    kept = old.resources.store.read_module("b", "depot")[0]
    told = rolled_back.rewrite_values()
    assert told.count == 5
    (failed,) = told.failed
    assert (failed.pending.tenant, failed.pending.name, type(failed.error)) == ("b", "count", ValueRefused)
    assert old.resources.store.read_module("b", "depot")[0] == kept
    assert [old.tenant(tenant).scope("depot").status.load() for tenant in ("a", "c")] == [First(6, "hall")] * 2
    with pytest.raises(ValueFromNewerVersion):
        old.tenant("b").scope("depot").status.get("count")
    new.tenant("b").scope("depot").status.set("count", Amount(2, "piece"))
    assert (rolled_back.rewrite_values().count, pending(rolled_back)) == (1, [])
    assert old.tenant("b").scope("depot").status.load() == First(2, "hall")
    assert (new.rewrite_values().count, pending(new)) == (6, [])
    assert new.tenant("a").scope("depot").status.get("count") == Amount(6, "piece")


def test_old_code_cannot_write_newer_values_anew(open_with):
    old, new = open_with(FIRST), open_with(third())
    status_of(new).set("count", Amount(6, "box"))
    before = rows(new)
    assert pending(old) == [("", "count", 3, 1)]
    told = old.rewrite_values()
    assert (told.count, [type(each.error) for each in told.failed]) == (0, [ValueFromNewerVersion])
    assert rows(new) == before


def test_two_who_write_all_values_anew_at_once_write_each_of_them_once(open_with):
    old, apps = open_with(FIRST), [open_with(third()) for _ in range(2)]
    for tenant in range(40):
        old.tenant(f"t{tenant}").scope("depot").status.set_many({"count": 5, "place": "hall", "pin": "1234"})
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda app: app.rewrite_values(), apps))
    assert (sum(each.count for each in told), [each.failed for each in told]) == (120, [(), ()])
    assert {row.version for tenant in old.tenants() for row in old.resources.store.read_tenant(tenant)} == {2}


def test_values_are_written_anew_while_others_write(open_with):
    old, both = open_with(FIRST), open_with(third(write_version=1, history=10_000))
    for tenant in range(20):
        old.tenant(f"t{tenant}").scope("depot").status.set("count", 0)
    over, written = threading.Event(), [0] * 20

    def write():
        while not over.is_set():
            for tenant in range(20):
                status = both.tenant(f"t{tenant}").scope("depot").status
                status.update("count", lambda count: attrs.evolve(count, quantity=count.quantity + 1))
                written[tenant] += 1

    writer, new = threading.Thread(target=write), open_with(third(history=10_000))
    writer.start()
    try:
        told = [app.rewrite_values() for app in (new, both, new, both) for _ in range(2)]
    finally:
        over.set()
        writer.join()
    assert [each.failed for each in told] == [()] * 8
    assert sum(each.count for each in told) >= 20
    for tenant in range(20):
        status = new.tenant(f"t{tenant}").scope("depot").status
        history = status.history("count", limit=10_000)[::-1]
        assert [each.version for each in history] == list(range(1, len(history) + 1))
        counts = [each.value.quantity for each in history if each.operation != "rewrite"]
        assert counts == list(range(written[tenant] + 1))
        assert status.get("count") == Amount(written[tenant], "piece")
