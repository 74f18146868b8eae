import pickle

import attrs
import pytest

from perdure.codes.code import StatusCode
from perdure.codes.ordered import OrderedSet

A, B, C = StatusCode("100_A"), StatusCode("101_B"), StatusCode("102_C")


def test_it_keeps_the_order_and_each_once():
    assert list(OrderedSet([C, A, B, A])) == [C, A, B]
    assert len(OrderedSet([C, A, B, A])) == 3


def test_members_stay_codes_and_membership_is_by_text():
    codes = OrderedSet([A, B])
    assert [type(code) for code in codes] == [StatusCode, StatusCode]
    assert {type(text) for text in codes.texts} == {str}
    assert "100_A" in codes
    assert A in codes
    assert "102_C" not in codes
    assert None not in codes


def test_it_compares_and_hashes_as_a_set():
    assert OrderedSet([A, B]) == OrderedSet([B, A]) == {"100_A", "101_B"}
    assert {"100_A", "101_B"} == OrderedSet([B, A])
    assert hash(OrderedSet([A, B])) == hash(OrderedSet([B, A])) == hash(frozenset({"100_A", "101_B"}))
    assert OrderedSet([A]) < OrderedSet([A, B])


def test_operations_return_an_ordered_set():
    assert list(OrderedSet([B, A]) | {C}) == [B, A, C]
    assert list(OrderedSet([B, A, C]) - {A}) == [B, C]
    assert isinstance(OrderedSet([A]) & {A}, OrderedSet)


def test_it_never_changes():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        OrderedSet([A]).members = ()


def test_it_pickles_and_shows_its_members():
    assert pickle.loads(pickle.dumps(OrderedSet([B, A]))).members == (B, A)
    assert repr(OrderedSet([B, A])) == "OrderedSet(['101_B', '100_A'])"
    assert not OrderedSet()
