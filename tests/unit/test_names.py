from __future__ import annotations

import pytest

from perdure.errors import InvalidName
from perdure.names import Key, checked_actor, checked_module, checked_name, checked_reason, checked_tenant


def test_a_key_is_in_the_order_of_the_primary_key():
    assert tuple(Key("t", "m", "n")) == ("t", "m", "n")


@pytest.mark.parametrize("text", ["enable", "Enable", "enable ", "énable", "n" * 255, "😀"])
def test_a_name_is_kept_as_it_is(text):
    assert checked_name(text) == text


@pytest.mark.parametrize(
    ("check", "text", "problem"),
    [
        (checked_name, "", "The name '' cannot be used: it is empty."),
        (checked_module, "m" * 256, "it has 256 characters, and 255 fit"),
        (checked_tenant, "t" * 65, "it has 65 characters, and 64 fit"),
        (checked_actor, "a\0b", "it holds a NUL character"),
        (checked_name, "\ud800", "it holds a lone surrogate"),
        (checked_name, 7, "it is no str but int"),
        (checked_reason, "r" * 1001, "it has 1001 characters, and 1000 fit"),
    ],
)
def test_what_no_table_can_hold_is_refused(check, text, problem):
    with pytest.raises(InvalidName) as raised:
        check(text)
    assert problem in str(raised.value)


def test_the_tenant_of_those_who_need_none_is_empty():
    assert checked_tenant("") == ""
