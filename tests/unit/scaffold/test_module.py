from __future__ import annotations

import json
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from perdure import InvalidName
from perdure.scaffold.module import new_module
from perdure.scaffold.source import COLUMNS

ROOT = Path(__file__).parents[3]


def texts(folder, plan):
    return {str(each.path.relative_to(folder)): each.text for each in plan.files}


def test_a_distribution_is_complete(tmp_path):
    identity, plan = new_module("Library.Desk", tmp_path, author="Ada Lovelace <ada@example.org>")
    found = texts(tmp_path / "library-desk", plan)
    assert list(found) == [
        "pyproject.toml",
        "README.md",
        ".gitignore",
        "library_desk/__init__.py",
        "library_desk/py.typed",
        "tests/test_status.py",
    ]
    project = tomllib.loads(found["pyproject.toml"])["project"]
    assert project["name"] == identity.module == "library-desk"
    assert project["authors"] == [{"name": "Ada Lovelace", "email": "ada@example.org"}]
    assert project["entry-points"] == {"perdure": {"library-desk": "library_desk"}}
    assert f"perdure>={metadata.version('perdure')}" in project["dependencies"]
    assert not any("$" in text for path, text in found.items() if path != "README.md")
    assert "$ pip install library-desk" in found["README.md"]


@pytest.mark.parametrize("name", ["x", "a" * 28, "a" * 34, "-".join("abcdefghijklmnopqrstuvwxyz01"), "z" * 56])
def test_no_line_of_python_is_too_long_whatever_its_name(tmp_path, name):
    found = texts(tmp_path / name, new_module(name, tmp_path)[1])
    assert all(len(line) <= COLUMNS for path, text in found.items() if path.endswith(".py") for line in text.splitlines())


@pytest.mark.parametrize(
    ("author", "found"),
    [
        (None, None),
        ("Ada", [{"name": "Ada"}]),
        ("<ada@example.org>", [{"email": "ada@example.org"}]),
        ('Ada "the \\ Countess" Lovelace', [{"name": 'Ada "the \\ Countess" Lovelace'}]),
        ("Émilie du Châtelet", [{"name": "Émilie du Châtelet"}]),
    ],
)
def test_an_author_is_quoted(tmp_path, author, found):
    text = texts(tmp_path / "desk", new_module("desk", tmp_path, author=author)[1])["pyproject.toml"]
    assert tomllib.loads(text)["project"].get("authors") == found


@pytest.mark.parametrize("author", ["", "  ", "<ada>", "Ada <ada@example.org", "Ada\nBob", "Ada\x7f", "<>"])
def test_an_author_that_is_none_is_refused(tmp_path, author):
    with pytest.raises(InvalidName, match="neither a name nor"):
        new_module("desk", tmp_path, author=author)


def test_a_local_version_is_not_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(metadata, "version", lambda _name: "0.9.dev3+g12ab")
    assert '"perdure>=0.9.dev3"' in texts(tmp_path / "desk", new_module("desk", tmp_path)[1])["pyproject.toml"]

    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert '"perdure"' in texts(tmp_path / "desk", new_module("desk", tmp_path)[1])["pyproject.toml"]


@pytest.mark.parametrize("name", ["attrs", "perdure", "SQLAlchemy"])
def test_an_installed_package_is_refused(tmp_path, name):
    with pytest.raises(InvalidName, match="installed package") as raised:
        new_module(name, tmp_path)
    assert "--package NAME" in str(raised.value)


def test_an_installed_distribution_is_refused_too(tmp_path):
    with pytest.raises(InvalidName, match="installed distribution"):
        new_module("import-linter", tmp_path)
    with pytest.raises(InvalidName, match="installed package"):
        new_module("desk", tmp_path, package="importlinter")


@pytest.mark.parametrize("editable", [True, False])
def test_what_was_installed_from_the_folder_may_be_written_again(tmp_path, monkeypatch, editable):
    new_module("front-desk", tmp_path / "here")[1].write()
    information = tmp_path / "site/front_desk-0.1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: front-desk\nVersion: 0.1.0\n")
    (information / "direct_url.json").write_text(json.dumps({"url": (tmp_path / "here/front-desk").as_uri(), "dir_info": {}}))
    if editable:
        monkeypatch.syspath_prepend(tmp_path / "here/front-desk")
    else:
        (tmp_path / "site/front_desk").mkdir()
        (tmp_path / "site/front_desk/__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path / "site")
    new_module("front-desk", tmp_path / "here")
    with pytest.raises(InvalidName, match="installed package"):
        new_module("front-desk", tmp_path)
    with pytest.raises(InvalidName, match="installed distribution"):
        new_module("front-desk", tmp_path, package="other_desk")


def test_the_documentation_shows_what_is_written(tmp_path):
    page = (ROOT / "docs/how-to/start-a-module.md").read_text("utf-8")
    block = page.partition("```python\n")[2].partition("```")[0]
    found = texts(tmp_path / "library-desk", new_module("library-desk", tmp_path)[1])["library_desk/__init__.py"]
    shown = [line for line in block.splitlines() if line]
    written = [line for line in found.splitlines() if line and not line.startswith("__all__")]
    assert shown == written[1:]
    listed = [line.split()[1] for line in page.splitlines() if line.startswith("create  library-desk/")]
    assert listed == [str(each.path.relative_to(tmp_path)) for each in new_module("library-desk", tmp_path)[1].files]
