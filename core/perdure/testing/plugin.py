"""What pytest knows of perdure, wherever perdure is installed: fixtures, a mark and an option.

pytest imports this file whenever it starts, so it imports nothing but pytest. What a fixture needs is imported when a test asks
for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perdure.app import App
    from perdure.testing.changes import Changes
    from perdure.testing.older import StoreOlder
    from perdure.testing.overriding import Override, Overrides

MARK = (
    "perdure(*plugins, actor, allow_shared_numbers, defaults, max_value_bytes, pinned, tenant): what perdure_app is opened with"
)

OPTION = "What perdure_app is opened with, where no mark names plugins: names of entry points or distributions."


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a project say which plugins its tests are about."""
    parser.addini("perdure_plugins", OPTION, type="args", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", MARK)


@pytest.fixture
def perdure_app(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """An App of the test's own, in memory, with the plugins that its mark or the project names and no others.

    Meanwhile the environment says nothing to perdure: its PERDURE_ variables come back when the test has ended.
    """
    from perdure.testing.apps import opened  # noqa: PLC0415 - pytest imports this file whenever it starts

    with opened(request.node, monkeypatch) as app:
        yield app


@pytest.fixture
def perdure_override(request: pytest.FixtureRequest, _perdure_overrides: Overrides) -> Override:
    """Sets values for the length of a block or of the test, and then puts back what was there."""
    from perdure.testing.overriding import Override  # noqa: PLC0415 - pytest imports this file whenever it starts

    return Override(_perdure_overrides, lambda: request.getfixturevalue("perdure_app"))


@pytest.fixture
def perdure_store_older(request: pytest.FixtureRequest, _perdure_overrides: Overrides) -> StoreOlder:
    """Stores a value as an older version of its record wrote it, and puts back what was there when the test ends."""
    from perdure.testing.older import StoreOlder  # noqa: PLC0415 - pytest imports this file whenever it starts

    return StoreOlder(_perdure_overrides, lambda: request.getfixturevalue("perdure_app"))


@pytest.fixture
def perdure_changes(perdure_app: App) -> Iterator[Changes]:
    """What `perdure_app` has committed since the test began, but for what the other fixtures have written."""
    from perdure.testing.changes import recorded  # noqa: PLC0415 - pytest imports this file whenever it starts

    with recorded(perdure_app) as changes:
        yield changes


@pytest.fixture
def _perdure_overrides(request: pytest.FixtureRequest) -> Overrides:
    """What the test has put in the place of other values; each is put back before what was set up before it is torn down."""
    from perdure.testing.overriding import Overrides  # noqa: PLC0415 - pytest imports this file whenever it starts

    return Overrides(request.node.addfinalizer)
