from __future__ import annotations

import pytest
from tests.unit.store.aged.shelf import Shelf

from perdure.names import Key


@pytest.fixture
def shelf():
    shelf = Shelf()
    yield shelf
    shelf.snapshots.close()


@pytest.fixture
def clock(shelf):
    return shelf.clock


@pytest.fixture
def version_in():
    """Tells which version of a name is read."""

    def version_in(rows, name="a", module="module", tenant=""):
        found = rows.read(Key(tenant, module, name))
        return None if found is None else found.version

    return version_in
