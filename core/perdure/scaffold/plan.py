"""A plan of files: what would be written, shown before, and written whole or not at all."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Literal

import attrs

from perdure.scaffold.refused import Refused

Action = Literal["create", "overwrite", "edit"]
"""What becomes of a file: it is new, replaced by another, or changed in one place."""


@attrs.frozen
class PlannedFile:
    """A file to be written.

    Attributes:
        path: Where.
        text: All that it will hold.
        before: What an edited file holds, so that nobody's change in between is lost; None for a file of its own.
    """

    path: Path
    text: str
    before: str | None = None

    @property
    def action(self) -> Action:
        """What becomes of it."""
        if self.before is not None:
            return "edit"
        return "overwrite" if os.path.lexists(self.path) else "create"


@attrs.frozen
class Plan:
    """Files to be written together.

    Attributes:
        root: The folder of the project that they belong to.
        files: The files, in the order in which they are shown.
        notes: What the author should know of it, in sentences.
    """

    root: Path
    files: tuple[PlannedFile, ...]
    notes: tuple[str, ...] = ()

    def check(self, *, force: bool) -> None:
        """Refuse to overwrite.

        Args:
            force: Whether files that are there may be replaced.

        Raises:
            Refused: Files are there already, or what is there is no file.
        """
        there = [str(each.path) for each in self.files if each.action == "overwrite"]
        if folders := [path for path in there if Path(path).is_dir()]:
            raise Refused(f"{', '.join(folders)} is a folder, and a file is to be written there", "Move it away first.")
        if there and not force:
            are = "is" if len(there) == 1 else "are"
            raise Refused(f"{', '.join(there)} {are} there already", "Give --force to overwrite, or write elsewhere.")

    def write(self, *, force: bool = False) -> None:
        """Write all the files, or none.

        Args:
            force: Whether files that are there may be replaced.

        Raises:
            Refused: Files are there already, one to be edited has changed meanwhile, or the disk does not take them.
        """
        self.check(force=force)
        writing = Writing()
        try:
            for each in self.files:
                writing.write(each, force=force)
        except OSError as error:
            writing.undo()
            raise Refused(
                f"{error.filename or 'The files'} cannot be written: {error.strerror or error}", "Repair that first."
            ) from error
        except BaseException:
            writing.undo()
            raise
        writing.finish()


@attrs.define
class Writing:
    """What has been written so far, so that it can be taken back.

    Attributes:
        folders: The folders that were made, in that order.
        created: The files that were not there before.
        replaced: Copies of the files that were, by their paths.
    """

    folders: list[Path] = attrs.field(factory=list)
    created: list[Path] = attrs.field(factory=list)
    replaced: dict[Path, Path] = attrs.field(factory=dict)

    def write(self, file: PlannedFile, *, force: bool) -> None:
        """Write a file, and note what to take back."""
        self.make_folder(file.path.parent)
        action = file.action
        if action == "create" or (action == "overwrite" and not force):
            self.create(file.path, file.text.encode(), "xb")  # fails where somebody was faster
            return
        path = file.path.resolve()  # the file that a link names, not the link
        if file.before is not None and path.read_bytes() != file.before.encode():
            raise Refused(f"{file.path} has been changed by somebody else meanwhile", "Try again.")
        self.replace(path, file.text.encode())

    def make_folder(self, folder: Path) -> None:
        """Make a folder and those above it."""
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        for each in reversed(missing):
            each.mkdir()
            self.folders.append(each)

    def create(self, path: Path, data: bytes, mode: Literal["xb", "wb"]) -> None:
        """Write a file that is not there yet."""
        with path.open(mode) as opened:
            self.created.append(path)
            opened.write(data)

    def replace(self, path: Path, data: bytes) -> None:
        """Write another file beside one, and put it in its place: nobody ever reads half of it."""
        beside, copy = (path.with_name(f".{path.name}.{os.getpid()}.{which}") for which in ("new", "old"))
        self.create(copy, path.read_bytes(), "wb")
        self.create(beside, data, "wb")
        for each in (copy, beside):
            shutil.copymode(path, each)
        beside.replace(path)
        self.created = [each for each in self.created if each not in (beside, copy)]
        self.replaced[path] = copy

    def finish(self) -> None:
        """Drop what was kept to be put back."""
        for copy in self.replaced.values():
            copy.unlink()

    def undo(self) -> None:
        """Take everything back, as far as the disk lets us; that takes no room on it."""
        for path, copy in self.replaced.items():
            with suppress(OSError):
                copy.replace(path)
        for path in self.created:
            with suppress(OSError):
                path.unlink()
        for folder in reversed(self.folders):
            with suppress(OSError):
                folder.rmdir()
