from __future__ import annotations

import pytest

from perdure import InvalidName
from perdure.scaffold.identity import NAME_LENGTH, Identity


@pytest.mark.parametrize(
    ("given", "module", "package", "record"),
    [
        ("library-desk", "library-desk", "library_desk", "LibraryDeskStatus"),
        ("Library_Desk", "library-desk", "library_desk", "LibraryDeskStatus"),
        ("a.b", "a-b", "a_b", "ABStatus"),
        ("a--b._c", "a-b-c", "a_b_c", "ABCStatus"),
        ("x", "x", "x", "XStatus"),
        ("desk2", "desk2", "desk2", "Desk2Status"),
        ("Zebra", "zebra", "zebra", "ZebraStatus"),
    ],
)
def test_any_name_of_a_distribution_gives_the_others(given, module, package, record):
    found = Identity.of_distribution(given)
    assert (found.module, found.package, found.plugin, found.record) == (module, package, package, record)


@pytest.mark.parametrize(
    "given", ["bücher", "", "-desk", "desk-", "_desk", "my desk", "a/b", "../desk", "desk\n", "\u0661", "\u212a"]
)
def test_what_no_index_takes_is_refused(given):
    with pytest.raises(InvalidName, match="no name of a distribution"):
        Identity.of_distribution(given)


def test_a_name_is_bounded():
    assert Identity.of_distribution("x" * NAME_LENGTH)
    with pytest.raises(InvalidName, match=f"{NAME_LENGTH + 1} characters"):
        Identity.of_distribution("x" * (NAME_LENGTH + 1))


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("class", "keyword"),
        ("Import", "keyword"),
        ("json", "standard library"),
        ("tests", "tests"),
        ("3d-printer", "lower-case letter"),
        ("HTTP", "standard library"),
    ],
)
def test_a_package_that_could_not_be_imported_is_refused_with_advice(given, problem):
    with pytest.raises(InvalidName, match=problem) as raised:
        Identity.of_distribution(given)
    assert "--package NAME" in str(raised.value)


def test_the_package_may_be_another():
    found = Identity.of_distribution("3d-printer", "printer3d")
    assert (found.module, found.package, found.record) == ("3d-printer", "printer3d", "Printer3dStatus")


@pytest.mark.parametrize("given", ["LibraryDesk", "library-desk", "library.desk", "json", "with", "tests", "_desk", "", "x" * 57])
def test_a_package_that_is_given_is_checked(given):
    with pytest.raises(InvalidName, match="choose another"):
        Identity.of_distribution("desk", given)


def test_a_package_within_another_gives_its_last_part():
    assert Identity("d", "m", "acme.front_desk", "acme.front_desk.status").record == "FrontDeskStatus"
