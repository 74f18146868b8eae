from __future__ import annotations

import os

HEAVY = {
    "alembic",
    "attrs",
    "cattrs",
    "click",
    "pluggy.",
    "pottery",
    "redis",
    "sqlalchemy",
    "sqlite3",
    "perdure.app",
    "perdure.errors",
}

TELL = """
import pathlib, sys

def test_nothing(): pass

def test_what_was_imported(): pathlib.Path("imported").write_text(" ".join(sys.modules))
"""


def imported(inner, monkeypatch, source):
    """Every module that a run has imported; measuring coverage imports libraries of its own."""
    for name in [each for each in os.environ if each.startswith("COVERAGE_")]:
        monkeypatch.delenv(name)
    inner.run(source, "-p", "no:cov").assert_outcomes(passed=2)
    return set((inner.path / "imported").read_text().split())


def test_a_run_that_asks_for_nothing_imports_nothing(inner, monkeypatch):
    found = imported(inner, monkeypatch, TELL)
    assert "perdure.testing.plugin" in found
    assert not HEAVY & found
    ours = {each for each in found if each.partition(".")[0] == "perdure"}
    assert ours == {"perdure", "perdure.testing", "perdure.testing.plugin"}


def test_a_run_that_asks_for_an_app_imports_it_and_no_plugin_that_is_not_named(inner, monkeypatch):
    asking = """
import pytest

@pytest.mark.perdure("training-student")
def test_nothing(perdure_app): pass
"""
    found = imported(inner, monkeypatch, TELL.replace("def test_nothing(): pass", asking))
    assert {"perdure.app", "sqlalchemy", "training_student"} <= found
    assert not {"demo_course", "order_desk", "staff_leave", "perdure_user"} & found


def test_the_mark_and_the_option_are_known_to_strict_runs(inner):
    said = inner.run("", "--markers").stdout.str()
    assert "@pytest.mark.perdure(*plugins" in said
    assert "perdure_plugins (args):" in inner.run("", "--help").stdout.str()
