from __future__ import annotations

import pytest
from tests.unit.store.watching.counting import forget, write_many

from perdure.names import Key
from perdure.store.rows import ChangeRow
from perdure.store.watching.feed import Gap
from perdure.store.watching.pages import PAGE, Page, merged, pages_of

KEY, OTHER = Key("", "demo", "visits"), Key("", "demo", "other")


def row(version, at=None, key=KEY):
    return ChangeRow(*key, version, "set", "1", "json", 1, None, None, None, version if at is None else at)


def told(page, position):
    return [item for _, (item, _) in page.items(position)]


@pytest.mark.parametrize(
    ("kept", "until", "position", "items"),
    [
        ([1, 2, 3], 3, 0, [1, 2, 3]),
        ([1, 2, 3], 3, 2, [3]),
        ([3, 4], 4, 0, [(0, 3), 3, 4]),
        ([3, 4], 4, 1, [(1, 3), 3, 4]),
        ([3, 4], 4, 2, [3, 4]),
        ([], 5, 0, [(0, None)]),
        ([1], 3, 0, [1, (1, None)]),
        ([1, 4], 4, 0, [1, (1, 4), 4]),
    ],
)
def test_what_is_missing_is_told_of_before_what_comes_next(kept, until, position, items):
    page = Page(KEY, 0, [row(version) for version in kept], until)
    shown = [(item.since, item.oldest) if isinstance(item, Gap) else item.version for item in told(page, position)]
    assert shown == items


@pytest.mark.parametrize(("kept", "until", "cursors"), [([3], 3, [2, 3]), ([], 7, [7])])
def test_a_gap_goes_up_to_what_comes_next_or_to_the_head(kept, until, cursors):
    page = Page(KEY, 0, [row(version) for version in kept], until)
    assert [cursor for _, (_, cursor) in page.items(0)] == cursors


def test_changes_of_several_keys_come_in_the_order_of_their_times():
    first = Page(KEY, 0, [row(1, 10), row(2, 30)], 2)
    second = Page(OTHER, 0, [row(1, 20, OTHER), row(2, 40, OTHER)], 2)
    items = [item for item, _ in merged([first, second], {KEY: 0, OTHER: 0})]
    assert [(item.name, item.version) for item in items] == [("visits", 1), ("other", 1), ("visits", 2), ("other", 2)]


def test_a_key_stays_in_the_order_of_its_versions_though_clocks_were_wrong():
    first = Page(KEY, 0, [row(1, 900), row(2, 100), row(3, 500)], 3)
    second = Page(OTHER, 0, [row(1, 200, OTHER)], 1)
    items = [item for item, _ in merged([first, second], {KEY: 0, OTHER: 0})]
    assert [item.version for item in items if item.name == "visits"] == [1, 2, 3]
    assert len(items) == 4


def test_a_damaged_time_ends_nothing():
    first = Page(KEY, 0, [row(1, 10), row(2, "yesterday"), row(3, 30)], 3)
    second = Page(OTHER, 0, [row(1, "never", OTHER), row(2, 20, OTHER)], 2)
    items = [item for item, _ in merged([first, second], {KEY: 0, OTHER: 0})]
    assert [item.version for item in items if item.name == "visits"] == [1, 2, 3]
    assert [item.version for item in items if item.name == "other"] == [1, 2]


def test_one_query_serves_all_who_are_within_a_page(store):
    write_many(store, KEY, 20)
    (page,) = pages_of(store, KEY, 20, {3, 17, 19})
    assert (page.after, len(page.rows), page.until) == (3, 17, 20)
    assert store.histories == [(KEY, 3)]


def test_who_is_far_behind_does_not_keep_those_waiting_who_want_what_is_new(store):
    write_many(store, KEY, 3 * PAGE, keep=3 * PAGE)
    far, near = pages_of(store, KEY, 3 * PAGE, {0, 300, 3 * PAGE - 1})
    assert (far.after, far.until) == (0, PAGE)
    assert (near.after, near.until) == (3 * PAGE - 1, 3 * PAGE)


def test_what_was_forgotten_is_missing_up_to_the_head(store):
    write_many(store, KEY, 5)
    forget(store, KEY)
    (page,) = pages_of(store, KEY, 5, {2})
    assert told(page, 2) == [Gap(KEY, 2, None)]


def test_a_page_that_is_full_says_nothing_of_what_comes_after_it(store):
    write_many(store, KEY, PAGE + 5, keep=2 * PAGE)
    (page,) = pages_of(store, KEY, PAGE + 5, {0})
    assert page.until == PAGE
    assert [item.version for item in told(page, 0)] == list(range(1, PAGE + 1))
