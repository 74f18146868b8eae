"""Where a file lies: how much room there is, and whether its file system is one that SQLite can trust."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from perdure.doctor.finding import error, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perdure.doctor.finding import Finding

MOUNTS = Path("/proc/self/mountinfo")
NETWORKED = re.compile(
    r"nfs|nfs4|cifs|smb3|smbfs|ncpfs|afs|9p|ceph|glusterfs|lustre|gpfs|beegfs|ocfs2|gfs2|fuse\.(sshfs|glusterfs|s3fs|rclone|gcsfuse|ceph-fuse|davfs.*)|davfs"
)
"""File systems whose locks, or whose shared memory, SQLite's log cannot rely on: https://sqlite.org/wal.html."""

FEW = 256 * 2**20
TOO_FEW = 32 * 2**20
"""Free bytes below which a disk is nearly full, and below which it is as good as full: perdure lets a log grow to 32 MB."""


def disk_findings(path: Path, where: str) -> Iterator[Finding]:
    """Tell of a disk that is nearly full, and of a file system that lies on another machine."""
    free = shutil.disk_usage(path.parent).free
    if free < FEW:
        make = error if free < TOO_FEW else warning
        yield make("disk-nearly-full", where, f"its disk has {free // 2**20} MB left", f"Make room on it: df -h {path.parent}")
    try:
        mounts = MOUNTS.read_text("utf-8", "surrogateescape")
    except OSError:  # only Linux tells in this way
        return
    kind = file_system(path.resolve(), mounts)
    if NETWORKED.fullmatch(kind):
        problem = f"its file system is {kind}, over a network: SQLite's log works on one machine only, and commits can be lost"
        yield error("sqlite-network-file-system", where, problem, "Move it to a local disk, or use PostgreSQL or MariaDB")


def file_system(path: Path, mounts: str) -> str:
    """Return the type of the file system that a path lies on, or the empty string.

    Args:
        path: Absolute, without symbolic links.
        mounts: What Linux says in /proc/self/mountinfo; https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html.
    """
    found, longest = "", -1
    for line in mounts.splitlines():
        before, separator, after = line.partition(" - ")
        if not separator:
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), before.split()[4]))
        if path.is_relative_to(point) and len(point.parts) >= longest:  # of those at one place, the last hides the others
            found, longest = after.split()[0], len(point.parts)
    return found
