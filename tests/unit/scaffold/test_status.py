from __future__ import annotations

import sys
import tomllib

import pytest

from perdure import InvalidName
from perdure.scaffold.refused import Refused
from perdure.scaffold.status import new_status

PYPROJECT = """\
[project]
name = "Library_Desk"
dependencies = ["perdure[postgresql]>=0.1"]
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with a package, and the current folder an empty one elsewhere."""
    root = tmp_path / "project"
    (root / "library_desk").mkdir(parents=True)
    (root / "library_desk/__init__.py").write_text("")
    (root / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return root


def paths(root, plan):
    return [f"{each.action} {each.path.relative_to(root)}" for each in plan.files]


WRITTEN = ["create library_desk/status.py", "create tests/test_library_desk_status.py", "edit pyproject.toml"]


def test_a_status_is_added(project):
    identity, plan = new_status("library_desk", project)
    assert (identity.module, identity.plugin, identity.record) == ("library-desk", "library_desk.status", "LibraryDeskStatus")
    assert paths(project, plan) == WRITTEN
    assert plan.notes == ()
    plan.write()
    found = tomllib.loads((project / "pyproject.toml").read_text())
    assert found["project"]["entry-points"]["perdure"] == {"library-desk": "library_desk.status"}
    assert 'StatusSpec("library-desk", LibraryDeskStatus)' in (project / "library_desk/status.py").read_text()


def test_the_package_is_found_wherever_it_is_meant(project, monkeypatch):
    for path in (project, project / "library_desk", project / "library_desk/../library_desk"):
        assert paths(project, new_status("library-desk", path)[1]) == WRITTEN
    for here in (project, project / "library_desk"):
        monkeypatch.chdir(here)
        assert paths(project, new_status("library_desk")[1]) == WRITTEN
    monkeypatch.chdir(project.parent / "elsewhere")
    with pytest.raises(Refused, match="--path"):
        new_status("library_desk")
    monkeypatch.syspath_prepend(project)
    assert paths(project, new_status("library_desk")[1]) == WRITTEN
    assert "library_desk" not in sys.modules


def test_packages_in_src_and_within_others_are_found(project):
    (project / "src/acme/desk").mkdir(parents=True)
    (project / "src/acme/desk/__init__.py").write_text("")
    for path in (project, project / "src", project / "src/acme/desk"):
        identity, plan = new_status("acme.desk", path)
        assert (identity.plugin, identity.record) == ("acme.desk.status", "DeskStatus")
        assert paths(project, plan)[:2] == ["create src/acme/desk/status.py", "create tests/test_acme_desk_status.py"]


def test_the_module_may_have_a_name_of_its_own(project):
    identity, _ = new_status("library_desk", project, module="Other.Desk")
    assert identity.module == "other-desk"


@pytest.mark.parametrize(
    "source",
    [
        "@hookimpl\ndef perdure_status_specs():\n    return []\n",
        "class Plugin:\n    @hookimpl\n    def perdure_status_specs(self):\n        return []\n",
        '@hookimpl(specname="perdure_status_specs")\ndef specs():\n    return []\n',
        "perdure_status_specs = \n",
    ],
    ids=["function", "method", "specname", "broken"],
)
def test_a_second_hook_is_refused_with_what_to_add_by_hand(project, source):
    (project / "library_desk/deep").mkdir()
    (project / "library_desk/deep/plugin.py").write_text(source)
    with pytest.raises(Refused, match=r"plugin\.py implements the hook") as raised:
        new_status("library_desk", project, force=True)
    assert 'add StatusSpec("library-desk", LibraryDeskStatus) to the list' in str(raised.value)


def test_a_word_in_a_comment_is_no_hook(project):
    (project / "library_desk/.#lock.py").symlink_to("nobody@nowhere")  # as editors leave them
    (project / "library_desk/__init__.py").write_text('"""See perdure_status_specs."""\n# def perdure_status_specs()\n')
    new_status("library_desk", project)


def test_a_status_that_was_written_before_is_replaced_where_that_is_wanted(project):
    new_status("library_desk", project)[1].write()
    with pytest.raises(Refused, match="hook"):
        new_status("library_desk", project)
    _, plan = new_status("library_desk", project, force=True)
    assert paths(project, plan) == ["overwrite library_desk/status.py", "overwrite tests/test_library_desk_status.py"]
    plan.write(force=True)


@pytest.mark.parametrize(("listed", "noted"), [('["attrs"]', True), ('["perdure-user"]', True), ('["Perdure ~=0.1"]', False)])
def test_a_dependency_that_is_missing_is_told_of(project, listed, noted):
    (project / "pyproject.toml").write_text(f'[project]\nname = "d"\ndependencies = {listed}\n')
    assert bool(new_status("library_desk", project)[1].notes) is noted
    (project / "pyproject.toml").write_text('[project]\nname = "d"\ndynamic = ["dependencies"]\n')
    assert not new_status("library_desk", project)[1].notes


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[tool.poetry]\nname = 'd'\n", "no table"),
        ("[project", "no valid TOML"),
        ("[project]\nname = 'd'\n\xe9", "cannot be read"),
    ],
)
def test_a_project_that_cannot_be_edited_is_told_of(project, text, problem):
    (project / "pyproject.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(Refused, match=problem):
        new_status("library_desk", project)


def test_a_package_without_a_project_and_one_that_pip_copied_are_told_of(project, monkeypatch):
    (project / "pyproject.toml").unlink()
    with pytest.raises(Refused, match=r"no pyproject\.toml"):
        new_status("library_desk", project)
    with pytest.raises(Refused, match="where pip has copied"):
        new_status("attrs")
    with pytest.raises(Refused, match="was not found"):
        new_status("json.decoder")
    (project / "broken").mkdir()
    (project / "broken/__init__.py").write_text("raise RuntimeError")
    monkeypatch.syspath_prepend(project)
    with pytest.raises(Refused, match="was not found"):
        new_status("broken.desk")
    with pytest.raises(InvalidName, match="no name of a Python package"):
        new_status("../library")
