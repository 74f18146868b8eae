"""What is exported from one database and imported into another is equal, value by value, whatever the databases are."""

from __future__ import annotations

import threading
from types import ModuleType

import attrs
import pytest

from perdure import App, StatusCode, StatusSpec, field, hookimpl
from perdure.transfer.document import read
from perdure.transfer.exporting import export
from perdure.transfer.importing import Importing

from .conftest import emptied, plugin
from .test_lifecycle import JobLifecycle, Jobs
from .test_values import VALUES

AWKWARD = StatusSpec(
    "awkward",
    attrs.make_class(
        "Awkward", {f"value_{n}": attrs.field(type=declared) for n, (declared, _) in enumerate(VALUES)}, frozen=True
    ),
)


@attrs.frozen
class Worker:
    job: StatusCode = field(lifecycle=JobLifecycle)
    attempts: int = 0
    password: str = field(secret=True, default="")


WORKER = StatusSpec("worker", Worker)
TENANTS = ("", "acme", "Ünïcode 😀")


@pytest.fixture
def opened():
    """Opens Apps by URL, and closes them."""
    apps = []

    def open_one(url, **options):
        apps.append(App.open(url, plugins=[plugin(AWKWARD, WORKER)], **options))
        return apps[-1]

    yield open_one
    for each in apps:
        each.close()


def moved(source, target, **options):
    """Export from one App, through the text of the document, and import into another."""
    text = export(source.resources, source.tenants()).text(indent=2)
    return Importing.of(target.resources, read(text), reason="import of a test", **options).run()


def values(app):
    return {
        (tenant, entry.module, entry.name): (entry.value, type(entry.value))
        for tenant in app.tenants()
        for entry in app.tenant(tenant).entries()
    }


def test_from_sqlite_by_every_database_and_back_every_value_is_equal(opened, tmp_path, postgresql_url, mariadb_url):
    first = opened(f"sqlite:///{tmp_path / 'first.db'}")
    for tenant in TENANTS:
        status = first.tenant(tenant).scope(AWKWARD).status
        status.set_many({f"value_{number}": value for number, (_declared, value) in enumerate(VALUES)})
    expected = values(first)
    assert len(expected) == len(TENANTS) * len(VALUES)
    source = first
    for url in (emptied(postgresql_url), emptied(mariadb_url), f"sqlite:///{tmp_path / 'last.db'}"):
        target = opened(url)
        assert {step.effect for step in moved(source, target)} == {"created"}
        assert values(target) == expected
        assert {step.effect for step in moved(source, target)} == {"unchanged"}
        source = target
    texts = [export(app.resources, app.tenants()) for app in (first, source)]
    one, last = ({place: kept.text for place, kept in placed(each)} for each in texts)
    assert one == last


def placed(document):
    for tenant, modules in document.tenants.items():
        for module, names in modules.items():
            for name, kept in names.items():
                yield (tenant, module, name), kept


def test_all_or_nothing_altogether(opened, url, tmp_path):
    source, target = opened(f"sqlite:///{tmp_path / 'source.db'}"), opened(url)
    source.scope("awkward").status.set("value_0", True)
    source.tenant("acme").scope("worker").status.set("attempts", 3)
    job = source.tenant("acme").scope("worker").status
    for code in (Jobs.NEW, Jobs.RUNNING):
        job.set("job", code)
    refused = [step for step in moved(source, target) if step.effect == "refused"]
    assert [step.place for step in refused] == [("acme", "worker", "job")]
    assert "does not allow '202_RUNNING' from 'nothing stored'" in refused[0].problem
    assert target.tenants() == []
    assert values(target) == {}


def test_a_lifecycle_is_restored_where_nothing_is_stored_and_goes_on_from_there(opened, url, tmp_path):
    source, target = opened(f"sqlite:///{tmp_path / 'source.db'}"), opened(url, actor="ada")
    for code in (Jobs.NEW, Jobs.RUNNING):
        source.scope("worker").status.set("job", code)
    assert [step.effect for step in moved(source, target, restore=True)] == ["restored"]
    status = target.scope("worker").status
    change = status.history("job")[0]
    assert (change.operation, change.actor, change.reason) == ("restore", "ada", "import of a test")
    status.set("job", Jobs.DONE)
    assert [step.effect for step in moved(source, target, restore=True)] == ["refused"]
    target.erase_tenant("")
    assert [step.effect for step in moved(source, target, restore=True)] == ["restored"]


def test_what_somebody_else_wrote_meanwhile_is_looked_at_under_its_lock(opened, shared_url, tmp_path, monkeypatch):
    source, target, other = opened(f"sqlite:///{tmp_path / 'source.db'}"), opened(shared_url), opened(shared_url)
    for code in (Jobs.NEW, Jobs.RUNNING):
        source.scope("worker").status.set("job", code)
    source.scope("worker").status.set("attempts", 3)
    planned = Importing.plan

    def and_then_another_writes(self):
        steps = planned(self)
        assert {step.effect for step in steps} == {"restored", "created"}
        other.scope("worker").status.set("job", Jobs.NEW)
        for code in (Jobs.RUNNING, Jobs.FAIL):
            other.scope("worker").status.set("job", code)
        return steps

    monkeypatch.setattr(Importing, "plan", and_then_another_writes)
    effects = {step.place[2]: step.effect for step in moved(source, target, restore=True)}
    assert effects == {"job": "refused", "attempts": "created"}
    assert target.scope("worker").status.get("job") == Jobs.FAIL
    assert "attempts" not in target.scope("worker").status


def test_imports_that_race_write_each_value_once(opened, shared_url, tmp_path):
    source = opened(f"sqlite:///{tmp_path / 'source.db'}")
    source.scope("awkward").status.set_many({f"value_{number}": value for number, (_, value) in enumerate(VALUES)})
    apps = [opened(shared_url) for _ in range(4)]
    found: list[set[str]] = []
    threads = [threading.Thread(target=lambda app=app: found.append({s.effect for s in moved(source, app)})) for app in apps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(sorted, found)) == [["created"], ["unchanged"], ["unchanged"], ["unchanged"]]
    assert {entry.version for entry in apps[0].entries()} == {1}


def test_plugins_and_watchers_are_told_of_what_was_imported(url, opened, tmp_path):
    told = []
    listening = ModuleType("listening")

    @hookimpl
    def perdure_value_changed(change):
        told.append(change)

    listening.perdure_value_changed = perdure_value_changed
    source = opened(f"sqlite:///{tmp_path / 'source.db'}")
    source.scope("worker").status.set("attempts", 3)
    with App.open(url, plugins=[plugin(AWKWARD, WORKER), listening]) as target:
        with target.scope("worker").status.watch("attempts") as watch:
            moved(source, target)
            assert watch.take(timeout=5).value == 3
        target.resources.close()
    assert [change.name for change in told] == ["attempts"]
