from __future__ import annotations

import sys
from importlib.metadata import entry_points
from types import ModuleType, SimpleNamespace

import pytest

from perdure import App, InvalidArgument
from perdure.plugins.discovery import chosen, handed_in, installed, without_blocked
from perdure.plugins.report import Origin


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder on sys.path, to install distributions into."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(distribution, points, version="1.0"):
        folder = tmp_path / f"{distribution.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n", "utf-8")
        lines = "".join(f"{name} = {target}\n" for name, target in points.items())
        (folder / "entry_points.txt").write_text(f"[perdure]\n{lines}", "utf-8")

    return install


def test_entry_points_are_found_with_their_distribution_and_not_imported(site):
    site("Some-Dist", {"zz-some": "not_there_to_import"}, version="2.3")
    origins = [candidate.origin for candidate in installed()]
    assert Origin("zz-some", "Some-Dist", "2.3") in origins
    assert "not_there_to_import" not in sys.modules


def test_the_order_is_that_of_names_and_then_of_distributions(site):
    site("beta", {"zz-same": "x", "zz-a": "x"})
    site("alpha", {"zz-same": "x"})
    ours = [(each.origin.plugin, each.origin.distribution) for each in installed() if each.origin.plugin.startswith("zz")]
    assert ours == [("zz-a", "beta"), ("zz-same", "alpha"), ("zz-same", "beta")]


@pytest.mark.parametrize("blocked", ["zz-one", "My.Dist", "my-dist", "MY_DIST"])
def test_blocking_goes_by_entry_point_or_by_any_spelling_of_the_distribution(site, blocked):
    site("my-dist", {"zz-one": "x"})
    site("other", {"zz-two": "x"})
    ours = [each for each in installed() if each.origin.plugin.startswith("zz")]
    chosen = without_blocked(ours, [blocked, "zz-nothing"])
    assert [each.origin.plugin for each in chosen.candidates] == ["zz-two"]
    assert [each.plugin for each in chosen.blocked] == ["zz-one"]
    assert chosen.unmatched == ("zz-nothing",)


def test_objects_that_are_handed_in_have_no_distribution():
    module = ModuleType("some_module")
    found = handed_in([SimpleNamespace(), module, SimpleNamespace()])
    assert [each.origin for each in found] == [Origin("SimpleNamespace"), Origin("SimpleNamespace 2"), Origin("some_module")]
    assert found[2].load() is module


def test_plugins_may_be_chosen_by_name_and_no_other_is_imported(site):
    site("my-dist", {"zz-one": "not_there_to_import", "zz-two": "nor_there"})
    site("other", {"zz-three": "nor_anywhere"})
    module = ModuleType("some_module")
    found = chosen([module, "My.Dist", "zz-one"])
    expected = [Origin("some_module"), Origin("zz-one", "my-dist", "1.0"), Origin("zz-two", "my-dist", "1.0")]
    assert [each.origin for each in found] == expected
    assert [each.origin.plugin for each in chosen("zz-three")] == ["zz-three"]
    assert chosen([]) == []
    with pytest.raises(
        InvalidArgument, match=r"plugins='zz-four' cannot be used: expected a plugin object, .*'zz-three', 'zz-two'"
    ):
        chosen(["zz-one", "zz-four"])


def test_what_is_installed_is_looked_for_once_however_many_are_named(site, monkeypatch):
    site("my-dist", {"zz-one": "x", "zz-two": "x", "zz-three": "x"})
    scans = []
    monkeypatch.setattr("perdure.plugins.discovery.entry_points", lambda **group: scans.append(group) or entry_points(**group))
    assert len(chosen(["zz-one", "zz-two", "zz-three"])) == 3
    assert len(scans) == 1


def test_none_is_no_plugin():
    with pytest.raises(InvalidArgument, match="plugins=None cannot be used: expected a plugin object, .*'training-student'"):
        App.open("sqlite://", plugins=["training-student", None])


def test_an_app_opens_with_those_that_are_named():
    with App.open("sqlite://", plugins=["training-student"]) as app:
        assert [each.origin.distribution for each in app.report.loaded] == ["training-student"]
        assert app.report.complete
    with pytest.raises(InvalidArgument, match="plugins='traning-student'"):
        App.open("sqlite://", plugins="traning-student")
