"""What the doctor can tell of files, file systems and versions without a database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from perdure.doctor import disk
from perdure.doctor.disk import disk_findings, file_system
from perdure.doctor.sqlite import damage_findings, log_findings, version_findings

MOUNTS = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /srv/app rw,relatime shared:2 - nfs4 server:/export rw,vers=4.2
31 30 8:2 / /srv/app/local rw - xfs /dev/sdb rw
32 22 0:41 / /mnt/with\040space rw - fuse.sshfs ada@server:/ rw
33 22 0:42 / /proc rw - proc proc rw
34 22 0:43 / /srv/twice rw - ext4 /dev/sdc rw
35 22 0:44 / /srv/twice rw - cifs //server/share rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/app.db", "ext4"),
        ("/srv/app/app.db", "nfs4"),
        ("/srv/application/app.db", "ext4"),
        ("/srv/app/local/app.db", "xfs"),
        ("/mnt/with space/app.db", "fuse.sshfs"),
        ("/srv/twice/app.db", "cifs"),
    ],
)
def test_the_file_system_of_a_path_is_that_of_the_nearest_mount(path, kind):
    assert file_system(Path(path), MOUNTS) == kind


def test_nothing_is_said_where_nothing_is_known():
    assert file_system(Path("/home"), "") == ""


def test_a_file_system_over_a_network_is_named(tmp_path, monkeypatch):
    mounts = tmp_path / "mountinfo"
    monkeypatch.setattr(disk, "MOUNTS", mounts)
    assert list(disk_findings(tmp_path / "app.db", "app.db")) == []
    for kind, expected in (("ext4", []), ("nfs", ["sqlite-network-file-system"]), ("fuse.sshfs", ["sqlite-network-file-system"])):
        mounts.write_text(f"22 1 8:1 / / rw - {kind} x rw\n", "utf-8")
        assert [each.code for each in disk_findings(tmp_path / "app.db", "app.db")] == expected


@pytest.mark.parametrize(
    ("version", "faulty"),
    [
        ((3, 6, 23), False),
        ((3, 40, 1), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
    ],
)
def test_versions_that_lose_commits_are_good_to_know_and_a_warning_where_a_host_checkpoints(version, faulty):
    assert [each.severity for each in version_findings("app.db", version, hosts=False)] == ["info"] * faulty
    assert [each.severity for each in version_findings("app.db", version, hosts=True)] == ["warning"] * faulty


def test_a_log_is_named_from_the_length_on_that_nobody_should_see(tmp_path):
    log = tmp_path / "app.db-wal"
    assert list(log_findings(log, "app.db")) == []
    log.write_bytes(bytes(1000))
    assert list(log_findings(log, "app.db", too_long=1001)) == []
    assert [each.code for each in log_findings(log, "app.db", too_long=1000)] == ["sqlite-log-grown"]


def test_looking_through_a_long_file_ends_in_time_unless_all_of_it_is_asked_for():
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE long (x TEXT)")
        connection.executemany("INSERT INTO long VALUES (?)", ((str(number),) for number in range(50_000)))
        connection.commit()
        found = list(damage_findings(connection, "app.db", deep=False, patience=0.0))
        assert [(each.severity, each.code) for each in found] == [("info", "sqlite-not-checked-whole")]
        assert list(damage_findings(connection, "app.db", deep=True, patience=0.0)) == []
        assert connection.execute("SELECT count(*) FROM long").fetchone() == (50_000,)
