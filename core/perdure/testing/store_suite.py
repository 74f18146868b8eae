"""The contract of a store, as a suite for pytest: what every database behind perdure must do, ours and a stranger's alike.

```python
import pytest
from perdure.testing.store_suite import StoreSuite

class TestMyStore(StoreSuite):
    @pytest.fixture
    def store(self):
        store = MyStore.open(…)   # empty
        yield store
        store.close()
```

It needs no plugin and no App, and asks for nothing but the fixture `store`: a `perdure.store.protocol.Store`.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from perdure.errors import AppClosed, ValueFromNewerVersion
from perdure.names import Key
from perdure.store.rows import Content, Mark, Note

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perdure.store.protocol import AskedCommit, Store, Transaction
    from perdure.store.rows import ChangeRow, Row, Written

KEY = Key("", "suite", "name")

AWKWARD_KEYS = (
    Key("", "suite", "Enable"),
    Key("", "suite", "enable"),
    Key("", "suite", "enable "),
    Key("", "suite", "énable"),
    Key("", "suite", "enable\u0301"),
    Key("", "Suite", "enable"),
    Key("a", "suite", "enable"),
    Key("A", "suite", "enable"),
    Key("", "suite:x", "y"),
    Key("", "suite", "x:y"),
    Key("t" * 64, "m" * 255, "ñ" * 255),
    Key("😀", "😀", "😀"),
)
"""Keys that databases are known to confuse, cut or refuse."""

AWKWARD_TEXTS = (
    "null",
    "true",
    '""',
    '"\\u0000"',
    '" leading and trailing "',
    '"😀 ä ﷽"',
    '"\u2028\u2029"',
    "9223372036854775808",
    "1.0",
    "1",
    "-0.0",
    "1e-320",
    '{"b":1,"a":2}',
    "[]",
    '"' + "x" * 100_000 + '"',
)
"""Texts that JSON columns are known to change, and text columns to cut."""


class StoreSuite:
    """What a store must do; subclass it, and give it a fixture `store` that yields an empty one."""

    def test_what_was_never_written_is_not_there(self, store: Store) -> None:
        """Reading finds nothing, and leaves nothing behind."""
        assert store.read_value(KEY) is None
        assert store.read(KEY) is None
        assert list(store.read_module("", "suite")) == []
        assert list(store.tenants()) == []

    def test_a_write_is_read_as_it_was_written(self, store: Store) -> None:
        """The row that a write returns is the row that is read."""
        row = put(store, KEY, "1", Note("set", "ada"))
        assert (row.text, row.version, row.record_version, row.actor) == ("1", 1, 1, "ada")
        assert tuple(row[:3]) == KEY
        assert store.read(KEY) == row
        assert store.read_value(KEY) == row.stored

    def test_every_write_moves_the_version_by_one(self, store: Store) -> None:
        """A removed value keeps its row and its version, and the time of its first write."""
        rows = [put(store, KEY, text) for text in ("1", "2", None, "3")]
        assert [row.version for row in rows] == [1, 2, 3, 4]
        assert [row.text for row in rows] == ["1", "2", None, "3"]
        assert {row.created_at for row in rows} == {rows[0].created_at}
        assert rows[0].updated_at <= rows[-1].updated_at

    def test_keys_are_kept_apart_exactly(self, store: Store) -> None:
        """No two keys that differ in anything are one."""
        for number, key in enumerate(AWKWARD_KEYS):
            put(store, key, str(number))
        for number, key in enumerate(AWKWARD_KEYS):
            found = store.read(key)
            assert found is not None
            assert (tuple(found[:3]), found.text, found.version) == (key, str(number), 1), key

    def test_texts_are_kept_exactly(self, store: Store) -> None:
        """What is read is what was written, to the last character."""
        for text in AWKWARD_TEXTS:
            assert put(store, KEY, text).text == text
            found = store.read_value(KEY)
            assert found is not None
            assert found.text == text

    def test_listings_are_in_order_and_of_one_tenant(self, store: Store) -> None:
        """A module's rows by name, a tenant's by module and name."""
        for key in (Key("", "b", "x"), Key("", "a", "y"), Key("", "a", "x"), Key("t", "a", "x")):
            put(store, key, "1")
        assert [row.name for row in store.read_module("", "a")] == ["x", "y"]
        assert [(row.module, row.name) for row in store.read_tenant("")] == [("a", "x"), ("a", "y"), ("b", "x")]
        assert list(store.tenants()) == ["", "t"]

    def test_erasing_a_tenant_leaves_the_others_and_no_version_comes_back(self, store: Store) -> None:
        """It says how many values there were, and a second time that there were none."""
        for key in (Key("", "a", "x"), Key("t", "a", "x"), Key("t", "b", "y")):
            put(store, key, "1", Note("set", "ada"))
        assert store.erase_tenant("t") == 2  # noqa: PLR2004 - the two above
        assert store.erase_tenant("t") == 0
        assert [row.module for row in store.read_tenant("")] == ["a"]
        assert list(store.tenants()) == [""]
        assert {(row.text, row.actor) for row in store.read_tenant("t")} <= {(None, None)}
        assert list(store.read_tenant_changes("t", limit=10)) == []
        assert put(store, Key("t", "a", "x"), "2").version > 1

    def test_a_change_is_kept_with_all_that_is_known_of_it(self, store: Store) -> None:
        """The history of a key has what its row had, and who and why."""
        row = put(store, KEY, "1", Note("set", "ada", "because", "together"))
        (change,) = store.read_changes(KEY, limit=10)
        assert (change.key, change.stored, change.version) == (KEY, row.stored, row.version)
        assert (change.operation, change.actor, change.reason, change.change_set) == ("set", "ada", "because", "together")
        assert change.at == row.updated_at

    def test_a_history_is_kept_to_its_bound_and_read_by_pages(self, store: Store) -> None:
        """The latest first, or the earliest first after a version."""
        for number in range(7):
            put(store, KEY, str(number), Note("set", keep=5))
        assert [each.version for each in store.read_changes(KEY, limit=2)] == [7, 6]
        assert [each.version for each in store.read_changes(KEY, before=6, limit=10)] == [5, 4, 3]
        assert [each.version for each in store.read_changes_after(KEY, 4, limit=2)] == [5, 6]
        put(store, KEY, "last", Note("set", keep=0))
        assert list(store.read_changes(KEY, limit=10)) == []

    def test_a_history_of_several_names_goes_back_in_time_and_misses_none_at_the_seams(self, store: Store) -> None:
        """Page by page it is what it is in one, of a module and of a tenant."""
        for number in range(6):
            put(store, Key("", "ab"[number % 2], f"n{number}"), "1", Note("set", change_set="s"))
        put(store, Key("t", "a", "x"), "1")
        whole = list(store.read_tenant_changes("", limit=10))
        assert len(whole) == 6  # noqa: PLR2004 - those of the one tenant
        assert [each.at for each in whole] == sorted((each.at for each in whole), reverse=True)
        pages: list[ChangeRow] = []
        before: Mark | None = None
        while page := store.read_tenant_changes("", before=before, limit=2):
            pages.extend(page)
            before = Mark(page[-1].at, page[-1].module, page[-1].name, page[-1].version)
        assert pages == whole
        assert list(store.read_module_changes("", "a", limit=10)) == [each for each in whole if each.module == "a"]
        assert [each.name for each in store.read_change_set("", "a", "s")] == ["n0", "n2", "n4"]

    def test_a_history_can_be_forgotten(self, store: Store) -> None:
        """What is stored stays, and so do the histories of others."""
        for key in (KEY, KEY, Key("", "suite", "other")):
            put(store, key, "1")
        row = store.read(KEY)
        assert store.transact(KEY, lambda transaction: transaction.forget(KEY)) == 2  # noqa: PLR2004 - written twice
        assert list(store.read_changes(KEY, limit=10)) == []
        assert store.read(KEY) == row
        assert len(store.read_module_changes("", "suite", limit=10)) == 1

    def test_the_versions_of_many_modules_are_read_at_once(self, store: Store) -> None:
        """Those that were asked for, and no others."""
        for key in (Key("", "a", "x"), Key("", "a", "x"), Key("", "b", "y"), Key("t", "a", "x")):
            put(store, key, "1")
        heads = store.read_heads([("", "a"), ("t", "a"), ("t", "b"), *((f"t{number}", "a") for number in range(600))])
        assert sorted(heads) == [("", "a", "x", 2), ("t", "a", "x", 1)]

    def test_a_newer_value_is_never_overwritten(self, store: Store) -> None:
        """What a writer cannot read it leaves alone, and its whole transaction is undone; what is unset is nobody's."""
        put(store, KEY, "1", record_version=3)
        row = store.read(KEY)

        def work(transaction: Transaction) -> None:
            transaction.put(Key("", "suite", "another"), Content("1"), Note("set"))
            transaction.put(KEY, Content("2", record_version=1, newest=2), Note("set"))

        raises(ValueFromNewerVersion, lambda: store.transact(KEY, work))
        assert store.read(KEY) == row
        assert store.read_value(Key("", "suite", "another")) is None
        assert put(store, KEY, None, record_version=3).version == 2  # noqa: PLR2004 - the second write
        assert put(store, KEY, "4", record_version=1).record_version == 1

    def test_what_raises_writes_nothing(self, store: Store) -> None:
        """A transaction is undone whole, the locking of a row that was not there included."""
        put(store, KEY, "1")

        def work(transaction: Transaction) -> None:
            transaction.lock(Key("", "suite", "other"))
            transaction.put(KEY, Content("2"), Note("set"))
            raise LookupError

        raises(LookupError, lambda: store.transact(KEY, work))
        assert store.read_value(KEY) == put(store, KEY, "1").stored
        assert store.read(Key("", "suite", "other")) is None

    def test_a_locked_row_that_was_not_there_means_that_nothing_is_stored(self, store: Store) -> None:
        """The lock gives no row, or one at version 0 without a value; the first write is version 1 all the same."""

        def work(transaction: Transaction) -> Row:
            row = transaction.lock(KEY)
            assert row is None or (row.version, row.text) == (0, None)
            return transaction.put(KEY, Content("1"), Note("update"))

        assert store.transact(KEY, work).version == 1

    def test_threads_lose_no_update(self, store: Store) -> None:
        """A read under the lock, and the write after it, are one."""

        def increment(transaction: Transaction) -> Row:
            row = transaction.lock(KEY)
            count = int(row.text) if row is not None and row.text is not None else 0
            return transaction.put(KEY, Content(str(count + 1)), Note("update"))

        at_once(lambda: [store.transact(KEY, increment) for _ in range(25)], threads=4)
        found = store.read(KEY)
        assert found is not None
        assert (found.text, found.version) == ("100", 100)

    def test_threads_that_write_first_leave_one_row(self, store: Store) -> None:
        """The primary key decides; nobody is refused."""
        at_once(lambda: [put(store, Key("", "suite", f"n{number}"), "1") for number in range(20)], threads=4)
        rows = list(store.read_module("", "suite"))
        assert len(rows) == 20  # noqa: PLR2004 - one for each name
        assert {row.version for row in rows} == {4}

    def test_a_transaction_of_a_caller_takes_the_rows_with_it(self, store: Store) -> None:
        """What is written within it is seen within it, and outside after its commit only."""
        with store.begin() as connection:
            inside = store.joined(connection)
            inside.transact(KEY, lambda transaction: transaction.put(KEY, Content("1"), Note("set")))
            assert inside.read_value(KEY) is not None
        assert store.read_value(KEY) is not None

        def undone() -> None:
            with store.begin() as connection:
                inside = store.joined(connection)
                inside.transact(KEY, lambda transaction: transaction.put(KEY, Content("2"), Note("set")))
                raise LookupError

        raises(LookupError, undone)
        found = store.read(KEY)
        assert found is not None
        assert (found.text, found.version) == ("1", 1)

    def test_an_observer_is_told_of_each_transaction_as_a_whole(self, store: Store) -> None:
        """Once it is committed; of a caller's before its COMMIT too. One that fails is no reason for a write to fail."""
        heard, failing = Heard(), Failing()
        ends = [store.observe(failing), store.observe(heard)]
        other = KEY._replace(name="other")
        store.transact(KEY, lambda both: [both.put(key, Content("1"), Note("set")) for key in (KEY, other)])
        assert [[each.key for each in written] for written in heard.committed] == [[KEY, other]]
        assert heard.asked == []
        with store.begin() as connection:
            store.joined(connection).transact(KEY, lambda transaction: transaction.put(KEY, Content("2"), Note("set")))
            assert heard.asked == []
        assert [[each.row.text for each in written] for written in heard.asked] == [["2"]]
        assert heard.committed[1:] == heard.asked
        for end in (*ends, *ends):
            end()
        put(store, KEY, "3")
        assert len(heard.committed) == 2  # noqa: PLR2004 - those before

    def test_it_counts_what_it_reads_and_what_it_committed(self, store: Store) -> None:
        """A query counts when it is made, a write when it is committed."""
        before = store.counters.snapshot()
        put(store, KEY, "1")
        store.read_value(KEY)
        after = store.counters.snapshot()
        assert after.writes == before.writes + 1
        assert after.reads > before.reads

    def test_it_answers(self, store: Store) -> None:
        """A ping takes some time, and not long."""
        assert 0 < store.ping() < 10  # noqa: PLR2004 - seconds

    def test_after_closing_every_use_says_so(self, store: Store) -> None:
        """Closing again does nothing."""
        store.close()
        store.close()
        raises(AppClosed, lambda: store.read_value(KEY))
        raises(AppClosed, lambda: put(store, KEY, "1"))


class Heard:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.committed: list[Sequence[Written]] = []
        self.asked: list[Sequence[Written]] = []

    def noted(self, written: Sequence[Written]) -> None:
        """Keep what is committed."""
        self.committed.append(written)

    def committing(self, commit: AskedCommit, written: Sequence[Written]) -> None:  # noqa: ARG002 - an `Observer` has it
        """Keep what is about to be."""
        self.asked.append(written)


class Failing:
    """An observer that fails at everything."""

    def noted(self, written: Sequence[Written]) -> None:
        """Fail at what is committed."""
        raise LookupError(len(written))

    def committing(self, commit: AskedCommit, written: Sequence[Written]) -> None:
        """Fail at what is about to be."""
        raise LookupError(commit, len(written))


def put(store: Store, key: Key, text: str | None, note: Note | None = None, *, record_version: int = 1) -> Row:
    """Write a text in a transaction of its own."""
    content = Content(text, record_version)
    return store.transact(key, lambda transaction: transaction.put(key, content, note or Note("set")))


def raises(expected: type[Exception], call: Callable[[], Any]) -> None:
    """Insist on an exception; pytest is not imported here, so that the file is light."""
    try:
        call()
    except expected:
        return
    raise AssertionError(f"expected {expected.__name__}")


def at_once(work: Callable[[], Any], *, threads: int) -> None:
    """Run the same in several threads, and raise what one of them raised."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - handed to the thread that runs the test
            failures.append(error)

    running = [threading.Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if failures:
        raise failures[0]
