from __future__ import annotations

import os
from pathlib import Path

import pytest

from perdure.scaffold.plan import Plan, PlannedFile, Writing
from perdure.scaffold.refused import Refused


def held(folder):
    """Everything in a folder, to be compared."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


def plan(folder, *files):
    return Plan(folder, tuple(PlannedFile(folder / name, *texts) for name, *texts in files))


def test_files_are_written_with_their_folders(tmp_path):
    made = plan(tmp_path / "new", ("a.txt", "ä\n"), ("deep/er/b.txt", ""))
    assert [each.action for each in made.files] == ["create", "create"]
    made.write()
    assert held(tmp_path / "new") == {"a.txt": "ä\n".encode(), "deep": None, "deep/er": None, "deep/er/b.txt": b""}


def test_what_is_there_is_not_overwritten_unless_that_is_wanted(tmp_path):
    (tmp_path / "b.txt").write_text("mine")
    made = plan(tmp_path, ("a.txt", "a"), ("b.txt", "b"))
    with pytest.raises(Refused, match=r"b\.txt is there already. Nothing was written. Give --force"):
        made.write()
    assert held(tmp_path) == {"b.txt": b"mine"}
    assert [each.action for each in made.files] == ["create", "overwrite"]
    made.write(force=True)
    assert held(tmp_path) == {"a.txt": b"a", "b.txt": b"b"}


def test_a_dangling_link_is_something_that_is_there(tmp_path):
    (tmp_path / "a.txt").symlink_to(tmp_path / "nowhere")
    with pytest.raises(Refused, match="there already"):
        plan(tmp_path, ("a.txt", "a")).write()


def test_a_folder_in_the_way_is_never_overwritten(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(Refused, match="is a folder"):
        plan(tmp_path, ("a.txt", "a")).write(force=True)


def test_a_failure_leaves_everything_as_it_was(tmp_path):
    (tmp_path / "old.txt").write_text("old")
    (tmp_path / "edited.txt").write_text("before")
    (tmp_path / "file").write_text("a file, and a folder is wanted")
    before = held(tmp_path)
    made = plan(
        tmp_path,
        ("new/deep/a.txt", "a"),
        ("old.txt", "new"),
        ("edited.txt", "after", "before"),
        ("file/b.txt", "no room"),
    )
    with pytest.raises(Refused, match=r"file/b\.txt cannot be written") as raised:
        made.write(force=True)
    assert held(tmp_path) == before
    assert "Nothing was written" in str(raised.value)


def test_an_interrupt_leaves_everything_as_it_was(tmp_path, monkeypatch):
    (tmp_path / "old.txt").write_text("old")
    before = held(tmp_path)
    write = Writing.write

    def interrupted(self, file, *, force):
        write(self, file, force=force)
        if file.path.name == "last.txt":
            raise KeyboardInterrupt

    monkeypatch.setattr(Writing, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        plan(tmp_path, ("new/a.txt", "a"), ("old.txt", "new"), ("last.txt", "b")).write(force=True)
    assert held(tmp_path) == before


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(self, _source):
        raise OSError(28, "No space left on device", str(self))

    (tmp_path / "old.txt").write_text("old")
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(Refused, match="No space left on device"):
        plan(tmp_path, ("a.txt", "a"), ("old.txt", "new")).write(force=True)
    assert held(tmp_path) == {"old.txt": b"old"}


def test_a_file_that_appears_after_the_check_is_not_overwritten(tmp_path, monkeypatch):
    made = plan(tmp_path, ("a.txt", "a"), ("b.txt", "b"))
    check = Plan.check

    def checked(self, *, force):
        check(self, force=force)
        (tmp_path / "b.txt").write_text("faster")

    monkeypatch.setattr(Plan, "check", checked)
    with pytest.raises(Refused):
        made.write()
    assert held(tmp_path) == {"b.txt": b"faster"}


def test_an_edit_keeps_the_mode_and_the_link_and_nobodys_change_is_lost(tmp_path):
    real = tmp_path / "real.toml"
    real.write_bytes(b"one\r\n")
    real.chmod(0o640)
    (tmp_path / "link.toml").symlink_to(real)
    made = plan(tmp_path, ("link.toml", "one\r\ntwo\r\n", "one\r\n"))
    assert made.files[0].action == "edit"
    made.write()
    assert real.read_bytes() == b"one\r\ntwo\r\n"
    assert real.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "link.toml").is_symlink()
    with pytest.raises(Refused, match="changed by somebody else"):
        made.write()
    assert real.read_bytes() == b"one\r\ntwo\r\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_told_of(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(Refused, match="Permission denied"):
        plan(tmp_path, ("a.txt", "a")).write()
