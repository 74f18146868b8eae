"""The record of migrations, as an application with `perdure-migration` has it."""

from __future__ import annotations

import pytest

from perdure import App
from perdure_migration import STATUS, MigrationStatuses, plugin, recorded

pytestmark = pytest.mark.perdure("perdure-migration")


def applied(app):
    return [(each.version, each.status, each.problem) for each in app.tenant("").scope(STATUS).status.load().applied]


def test_perdures_own_tables_are_recorded_whoever_made_them(tmp_path):
    url = f"sqlite:///{tmp_path / 'app.db'}"
    App.open(url, plugins=[]).close()
    for tenant in ("acme", ""):
        with App.open(url, plugins=[plugin], tenant=tenant) as app:
            assert applied(app) == [("0001", MigrationStatuses.SUCCESS, None)]


def test_a_hosts_migrations_are_recorded_failures_included(perdure_app):
    with recorded(perdure_app, "1", "add_users"):
        pass
    with pytest.raises(RuntimeError, match="bad"), recorded(perdure_app, "2", "add_roles"):
        raise RuntimeError("bad \ud800 text")
    assert applied(perdure_app)[1:] == [
        ("1", MigrationStatuses.SUCCESS, None),
        ("2", MigrationStatuses.FAIL, "RuntimeError: bad \\ud800 text"),
    ]


def test_the_record_never_stands_in_the_way_of_a_migration(perdure_app):
    for number in range(120):
        with pytest.raises(ValueError, match="😀"), recorded(perdure_app, "v" * 300, "n" * 300):
            raise ValueError("😀" * 1000, number)
    assert len(applied(perdure_app)) == 50
    perdure_app.close()
    with pytest.raises(LookupError) as raised, recorded(perdure_app, "1", "closed"):
        raise LookupError
    assert "could not be noted" in raised.value.__notes__[0]
