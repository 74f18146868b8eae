import pickle
from itertools import permutations

import pytest

from perdure.codes.code import StatusCode
from perdure.codes.families import Families
from perdure.codes.keys import CoreBindings
from perdure.codes.statuses import CommonStatuses, Statuses
from perdure.errors import CodeClash, DuplicateFamily, InvalidFamily, UnknownFamily


class UserStatuses(CommonStatuses, name="user"):
    pass


class StaffStatuses(UserStatuses, extends=UserStatuses):
    ON_LEAVE = StatusCode("409_ON_LEAVE", "Away, and coming back")


class ShopStatuses(UserStatuses, extends=UserStatuses):
    VERIFIED = StatusCode("207_VERIFIED", "Address checked")
    ON_LEAVE = StatusCode("409_ON_LEAVE", "Said otherwise")


class AwayStatuses(UserStatuses, extends=UserStatuses):
    AWAY = StatusCode("409_AWAY")


class LateStatuses(UserStatuses, extends=UserStatuses):
    ON_LEAVE = StatusCode("410_ON_LEAVE")


class CustomerStatuses(UserStatuses, name="customer"):
    pass


class OtherUserStatuses(Statuses, name="user"):
    pass


HANDED_IN = [("user", UserStatuses), ("staff", StaffStatuses), ("shop", ShopStatuses), ("crm", CustomerStatuses)]


def told(families):
    """Return everything that a merge decided."""
    return {
        name: [(code, code.description) for code in family.SCHEME_SET] + [[base.__qualname__ for base in family.__mro__]]
        for name, family in families.items()
    }


def test_perdures_own_families_are_always_there():
    families = Families.merge()
    assert dict(families) == {"common": CommonStatuses, "statuses": Statuses}
    assert families[Statuses] is Statuses
    assert (list(families), len(families), repr(families)) == (["common", "statuses"], 2, "Families(common, statuses)")


def test_the_merged_family_answers_for_every_code():
    user = Families.merge(HANDED_IN)[UserStatuses]
    assert list(user.SCHEME_SET) == [
        "000_UNKNOWN",
        "201_ACTIVATED",
        "207_VERIFIED",
        "401_DEACTIVATED",
        "403_BLOCKED",
        "405_ARCHIVED",
        "409_ON_LEAVE",
    ]
    assert list(user.ACTIVE_SCHEME_SET) == ["201_ACTIVATED", "207_VERIFIED"]
    assert user.is_inactive("409_ON_LEAVE")
    assert user.is_valid("207_VERIFIED")
    assert user.parse("409_ON_LEAVE") is user.ON_LEAVE
    assert user.ACTIVATED is UserStatuses.ACTIVATED
    assert repr(user) == "<UserStatuses: merged family 'user', 7 codes>"


def test_the_merged_family_is_found_by_name_by_class_and_by_extension():
    families = Families.merge(HANDED_IN)
    user = families["user"]
    assert families[UserStatuses] is families[StaffStatuses] is families[ShopStatuses] is families[user] is user
    assert issubclass(user, UserStatuses)
    assert issubclass(user, StaffStatuses)
    assert user.merged_from is UserStatuses


def test_merging_changes_no_class():
    Families.merge(HANDED_IN)
    assert not UserStatuses.is_valid("409_ON_LEAVE")
    assert not StaffStatuses.is_valid("207_VERIFIED")


def test_a_derived_family_does_not_receive_extensions():
    families = Families.merge(HANDED_IN)
    assert families[CustomerStatuses] is CustomerStatuses
    assert not families["customer"].is_valid("409_ON_LEAVE")
    assert not families["common"].is_valid("409_ON_LEAVE")


def test_the_order_of_contributions_never_matters():
    results = [told(Families.merge(order)) for order in permutations(HANDED_IN)]
    assert all(result == results[0] for result in results)


def test_the_same_code_twice_is_agreement():
    user = Families.merge([("shop", ShopStatuses), ("staff", StaffStatuses)])[UserStatuses]
    assert user.ON_LEAVE.description == "Said otherwise"  # shop sorts first


def test_an_extension_brings_the_family_it_extends():
    families = Families.merge([("staff", StaffStatuses)])
    assert families["user"].is_valid("409_ON_LEAVE")


def test_the_same_class_from_two_owners_is_agreement():
    assert Families.merge([("a", StaffStatuses), ("b", StaffStatuses)])["user"].is_valid("409_ON_LEAVE")


@pytest.mark.parametrize("order", list(permutations([("one", AwayStatuses), ("two", StaffStatuses), ("user", UserStatuses)])))
def test_one_number_with_two_names_is_refused_naming_both_owners(order):
    with pytest.raises(CodeClash) as caught:
        Families.merge(order)
    error = caught.value
    assert (error.family, error.first_owner, error.first) == ("user", "one", "409_AWAY")
    assert (error.second_owner, error.second) == ("two", "409_ON_LEAVE")
    assert "share a number" in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_shared_numbers_may_be_allowed():
    families = Families.merge([("one", AwayStatuses), ("two", StaffStatuses)], allow_shared_numbers=True)
    assert list(families["user"].INACTIVE_SCHEME_SET)[-2:] == ["409_AWAY", "409_ON_LEAVE"]


@pytest.mark.parametrize("allowed", [False, True])
@pytest.mark.parametrize("order", list(permutations([("one", LateStatuses), ("two", StaffStatuses)])))
def test_one_name_with_two_numbers_is_refused_always(order, allowed):
    with pytest.raises(CodeClash, match=r"share a name: '409_ON_LEAVE' of two and '410_ON_LEAVE' of one"):
        Families.merge(order, allow_shared_numbers=allowed)


@pytest.mark.parametrize("order", list(permutations([("user", UserStatuses), ("other", OtherUserStatuses)])))
def test_two_families_of_one_name_are_refused_naming_both_owners(order):
    with pytest.raises(DuplicateFamily) as caught:
        Families.merge(order)
    assert caught.value.family == "user"
    assert caught.value.first.startswith("other (")
    assert caught.value.second.startswith("user (")


def test_an_implied_family_clashes_with_another_of_its_name():
    with pytest.raises(DuplicateFamily, match=r"OtherUserStatuses.*UserStatuses"):
        Families.merge([("other", OtherUserStatuses), ("staff", StaffStatuses)])


def test_a_family_that_nobody_handed_in_stands_for_itself_by_class_only():
    families = Families.merge()
    assert families[CustomerStatuses] is CustomerStatuses
    with pytest.raises(UnknownFamily, match="'customer'"):
        families["customer"]
    assert "customer" not in families
    assert families.get("customer") is None


def test_an_extension_that_nobody_handed_in_is_unknown():
    for families in (Families.merge(), Families.merge([("user", UserStatuses)]), Families.merge([("shop", ShopStatuses)])):
        with pytest.raises(UnknownFamily, match="StaffStatuses"):
            families[StaffStatuses]


def test_a_class_whose_name_is_anothers_is_refused():
    with pytest.raises(DuplicateFamily):
        Families.merge([("user", UserStatuses)])[OtherUserStatuses]


def test_a_misspelt_name_is_told():
    with pytest.raises(UnknownFamily) as caught:
        Families.merge(HANDED_IN)["usr"]
    assert str(caught.value).endswith("Did you mean 'user'?")
    assert isinstance(caught.value, KeyError)


@pytest.mark.parametrize("given", [CoreBindings, "user", int, None])
def test_what_is_no_family_is_refused_naming_its_owner(given):
    with pytest.raises(InvalidFamily, match="odd hands it in"):
        Families.merge([("odd", given)])


def test_a_merged_family_cannot_be_handed_in_again():
    with pytest.raises(InvalidFamily):
        Families.merge([("odd", Families.merge(HANDED_IN)["user"])])


def test_codes_of_a_merged_family_pickle():
    code = Families.merge(HANDED_IN)["user"].SCHEME_SET.members[-1]
    back = pickle.loads(pickle.dumps(code))
    assert (back, back.description) == (code, code.description)


def test_without_the_plugin_an_old_code_classifies_and_is_not_valid():
    user = Families.merge([("user", UserStatuses)])["user"]
    old = StatusCode("409_ON_LEAVE")
    assert old.category.name == "INACTIVE"
    assert not user.is_valid(old)
    assert not user.is_inactive(old)
