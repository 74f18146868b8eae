import pickle

import pytest

from perdure.codes.category import Category
from perdure.codes.code import StatusCode
from perdure.codes.families import Families
from perdure.codes.family import StatusFamily
from perdure.codes.statuses import CommonStatuses, Statuses
from perdure.errors import FrozenDefinition, InvalidFamily, UnknownStatusCode


class UserStatuses(CommonStatuses, name="user"):
    """As the plugin has it."""


class StaffStatuses(UserStatuses, extends=UserStatuses):
    ON_LEAVE = StatusCode("409_ON_LEAVE", "Away, and coming back")


class CustomerStatuses(UserStatuses, name="customer"):
    TRIAL = StatusCode("206_TRIAL", "For a while")


def test_a_derived_family_starts_with_the_inherited_codes():
    assert list(CustomerStatuses.SCHEME_SET - UserStatuses.SCHEME_SET) == ["206_TRIAL"]
    assert CustomerStatuses.name == "customer"
    assert CustomerStatuses.extends is None
    assert list(CustomerStatuses.ACTIVE_SCHEME_SET) == ["201_ACTIVATED", "206_TRIAL"]


def test_an_extension_has_the_name_of_what_it_extends():
    assert StaffStatuses.name == "user"
    assert StaffStatuses.extends is UserStatuses
    assert StaffStatuses.is_inactive("409_ON_LEAVE")
    assert repr(StaffStatuses) == "<StaffStatuses: extension of 'user', 6 codes>"


def test_neither_changes_the_family_it_comes_from():
    assert list(UserStatuses.SCHEME_SET) == list(CommonStatuses.SCHEME_SET)
    assert not hasattr(UserStatuses, "ON_LEAVE")
    assert not UserStatuses.is_valid("409_ON_LEAVE")
    assert not UserStatuses.is_valid("206_TRIAL")


def test_codes_are_ordered_by_number_however_they_are_written():
    class Mixed(StatusFamily, name="mixed"):
        C = StatusCode("500_C")
        A = StatusCode("001_A")
        B = StatusCode("103_B")

    assert list(Mixed.SCHEME_SET) == ["001_A", "103_B", "500_C"]
    assert list(Mixed.by_category[Category.PENDING]) == ["103_B"]


def test_a_family_may_have_two_parents():
    class Both(CustomerStatuses, Statuses, name="both"):
        pass

    assert len(Both.SCHEME_SET) == 37


def test_a_code_may_be_described_anew_in_a_derived_family():
    class Own(CommonStatuses, name="own"):
        BLOCKED = StatusCode("403_BLOCKED", "Barred")

    assert Own.parse("403_BLOCKED").description == "Barred"
    assert CommonStatuses.parse("403_BLOCKED").description == "Access blocked (e.g., banned user)"


def test_parse_names_the_family_and_the_nearest_code():
    assert StaffStatuses.parse("409_ON_LEAVE") is StaffStatuses.ON_LEAVE
    with pytest.raises(UnknownStatusCode) as caught:
        UserStatuses.parse("401_DEACTIVED")
    assert str(caught.value) == "The family 'user' has no code '401_DEACTIVED'. Did you mean '401_DEACTIVATED'?"
    assert caught.value.known == tuple(UserStatuses.SCHEME_SET)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    for given in (None, 5, []):
        with pytest.raises(UnknownStatusCode):
            UserStatuses.parse(given)


@pytest.mark.parametrize("attribute", ["ACTIVATED", "ON_LEAVE", "SCHEME_SET", "is_active", "name", "__doc__"])
def test_a_family_is_frozen(attribute):
    with pytest.raises(FrozenDefinition, match=rf"UserStatuses\.{attribute} cannot be set"):
        setattr(UserStatuses, attribute, StatusCode("409_ON_LEAVE"))
    with pytest.raises(FrozenDefinition):
        delattr(UserStatuses, attribute)


def test_its_tables_are_frozen_too():
    with pytest.raises(TypeError):
        UserStatuses.by_text["409_ON_LEAVE"] = StaffStatuses.ON_LEAVE
    with pytest.raises(TypeError):
        UserStatuses.by_category[Category.ACTIVE] = ()


def test_there_are_no_instances():
    with pytest.raises(TypeError, match="no instances"):
        UserStatuses()


def test_a_family_pickles_by_reference():
    assert pickle.loads(pickle.dumps(Statuses)) is Statuses


def define(bases=(CommonStatuses,), body=None, **keywords):
    """Define a family as a class statement does."""
    meta = type(StatusFamily)
    namespace = meta.__prepare__("Wrong", bases, **keywords)
    for attribute, value in (body or {}).items():
        namespace[attribute] = value
    return meta.__new__(meta, "Wrong", bases, namespace, **keywords)


MERGED = Families.merge([("staff", StaffStatuses)])[UserStatuses]
REFUSED = {
    "neither name nor extends": (define, "say which it is: name="),
    "both name and extends": (lambda: define((UserStatuses,), name="x", extends=UserStatuses), "exclude each other"),
    "a name in capitals": (lambda: define(name="User"), "name='User' is no name"),
    "an empty name": (lambda: define(name=""), "is no name"),
    "extending what is no family": (lambda: define(extends=StatusFamily), "is no family"),
    "extending what is no class": (lambda: define(extends="user"), "extends='user' is no family"),
    "extending without inheriting": (
        lambda: define((CommonStatuses,), extends=UserStatuses),
        "inherits from what it extends alone",
    ),
    "extending and inheriting more": (
        lambda: define((UserStatuses, Statuses), extends=UserStatuses),
        "inherits from what it extends alone",
    ),
    "extending an extension": (
        lambda: define((StaffStatuses,), extends=StaffStatuses),
        "StaffStatuses is an extension itself; extend UserStatuses",
    ),
    "an extension with more than codes": (
        lambda: define((UserStatuses,), {"label": "x"}, extends=UserStatuses),
        "adds codes and nothing else; move 'label'",
    ),
    "one number with two names": (
        lambda: define(body={"AWAY": StatusCode("201_AWAY")}, name="x"),
        "'201_ACTIVATED' and '201_AWAY' share a number",
    ),
    "one name with two numbers": (
        lambda: define(body={"ACTIVATED": StatusCode("209_ACTIVATED")}, name="x"),
        "'201_ACTIVATED' and '209_ACTIVATED' share a name",
    ),
    "two numbers that the parents share": (
        lambda: define(
            (define(body={"A": StatusCode("207_A")}, name="a"), define(body={"B": StatusCode("207_B")}, name="b")), name="x"
        ),
        "'207_A' and '207_B' share a number",
    ),
    "a plain text": (
        lambda: define(body={"AWAY": "409_AWAY"}, name="x"),
        "AWAY is '409_AWAY', and a constant of a family is a StatusCode",
    ),
    "an attribute of another name": (
        lambda: define(body={"GONE": StatusCode("409_AWAY")}, name="x"),
        "goes by two names; call it AWAY",
    ),
    "a set of its own": (lambda: define(body={"ACTIVE_SCHEME_SET": ()}, name="x"), "cannot be assigned"),
    "deriving from a merged family": (
        lambda: define((MERGED,), name="x"),
        "is what an App merged",
    ),
    "extending a merged family": (lambda: define((MERGED,), extends=MERGED), "is what an App merged"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_definition_is_refused_and_says_what_to_do(case):
    attempt, message = REFUSED[case]
    with pytest.raises(InvalidFamily) as caught:
        attempt()
    assert message in str(caught.value)
    assert caught.value.family == "Wrong"
