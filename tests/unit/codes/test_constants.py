import pytest

from perdure.codes.constants import ConstantSet
from perdure.errors import FrozenDefinition, InvalidFamily, UnknownStatusCode


class UserTypes(ConstantSet):
    """As the seed has it."""

    SYSTEM = "SYSTEM"
    LINKED = "LINKED"


def test_the_set_holds_the_values_in_order():
    assert list(UserTypes.SCHEME_SET) == ["SYSTEM", "LINKED"]
    assert type(UserTypes.SYSTEM) is str


def test_is_valid_takes_anything():
    assert UserTypes.is_valid("SYSTEM")
    assert not any(UserTypes.is_valid(each) for each in ("system", "", None, 1, [], object()))


def test_parse_returns_the_value_or_names_the_nearest():
    assert UserTypes.parse("LINKED") == "LINKED"
    with pytest.raises(UnknownStatusCode, match=r"UserTypes.*'LINKD'.*'LINKED'"):
        UserTypes.parse("LINKD")


def test_a_subclass_has_the_inherited_values_first():
    class MoreTypes(UserTypes):
        GUEST = "GUEST"

    assert list(MoreTypes.SCHEME_SET) == ["SYSTEM", "LINKED", "GUEST"]
    assert not UserTypes.is_valid("GUEST")


def test_it_is_frozen_and_has_no_instances():
    with pytest.raises(FrozenDefinition, match=r"UserTypes\.GUEST"):
        UserTypes.GUEST = "GUEST"
    with pytest.raises(FrozenDefinition):
        UserTypes.SYSTEM = "x"
    with pytest.raises(FrozenDefinition):
        del UserTypes.SYSTEM
    with pytest.raises(AttributeError):  # which is what Python says too
        UserTypes.SCHEME_SET = ()
    with pytest.raises(TypeError, match="no instances"):
        UserTypes()


def test_one_value_under_two_names_is_refused():
    with pytest.raises(InvalidFamily, match="SYSTEM and OTHER are both 'SYSTEM'"):

        class Twice(UserTypes):
            OTHER = "SYSTEM"


def test_a_name_that_is_assigned_twice_is_refused():
    with pytest.raises(InvalidFamily, match="GUEST is assigned twice"):

        class Twice(ConstantSet):
            GUEST = "A"
            GUEST = "B"  # noqa: PIE794 - the mistake


def test_what_is_no_text_is_refused():
    with pytest.raises(InvalidFamily, match="NUMBER is 1"):

        class Numbers(ConstantSet):
            NUMBER = 1


def test_the_names_of_its_own_sets_are_refused():
    with pytest.raises(InvalidFamily, match="cannot be assigned"):

        class Own(ConstantSet):
            SCHEME_SET = "x"


def test_lower_case_and_private_attributes_are_no_constants():
    class Told(ConstantSet):
        A = "a"
        _B = "b"
        label = "c"

    assert list(Told.SCHEME_SET) == ["a"]
