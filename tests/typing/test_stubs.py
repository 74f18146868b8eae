"""What `perdure stubs` writes, held against mypy and pyright: typed string keys, in both faces."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib import import_module

import pytest
from tests.typing.test_typing import mypy, pyright

from perdure.plugins.registry import Registry
from perdure.stubs.source import stubs

RECORDS = '''\
"""Modules, as somebody publishes them."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, Literal, NewType, TypeVar

import attrs
from perdure import StatusCode, Statuses, StatusSpec, field

T = TypeVar("T")
Number = NewType("Number", int)


class Level(enum.Enum):
    LOW = "low"


@attrs.frozen
class Box(Generic[T]):
    inside: T


@attrs.frozen
class User:
    name: str

    @attrs.frozen
    class Address:
        city: str


@dataclass(frozen=True)
class Entry:
    """A class of a name that the generated module uses itself."""

    at: int


@attrs.frozen(kw_only=True)
class Desk:
    enable: bool
    user: User
    visits: int = 0
    seats: int = 12
    password: str = field(secret=True, default="")
    note: str | None = None
    untold: str | None
    level: Level = Level.LOW
    other_date: date
    date: date
    entry: Entry
    address: User.Address
    box: Box[list[User]]
    number: Number
    choice: Literal["a", 'b"c', Level.LOW, 1]
    anything: Any
    limits: dict[str, tuple[int | None, frozenset[str], list[Box[Entry]]]] = attrs.field(factory=dict)
    code: StatusCode = Statuses.NEW
    tags: set[str] | None = None


@dataclass(frozen=True)
class Bare:
    only: list  # type: ignore[type-arg]


@attrs.frozen
class Empty:
    """Keeps nothing yet."""


SPECS = [
    StatusSpec("front-desk", Desk),
    StatusSpec("bare", Bare),
    StatusSpec("async-bare", Bare),
    StatusSpec("empty", Empty),
]
'''

RIGHT = """\
from typing import Any, Literal, assert_type

from app_status import scope
from records import Box, Desk, Entry as OwnEntry, Level, Number, User
from datetime import date

from perdure import App, AsyncApp, AsyncField, Change, ChangeSet, Entry, Field, StatusCode, StatusSpec


def use(app: App) -> None:
    desk = scope(app, "front-desk")
    assert_type(desk.spec, StatusSpec[Desk])
    assert_type(desk.module, str)
    with desk.lock("report", timeout=0) as held:
        held.check()
    status = desk.status
    assert_type(status.get("enable"), bool | None)
    assert_type(status.get("enable", "unset"), bool | str)
    assert_type(status.get("visits"), int)
    assert_type(status.get("visits", None), int | None)
    assert_type(status.get("note"), str | None)
    assert_type(status.get("untold"), str | None)
    assert_type(status.get("user"), User | None)
    assert_type(status.get("date"), date | None)
    assert_type(status.get("other_date"), date | None)
    assert_type(status.get("entry"), OwnEntry | None)
    assert_type(status.get("address"), User.Address | None)
    assert_type(status.get("box"), Box[list[User]] | None)
    assert_type(status.get("number"), Number | None)
    assert_type(status.get("choice", 3.0), Literal["a", 'b"c', Level.LOW, 1] | float)
    assert_type(status.get("anything"), Any)
    assert_type(status.get("limits"), dict[str, tuple[int | None, frozenset[str], list[Box[OwnEntry]]]])
    assert_type(status.get("code"), StatusCode)
    assert_type(status.get("tags"), set[str] | None)
    assert_type(status.set("tags", {"a"}), Entry[set[str] | None])
    assert_type(status.set("enable", True), Entry[bool])
    assert_type(status.set("enable", True, actor="ada", reason="spring").value, bool)
    assert_type(status.update("visits", lambda visits: visits + 1), Entry[int])
    assert_type(status.compare_and_set("seats", 3, version=1), Entry[int])
    assert_type(status.revert("visits", 1), Entry[int] | None)
    assert_type(status.entry("level"), Entry[Level] | None)
    assert_type(status.unset("enable"), bool)
    assert_type(status.forget("enable"), int)
    assert_type("enable" in status, bool)
    assert_type(status.history("visits", limit=3), list[Change])
    assert_type(status.history(), list[Change])
    assert_type(status.set_many({"enable": True, "visits": 3}), ChangeSet)
    assert_type(status.watch("visits", "enable", since={"visits": 1}).cursors, dict[str, int])
    assert_type(status.current.enable, bool)
    assert_type(status.load(), Desk)
    assert_type(status.field(lambda record: record.visits), Field[int])
    assert_type(status.max_age(3, on_outage=5).get("visits"), int)
    assert_type(scope(app.tenant("a"), "front-desk").status.get("visits"), int)
    with app.begin() as connection:
        assert_type(status.within(connection).get("visits"), int)
    assert_type(scope(app, "bare").status.get("only"), list[Any] | None)
    assert_type(scope(app, "bare").status.set("only", [1]).value, list[Any])
    assert_type(scope(app, "async-bare").status.set("only", [1]).value, list[Any])
    assert_type(scope(app, "empty").status.entries(), list[Entry[Any]])


async def use_async(app: AsyncApp) -> None:
    status = scope(app, "front-desk").status
    assert_type(await status.get("enable"), bool | None)
    assert_type(await status.get("visits"), int)
    assert_type(await status.get("visits", "none"), int | str)
    assert_type(await status.set("enable", True), Entry[bool])
    assert_type((await status.update("visits", lambda visits: visits + 1)).value, int)
    assert_type(await status.entry("user"), Entry[User] | None)
    assert_type(await status.contains("enable"), bool)
    assert_type(await status.set_many({"visits": 3}), ChangeSet)
    assert_type(await status.load(), Desk)
    assert_type(await scope(app, "bare").status.get("only"), list[Any] | None)
    assert_type(status.field(lambda record: record.visits), AsyncField[int])
    async with scope(app.tenant("a"), "front-desk").lock("report") as held:
        held.check()
    async with app.begin() as transaction:
        assert_type(await status.within(transaction).get("visits"), int)
    async with status.watch("visits") as watch:
        assert_type(watch.cursors, dict[str, int])
"""

WRONG = """\
from app_status import scope

from perdure import App, AsyncApp


def use(app: App) -> None:
    scope(app, "front-des")  # wrong
    status = scope(app, "front-desk").status
    status.get("enabled")  # wrong
    status.get("visits", 1, 2)  # wrong
    status.get("enable").bit_length()  # wrong
    status.set("enable", 1)  # wrong
    status.set("enable", None)  # wrong
    status.set("visits", "3")  # wrong
    status.set("visit", 3)  # wrong
    status.set("user", 3)  # wrong
    status.update("visits", lambda visits: str(visits))  # wrong
    status.update("visit", lambda visits: visits)  # wrong
    status.compare_and_set("visits", "3", version=1)  # wrong
    status.compare_and_set("visits", 3)  # wrong
    status.entry("visit")  # wrong
    status.revert("visit", 1)  # wrong
    status.unset("visit")  # wrong
    status.forget("visit")  # wrong
    status.history("visit")  # wrong
    status.watch("visit")  # wrong
    status.set_many({"visits": "3"})  # wrong
    status.set_many({"visit": 3})  # wrong
    status.current.visit  # wrong
    status.max_age(3).get("visit")  # wrong
    scope(app, "empty").status.unset("anything")  # wrong


async def use_async(app: AsyncApp, sync: App) -> None:
    scope(app, "front-des")  # wrong
    status = scope(app, "front-desk").status
    await status.get("enabled")  # wrong
    await status.set("enable", 1)  # wrong
    await status.update("visits", lambda visits: str(visits))  # wrong
    await status.set_many({"visit": 3})  # wrong
    await status.unset("visit")  # wrong
    status.current  # wrong
    await scope(sync, "front-desk").status.get("enable")  # wrong
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with its modules and its stubs."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "records.py").write_text(RECORDS, "utf-8")
    sys.path.insert(0, str(folder))
    try:
        found = stubs(Registry.of(*import_module("records").SPECS))
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop("records", None)
    assert not found.warnings
    (folder / "app_status.py").write_text(found.text, "utf-8")
    return folder


def beside(project, tmp_path, name, source):
    """Put what uses the stubs into a copy of the project."""
    for file in project.glob("*.py"):
        (tmp_path / file.name).write_text(file.read_text("utf-8"), "utf-8")
    (tmp_path / name).write_text(source, "utf-8")
    return tmp_path


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_what_is_generated_and_its_right_use_satisfy(project, checker, tmp_path):
    errors, said = checker(beside(project, tmp_path, "right_use.py", RIGHT))
    assert not errors, said


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_a_wrong_module_name_or_value_is_an_error_on_every_line_that_says_so_and_on_no_other(project, checker, tmp_path):
    lines = enumerate(WRONG.splitlines(), start=1)
    expected = {("wrong_use.py", number) for number, line in lines if line.endswith("# wrong")}
    errors, said = checker(beside(project, tmp_path, "wrong_use.py", WRONG))
    assert errors == expected, said


@pytest.mark.parametrize("command", [["format", "--diff"], ["check", "--select=E4,E7,E9,F,I", "--target-version=py311"]])
def test_a_formatter_leaves_it_as_it_is_and_a_linter_has_nothing_to_say(project, command, tmp_path):
    shutil.copy(project / "app_status.py", tmp_path)  # where the modules are somebody else's
    called = [sys.executable, "-m", "ruff", *command, "--isolated", "app_status.py"]
    done = subprocess.run(called, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_it_runs_without_importing_any_module_and_gives_what_the_app_gives(project):
    code = (
        "import sys, app_status; assert 'records' not in sys.modules and 'perdure' not in sys.modules; "
        "import records; from perdure import App, hookimpl\n"
        "class Plugin:\n"
        "    perdure_status_specs = hookimpl(lambda self: records.SPECS, specname='perdure_status_specs')\n"
        "with App.open('sqlite://', plugins=[Plugin()]) as app:\n"
        "    assert app_status.scope(app, 'front-desk') is app.scope('front-desk')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
