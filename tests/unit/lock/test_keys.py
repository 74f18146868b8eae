from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perdure.lock.keys import first_write_key, lock_key, named_key

parts = st.text(max_size=20).filter(lambda text: text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text))


@given(parts, parts, parts)
def test_a_first_write_and_a_named_lock_never_meet(tenant, module, name):
    assert first_write_key(tenant, module, name) != named_key(tenant, module, name)


@given(st.tuples(parts, parts, parts), st.tuples(parts, parts, parts))
def test_different_parts_have_different_keys(one, other):
    assert (named_key(*one) == named_key(*other)) is (one == other)


def test_colons_are_not_ambiguous():
    assert named_key("", "a:b", "c") != named_key("", "a", "b:c")
    assert lock_key("named", "1:a", "b") != lock_key("named", "1:", "ab")


def test_a_key_fits_everywhere_and_can_be_read():
    key = first_write_key("t" * 64, "m" * 255, "ñ" * 255)
    assert len(key) <= 64
    assert key.startswith("perdure-first-")
    assert set(key) <= set("perdure-firstnamed0123456789abcdef")


def test_a_key_is_the_same_for_ever():
    assert named_key("", "training-student", "import") == "perdure-named-2ac6ce26c7a183cadc8a6ca78852fee172da5c1b1371006b"
