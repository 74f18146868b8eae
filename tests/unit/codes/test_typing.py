"""What mypy and pyright make of the public names: types as stated, and each mistake an error."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import perdure

ROOT = Path(__file__).parents[3]
CORE = Path(next(iter(perdure.__path__))).parent
PROGRAM = """
from typing import Annotated, assert_type

from perdure.codes.category import Category
from perdure.codes.code import StatusCode
from perdure.codes.constants import ConstantSet
from perdure.codes.families import Families
from perdure.codes.family import StatusFamily
from perdure.codes.graph import graph
from perdure.codes.lifecycle import Lifecycle
from perdure.codes.lifecycles import Lifecycles
from perdure.codes.ordered import OrderedSet
from perdure.codes.statuses import CommonStatuses, Statuses
from perdure.codes.transition import Transition, transition


class UserTypes(ConstantSet):
    SYSTEM = "SYSTEM"


class UserStatuses(CommonStatuses, name="user"):
    pass


class StaffStatuses(UserStatuses, extends=UserStatuses):
    ON_LEAVE = StatusCode("409_ON_LEAVE", "Away, and coming back")


class UserLifecycle(Lifecycle, family=UserStatuses, initial=UserStatuses.UNKNOWN):
    activate = transition(UserStatuses.UNKNOWN, Category.INACTIVE, to=UserStatuses.ACTIVATED, when=lambda row: row.paid)
    move = transition(UserStatuses.ACTIVATED, to=(UserStatuses.BLOCKED, Category.INACTIVE))


class StaffLifecycle(UserLifecycle, extends=UserLifecycle, family=StaffStatuses):
    leave = transition(UserStatuses.ACTIVATED, to=StaffStatuses.ON_LEAVE)


families = Families.merge([("staff", StaffStatuses)])
lifecycles = Lifecycles.merge([("staff", StaffLifecycle)], families)
field: Annotated[StatusCode, UserStatuses] = UserStatuses.BLOCKED
text: str = UserStatuses.BLOCKED
maybe: str | None = None

assert_type(Statuses.ENABLED, StatusCode)
assert_type(StaffStatuses.ON_LEAVE, StatusCode)
assert_type(StaffStatuses.ACTIVATED, StatusCode)
assert_type(Statuses.ACTIVE_SCHEME_SET, OrderedSet[StatusCode])
assert_type(list(Statuses.SCHEME_SET), list[StatusCode])
assert_type(Statuses.is_active("201_ACTIVATED"), bool)
assert_type(Statuses.is_valid(maybe), bool)
assert_type(Statuses.parse("201_ACTIVATED"), StatusCode)
kind: str = UserTypes.SYSTEM
assert_type(list(UserTypes.SCHEME_SET), list[str])
assert_type(families[UserStatuses], type[UserStatuses])
assert_type(families[StaffStatuses].ON_LEAVE, StatusCode)
assert_type(families["user"], type[StatusFamily])
assert_type(lifecycles[UserLifecycle], type[UserLifecycle])
assert_type(lifecycles[StaffLifecycle].leave, Transition)
assert_type(UserLifecycle.activate, Transition)
assert_type(graph(UserLifecycle).targets("201_ACTIVATED"), OrderedSet[StatusCode])
assert_type(graph(UserLifecycle).can("201_ACTIVATED", UserLifecycle.activate), bool)
assert_type(StatusCode("409_X").category, Category)
assert_type(Category.ACTIVE.reversible, bool | None)
"""
MISTAKES = {
    "a misspelt code": "Statuses.ENABELD",
    "a code of another family": "UserStatuses.RUNNING",
    "an extension's code on the family as written": "UserStatuses.ON_LEAVE",
    "a misspelt constant": "UserTypes.SYTEM",
    "a misspelt code of a merged family": "families[UserStatuses].ACTIVATD",
    "a misspelt transition": "UserLifecycle.activte",
    "a predicate of something else": "Statuses.is_active(5)",
    "a transition without a target": "transition(Statuses.NEW)",
    "a text as source": 'transition("100_NEW", to=Statuses.QUEUED)',
    "a graph of no lifecycle": "graph(Statuses)",
    "a family that is none": "families[UserTypes]",
    "an attribute of a code": "Statuses.NEW.descripton",
}
FIRST = PROGRAM.count("\n") + 1


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """Write the program that both checkers read: what is right, then one mistake a line."""
    path = tmp_path_factory.mktemp("typing") / "program.py"
    path.write_text(PROGRAM + "\n".join(MISTAKES.values()) + "\n")
    return path


def lines_in_error(checker, path):
    """Return the lines of the program in which a checker finds an error."""
    if checker == "mypy":
        command = ["-m", "mypy", "--strict", "--no-incremental", "--output=json", str(path)]
        told = subprocess.run(
            [sys.executable, *command], env={**os.environ, "MYPYPATH": str(CORE)}, capture_output=True, check=False
        )
        found = [json.loads(line) for line in told.stdout.splitlines() if line.startswith(b"{")]
        return {each["line"] for each in found if each["file"].endswith("program.py") and each["severity"] == "error"}
    settings = path.with_name("pyrightconfig.json")
    settings.write_text(json.dumps({"include": [path.name], "extraPaths": [str(CORE)], "reportUnusedExpression": False}))
    told = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "-p", str(settings)], capture_output=True, check=False
    )
    found = json.loads(told.stdout)["generalDiagnostics"]
    return {each["range"]["start"]["line"] + 1 for each in found if each["severity"] == "error"}


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_types_are_as_stated_and_each_mistake_is_an_error(program, checker):
    pytest.importorskip(checker)
    wrong = lines_in_error(checker, program)
    assert sorted(line for line in wrong if line < FIRST) == []
    assert [case for number, case in enumerate(MISTAKES) if FIRST + number not in wrong] == []
