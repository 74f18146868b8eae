"""What the docs say of the kit for tests: the reference held against the code, and the how-to run as the tests that it shows."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from _pytest.fixtures import FixtureFunctionDefinition

from perdure.testing import apps, plugin
from perdure.testing.changes import Changes
from perdure.testing.lifecycle_suite import LifecycleSuite
from perdure.testing.older import StoreOlder
from perdure.testing.overriding import Override

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "reference/testing.md").read_text("utf-8")
HOW_TO = (DOCS / "how-to/test-a-module.md").read_text("utf-8")


def section(title):
    return next(part for part in PAGE.split("\n## ")[1:] if part.startswith(title))


def first_column(text):
    """What stands in backquotes at the beginning of a table's rows, without arguments."""
    return re.findall(r"^\| `([\w.]+)(?:\(.*?\))?` \|", text, re.MULTILINE)


def fixtures_of(namespace):
    return {name for name, each in vars(namespace).items() if isinstance(each, FixtureFunctionDefinition)}


def test_every_fixture_is_in_the_reference():
    assert set(first_column(section("Fixtures"))) == {name for name in fixtures_of(plugin) if not name.startswith("_")}


def test_every_type_of_a_fixture_can_be_imported():
    for path in re.findall(r"`(perdure\.[\w.]+)` \|$", section("Fixtures"), re.MULTILINE):
        module, _, name = path.rpartition(".")
        assert inspect.isclass(getattr(__import__(module, fromlist=[name]), name))


def test_every_argument_of_the_mark_is_in_the_reference():
    arguments = ["plugins", *apps.ARGUMENTS]
    assert first_column(section("The mark")) == arguments
    assert plugin.MARK.partition(":")[0] == f"perdure(*{', '.join(arguments)})"


def test_every_option_is_in_the_reference(pytestconfig):
    ours = [name for name in pytestconfig._parser._inidict if name.startswith("perdure")]
    assert first_column(section("Options")) == ours


@pytest.mark.parametrize(("name", "kind"), [("perdure_override", Override), ("perdure_store_older", StoreOlder)])
def test_every_argument_of_a_fixture_is_in_the_reference(name, kind):
    arguments = list(inspect.signature(kind.__call__).parameters)[1:]
    assert first_column(section(f"`{name}`")) == arguments


def test_every_call_of_the_changes_is_in_the_reference():
    told = {name for name in vars(Changes) if not name.startswith("_")} - {"settle", "checked", "noted", "committing"}
    assert first_column(section("`perdure_changes`")) == [
        "perdure_changes",
        *(f"perdure_changes.{name}" for name in sorted(told, reverse=True)),
    ]
    for call in (Changes.__call__, Changes.values):
        assert list(inspect.signature(call).parameters)[1:] == ["module", "name", "tenant"]


def test_everything_of_the_suite_is_in_the_reference():
    attributes, replaced, tests = section("`LifecycleSuite`").split("\n\n| ")[1:]
    assert first_column(attributes) == list(inspect.get_annotations(LifecycleSuite))
    assert first_column(replaced) == ["engine", "insert", "move"]
    assert "engine" in fixtures_of(LifecycleSuite)
    for name in ("insert", "move"):
        shown = ", ".join(list(inspect.signature(getattr(LifecycleSuite, name)).parameters)[1:])
        assert f"`{name}({shown})`" in replaced
    assert first_column(tests) == [name for name in vars(LifecycleSuite) if name.startswith("test_")]


def shown_files():
    """The files that the how-to shows, each put together from its blocks."""
    files = {}
    for block in re.findall(r"^```python\n(.*?)^```", HOW_TO, re.MULTILINE | re.DOTALL):
        name, _, source = block.removeprefix("# ").partition("\n")
        files[name] = files.get(name, "") + source
    return files


OF_AN_APPLICATION = """
def test_it_is_overridden(perdure_app, perdure_override):
    perdure_override("library-desk", loans=3)
    assert perdure_app.scope("library-desk").status.get("loans") == 3

def test_it_was_put_back(perdure_app, application):
    assert perdure_app is application
    assert "loans" not in perdure_app.scope("library-desk").status
"""


def test_the_tests_that_the_how_to_shows_pass(pytester):
    files = shown_files()
    files["application/conftest.py"] = files.pop("conftest.py")
    files["application/test_application.py"] = OF_AN_APPLICATION
    for name, source in files.items():
        path = pytester.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source, "utf-8")
    metadata = pytester.path / "library_desk-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: library-desk\nVersion: 1.0\n", "utf-8")
    (metadata / "entry_points.txt").write_text("[perdure]\nlibrary-desk = library_desk\n", "utf-8")
    (options,) = re.findall(r"^```toml\n(.*?)^```", HOW_TO, re.MULTILINE | re.DOTALL)
    (pytester.path / "pyproject.toml").write_text(
        options + 'pythonpath = ["."]\nfilterwarnings = ["error"]\naddopts = ["--strict-markers", "--import-mode=importlib"]\n',
        "utf-8",
    )
    pytester.syspathinsert()
    result = pytester.runpytest_subprocess("-v", "-p", "no:cacheprovider")
    ended = [line for line in result.outlines if "::test_" in line and "%]" in line]
    assert [line for line in ended if " PASSED " not in line and " SKIPPED " not in line] == [
        line
        for line in ended
        if "TestDesks::test_the_diagram" in line and " FAILED " in line  # there is none yet
    ]
    for name in (
        "test_desk.py::test_hours_were_once_a_text",
        "test_asyncio.py::test_a_shut_desk",
        "test_application.py::test_it_was_put",
    ):
        assert any(name in line and " PASSED " in line for line in ended), name
    writes = next(line for line in result.outlines if line.startswith("Write it anew: "))
    assert writes == "Write it anew: perdure lifecycle DeskLifecycle --mermaid > docs/desk.mmd"
    assert any("test_a_race_has_one_winner[RUNNING -> PAUSED by pause] PASSED" in line for line in result.outlines)
