"""Tests that run tests, in processes of their own.

A run in this process would forget what it was the first to import, and the next one would have two of each.
"""

from __future__ import annotations

import os

import pytest

from perdure import App

CONFIGURATION = """
[pytest]
addopts = --strict-markers --strict-config --import-mode=importlib -p no:cacheprovider
filterwarnings = error
"""


class Inner:
    """A project of its own, and its tests."""

    def __init__(self, pytester):
        self.pytester = pytester
        self.path = pytester.path
        self.configure("")

    def configure(self, more):
        self.pytester.makefile(".ini", pytest=CONFIGURATION + more)

    def run(self, source, *arguments):
        """Run tests, and return what came of them."""
        self.pytester.makepyfile(test_inner=source)
        return self.pytester.runpytest_subprocess(*arguments)


@pytest.fixture
def inner(pytester, monkeypatch):
    for name in [each for each in os.environ if each.startswith("PERDURE_")]:
        monkeypatch.delenv(name)
    return Inner(pytester)


@pytest.fixture
def database(tmp_path):
    """A file that an application and its tests share."""
    return f"sqlite:///{tmp_path / 'shared.db'}"


@pytest.fixture
def training(database):
    """An App on that file."""
    with App.open(database, plugins=["training-student"]) as app:
        yield app
