from __future__ import annotations

import attrs
import pytest

from perdure import App, InvalidArgument, StatusPinned, StatusSpec, UnknownStatusName, ValueCorrupt, ValueRefused, hookimpl
from perdure.testing.older import StoreOlder
from perdure.testing.overriding import Overrides


@attrs.frozen
class Place:
    latitude: float
    longitude: float


@attrs.frozen
class Depot:
    place: Place | None = None
    size: int = 1


def to_numbers(place):
    latitude, longitude = map(float, place.split())
    return {"latitude": latitude, "longitude": longitude}


SPEC = StatusSpec("depot", Depot, record_version=3, upgrades={"place": {1: to_numbers}, "size": {2: lambda size: size["m"]}})
FIRST = StatusSpec("shed", Depot)


class Plugin:
    @hookimpl
    def perdure_status_specs(self):
        return [SPEC, FIRST]


@pytest.fixture
def app():
    with App.open("sqlite://", plugins=[Plugin()], pinned={"shed": {"size": 3}}) as app:
        yield app


@pytest.fixture
def store_older(request, app):
    return StoreOlder(Overrides(request.node.addfinalizer), lambda: app)


def test_the_upgrades_read_it(app, store_older):
    status = app.scope("depot").status
    store_older("depot", "place", "52.5 13.4")
    store_older(SPEC, "size", {"m": 7}, record_version=2)
    assert status.load() == Depot(Place(52.5, 13.4), 7)
    assert [(each.name, each.record_version) for each in status.entries()] == [("place", 1), ("size", 2)]
    assert [(each.name, each.record_version) for each in app.pending_upgrades()] == [("place", 1), ("size", 2)]


def test_an_upgrade_that_cannot_read_it_is_found_out(app, store_older):
    store_older("depot", "place", "somewhere")
    with pytest.raises(ValueCorrupt, match="its upgrade from record version 1 failed"):
        app.scope("depot").status.get("place")


def test_it_is_put_back(app, store_older):
    status = app.scope("depot").status
    status.set("size", 4)
    with store_older("depot", "size", {"m": 7}, 2), store_older("depot", "size", {"m": 8}, 2, tenant="school"):
        assert (status.get("size"), app.tenant("school").scope("depot").status.get("size")) == (7, 8)
    assert status.get("size") == 4
    assert status.entry("size").record_version == 3


@pytest.mark.parametrize("version", [0, 3, 4, True, "1", None])
def test_a_version_that_is_not_older_is_refused(app, store_older, version):
    with pytest.raises(InvalidArgument, match="a record version of depot before its present one, which is 3: an int from 1 to 2"):
        store_older("depot", "size", 1, record_version=version)
    assert app.entries() == [app.scope("shed").status.entry("size")]


def test_a_record_in_its_first_version_has_none_before_it(store_older):
    with pytest.raises(InvalidArgument, match="before its present one, which is 1: an int of which there is none"):
        store_older("shed", "place", None)


@pytest.mark.parametrize("data", [{1, 2}, float("nan"), "\ud800", {1: "a", "1": "b"}, Place(1.0, 2.0)])
def test_what_is_no_json_is_refused(store_older, data):
    with pytest.raises(ValueRefused, match="depot: place: expected JSON data"):
        store_older("depot", "place", data)


def test_other_names_are_refused(app, store_older):
    with pytest.raises(UnknownStatusName):
        store_older("depot", "palace", "52.5 13.4")
    newer = attrs.evolve(FIRST, record_version=2)
    Other = type("Other", (), {"perdure_status_specs": hookimpl(lambda self: [newer])})  # noqa: N806 - it is a class
    Other.perdure_status_specs.__name__ = "perdure_status_specs"
    with App.open("sqlite://", plugins=[Other()], pinned={"shed": {"size": 3}}) as pinned, pytest.raises(StatusPinned):
        store_older("shed", "size", 4, app=pinned)


def test_the_fixture_stores_in_perdure_app_and_puts_back_in_turn_with_overrides(inner):
    inner.run("""
        import attrs, pytest
        from perdure import StatusSpec, hookimpl

        @attrs.frozen
        class Desk:
            seats: int = 4

        class Plugin:
            @hookimpl
            def perdure_status_specs(self):
                return [StatusSpec("desk", Desk, record_version=2, upgrades={"seats": {1: lambda seats: seats["n"]}})]

        pytestmark = pytest.mark.perdure(Plugin())

        def test_it(perdure_app, perdure_store_older, perdure_override, perdure_changes):
            status = perdure_app.scope("desk").status
            with perdure_override("desk", seats=5):
                held = perdure_store_older("desk", "seats", {"n": 6})
                assert status.get("seats") == 6
            assert status.get("seats") == 6
            held.put_back()
            assert "seats" not in status
            assert perdure_changes() == []

        def test_an_upgrade_that_is_wrong_fails(perdure_app, perdure_store_older):
            perdure_store_older("desk", "seats", {"m": 6})
            assert perdure_app.scope("desk").status.get("seats") == 6
    """).assert_outcomes(passed=1, failed=1)
