"""What is kept in memory has a bound, and what is damaged beyond reading is told of all the same."""

from __future__ import annotations

import sys

import pytest
from sqlalchemy import create_engine

from perdure import App
from perdure.doctor import leftovers as doctor_leftovers
from perdure.doctor.case import Case
from perdure.doctor.diagnosis import diagnose
from perdure.doctor.future import Future
from perdure.doctor.leftovers import Leftovers
from perdure.doctor.plugins import Installed
from perdure.plugins.discovery import Selection
from perdure.plugins.registry import Registry
from perdure.store.rows import Row

NOTHING = Selection((), (), ())


def row(name, updated_at=1):
    return Row("", "gone", name, "1", "json", 1, 1, 1, updated_at, None)


def test_of_names_that_nobody_declares_a_thousand_are_kept_apart(monkeypatch):
    monkeypatch.setattr(doctor_leftovers, "AT_MOST", 2)
    found = Leftovers(Installed(Registry.of()))
    for name in ("a", "b", "c", "a", "d"):
        found.note(row(name, updated_at="damaged" if name == "b" else 1))
    assert [(each.where, each.problem.split(",")[0]) for each in found.findings()] == [
        ("gone.a", "it is stored"),
        ("gone.b", "it is stored"),
        ("leftovers", "2 rows more have names of their own"),
    ]


def test_of_rows_from_the_future_the_farthest_is_told():
    future = Future(now=0.0)
    for name, updated_at in (("a", 4_000_000), ("b", 6_000_000), ("c", 2**62), ("d", 7_000_000), ("e", "damaged")):
        future.note(row(name, updated_at))
    (finding,) = future.findings()
    assert finding.where == "gone.c"
    assert finding.problem.startswith("3 rows were written in the future")


@pytest.mark.parametrize(
    ("url", "module"), [("postgresql://x", "perdure.store.servers.postgresql"), ("mariadb://x", "perdure.store.servers.mariadb")]
)
def test_a_driver_that_is_not_installed_is_named(monkeypatch, url, module):
    monkeypatch.setitem(sys.modules, module, None)
    (finding,) = diagnose(Case(where=url, plugins=NOTHING)).findings
    assert (finding.code, finding.advice) == ("driver-missing", f"pip install 'perdure[{url.partition(':')[0]}]'")


def test_an_app_on_a_hosts_engine_is_examined_through_connections_of_our_own(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'app.db'}")
    with App.open(engine=engine, plugins=[]) as app:
        case = Case.of_app(app)
        assert case.where is engine
        codes = {each.code for each in diagnose(case).findings}
    engine.dispose()
    assert codes <= {"sqlite-journal-mode", "sqlite-wal-reset"}
    with App.open(f"sqlite:///{tmp_path / 'own.db'}", plugins=[]) as app:
        assert {each.code for each in diagnose(Case.of_app(app)).findings} <= {"sqlite-wal-reset"}


def test_an_engine_that_cannot_be_used_is_named():
    engine = create_engine("sqlite://")
    (finding,) = diagnose(Case(where=engine, plugins=NOTHING)).findings
    assert finding.code in ("database-url", "database-in-memory")
    engine.dispose()
