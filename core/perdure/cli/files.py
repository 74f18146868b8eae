"""Files that commands write: whole, or as they were before."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

import click

PRIVATE = 0o600
"""The mode of a file that only its owner reads."""


TARGET = click.Path()
"""A file that may not be there yet, whose name a shell can complete."""


def refuse_unwritable(file: str) -> None:
    """Refuse what no file can be written to, before there is anything to write.

    Raises:
        click.BadParameter: It is there and no file: a folder or a device. Or there is no folder to put it into.
    """
    path = led_to(file)
    if os.path.lexists(path) and not path.is_file():  # a folder, a device, or links that lead to each other
        raise click.BadParameter(f"{file} is there, and is no file.", param_hint="--output")
    if path.exists() and not os.access(path, os.W_OK):
        raise click.BadParameter(f"{file} is there, and may not be written.", param_hint="--output")
    if not path.parent.is_dir():
        raise click.BadParameter(f"There is no folder {path.parent}.", param_hint="--output")


def write_whole(file: str, text: str, *, private: bool = False) -> None:
    """Write a file so that whoever looks, whenever that is, finds all of it or what was there before.

    Args:
        file: Where to.
        text: What it holds, in UTF-8.
        private: Whether only its owner may read it; else as it was, or as the process makes files.

    Raises:
        click.BadParameter: No file can be written there.
        click.ClickException: It cannot be written.
    """
    refuse_unwritable(file)
    path = led_to(file)
    try:
        mode = PRIVATE if private else mode_of(path)
        handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as made:
                made.write(text)
                made.flush()
                os.fchmod(made.fileno(), mode)
                os.fsync(made.fileno())
            Path(beside).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(beside).unlink()
            raise
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror or error}. It is as it was before.") from None


def led_to(file: str) -> Path:
    """Return what a name leads to: not the link, where it is one."""
    return Path(os.path.realpath(file))


def mode_of(path: Path) -> int:
    """Return the mode of a file that is there, else the one that the process gives to new files."""
    with suppress(FileNotFoundError):
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
