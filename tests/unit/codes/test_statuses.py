import pytest

from perdure.codes.category import Category
from perdure.codes.statuses import CommonStatuses, Statuses

# Retyped from the seed's tables: constant, value, description.
TABLES = {
    "INITIAL": [
        ("UNKNOWN", "000_UNKNOWN", "Unknown or uninitialized state"),
        ("DRAFT", "001_DRAFT", "Draft state, not yet finalized"),
    ],
    "PENDING": [
        ("NEW", "100_NEW", "Newly created, not yet processed"),
        ("QUEUED", "101_QUEUED", "Queued for processing"),
        ("SCHEDULED", "102_SCHEDULED", "Scheduled for future execution"),
        ("PENDING", "103_PENDING", "Awaiting action or decision"),
        ("IN_REVIEW", "104_IN_REVIEW", "Under review or approval process"),
    ],
    "ACTIVE": [
        ("ENABLED", "200_ENABLED", "Feature or entity is enabled"),
        ("ACTIVATED", "201_ACTIVATED", "Account or service is active"),
        ("RUNNING", "202_RUNNING", "Process is currently running"),
        ("PROCESSING", "203_PROCESSING", "Being actively processed"),
        ("SENT", "204_SENT", "Message/item has been sent"),
        ("RECEIVED", "205_RECEIVED", "Message/item has been received"),
    ],
    "COMPLETED": [
        ("PARTIAL", "300_PARTIAL", "Partially completed"),
        ("APPROVED", "301_APPROVED", "Approved by reviewer"),
        ("SUCCESS", "302_SUCCESS", "Successfully completed"),
        ("COMPLETED", "303_COMPLETED", "Fully completed"),
        ("SETTLED", "304_SETTLED", "Finalized or settled"),
        ("CONFIRMED", "305_CONFIRMED", "Confirmed by user or system"),
    ],
    "INACTIVE": [
        ("DISABLED", "400_DISABLED", "Feature or entity is disabled"),
        ("DEACTIVATED", "401_DEACTIVATED", "Account or service is deactivated"),
        ("SUSPENDED", "402_SUSPENDED", "Temporarily suspended"),
        ("BLOCKED", "403_BLOCKED", "Access blocked (e.g., banned user)"),
        ("CLOSED", "404_CLOSED", "Closed but can be reopened"),
        ("ARCHIVED", "405_ARCHIVED", "Archived for record keeping"),
        ("PAUSED", "406_PAUSED", "Paused, can be resumed"),
        ("REVOKED", "407_REVOKED", "Permission or access revoked"),
        ("REFUNDED", "408_REFUNDED", "Payment or transaction refunded"),
    ],
    "FAILED": [
        ("FAIL", "500_FAIL", "General failure"),
        ("EXPIRED", "501_EXPIRED", "Expired and no longer valid"),
        ("TIMEOUT", "502_TIMEOUT", "Operation timed out"),
        ("SKIPPED", "503_SKIPPED", "Intentionally skipped"),
        ("ABORTED", "504_ABORTED", "Aborted by system"),
        ("CANCELLED", "505_CANCELLED", "Cancelled by user/admin"),
        ("DELETED", "506_DELETED", "Soft deleted"),
        ("REJECTED", "507_REJECTED", "Rejected by reviewer"),
    ],
}
ROWS = [(category, *row) for category, rows in TABLES.items() for row in rows]
PREDICATES = {
    "INITIAL": Statuses.is_initial,
    "PENDING": Statuses.is_pending,
    "ACTIVE": Statuses.is_active,
    "COMPLETED": Statuses.is_completed,
    "INACTIVE": Statuses.is_inactive,
    "FAILED": Statuses.is_failed,
}


def test_there_are_the_seeds_36_codes_and_no_other():
    assert len(ROWS) == 36
    assert list(Statuses.SCHEME_SET) == [value for _, _, value, _ in ROWS]
    assert {name for name in vars(Statuses) if name.isupper() and not name.endswith("SCHEME_SET")} == {row[1] for row in ROWS}


@pytest.mark.parametrize(("category", "constant", "value", "description"), ROWS)
def test_each_code_is_as_the_seed_has_it(category, constant, value, description):
    code = getattr(Statuses, constant)
    assert code == value
    assert (code.name, code.number, code.description) == (constant, int(value[:3]), description)
    assert code.category is Category[category]
    assert Statuses.parse(value) is code


@pytest.mark.parametrize("category", TABLES)
def test_each_category_set_has_the_seeds_codes_in_order(category):
    assert list(getattr(Statuses, f"{category}_SCHEME_SET")) == [value for _, value, _ in TABLES[category]]


@pytest.mark.parametrize(("category", "constant", "value", "description"), ROWS)
def test_each_predicate_answers_for_each_code(category, constant, value, description):
    assert {name: holds(value) for name, holds in PREDICATES.items()} == {name: name == category for name in TABLES}
    assert all(PREDICATES[category](given) for given in (value, getattr(Statuses, constant)))
    assert Statuses.is_valid(value)


@pytest.mark.parametrize("given", ["999_X", "202_ELSEWHERE", "202", "", None, 202, [], {}, b"202_RUNNING"])
def test_predicates_say_no_to_what_is_none_of_the_familys_codes(given):
    assert not any(holds(given) for holds in (*PREDICATES.values(), Statuses.is_valid))


def test_common_statuses_are_the_seeds():
    assert list(CommonStatuses.SCHEME_SET) == ["000_UNKNOWN", "201_ACTIVATED", "401_DEACTIVATED", "403_BLOCKED", "405_ARCHIVED"]
    assert CommonStatuses.BLOCKED is Statuses.BLOCKED
    assert list(CommonStatuses.INACTIVE_SCHEME_SET) == ["401_DEACTIVATED", "403_BLOCKED", "405_ARCHIVED"]
    assert CommonStatuses.is_active("201_ACTIVATED")
    assert not CommonStatuses.is_active("202_RUNNING")
    assert len(CommonStatuses.PENDING_SCHEME_SET) == 0


def test_the_families_are_named():
    assert (Statuses.name, CommonStatuses.name) == ("statuses", "common")
    assert repr(Statuses) == "<Statuses: family 'statuses', 36 codes>"
