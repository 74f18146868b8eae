import pytest

from perdure.codes.category import Category
from perdure.errors import InvalidCode

SEED = [
    # prefix, category, meaning, terminal, reversible: the seed's table "Status Code Scheme"
    ("0", "INITIAL", "Entity creation/draft state", False, None),
    ("1", "PENDING", "Awaiting action or decision", False, True),
    ("2", "ACTIVE", "In progress or running", False, True),
    ("3", "COMPLETED", "Positive terminal state", True, False),
    ("4", "INACTIVE", "Negative but reversible", False, True),
    ("5", "FAILED", "Negative terminal state", True, False),
]


def test_the_six_categories_are_those_of_the_seed():
    assert [(each.prefix, each.name, each.meaning, each.terminal, each.reversible) for each in Category] == SEED


@pytest.mark.parametrize("category", Category)
def test_a_category_is_found_by_a_codes_number_and_by_its_text(category):
    digit = int(category.prefix)
    assert Category.of(digit * 100) is category
    assert Category.of(digit * 100 + 99) is category
    assert Category.of(f"{digit}42_WHATEVER") is category
    assert Category(digit) is category
    assert repr(category) == f"Category.{category.name}"


@pytest.mark.parametrize(
    "given", [600, -1, True, 2.5, None, "", "2", "201", "201_", "601_X", "201_x", "²01_X", "201_ACTIVATED\n"]
)
def test_what_is_no_code_has_no_category(given):
    with pytest.raises(InvalidCode, match="is no status code"):
        Category.of(given)


def test_a_single_digit_is_the_number_of_an_initial_code():
    assert Category.of(4) is Category.INITIAL


def test_match_on_the_category_is_exhaustive():
    def rank(category: Category) -> int:
        match category:
            case Category.INITIAL | Category.PENDING:
                return 0
            case Category.ACTIVE:
                return 1
            case Category.COMPLETED | Category.INACTIVE | Category.FAILED:
                return 2

    assert [rank(each) for each in Category] == [0, 0, 1, 2, 2, 2]
