from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from perdure.plugins.discovery import handed_in, installed, without_blocked
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
