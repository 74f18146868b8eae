"""What the doctor makes of what servers say of themselves, where a server of the tests cannot be made to say it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from perdure.doctor.clock import skew
from perdure.doctor.servers import mariadb_findings, postgresql_findings

CHARSETS = ("utf8mb4",) * 3


class Server:
    """A connection whose every query has one row."""

    def __init__(self, *answers, version=(10, 11, 19), is_mariadb=True):
        self.answers = list(answers)
        self.dialect = SimpleNamespace(is_mariadb=is_mariadb, server_version_info=version)
        self.engine = SimpleNamespace(
            url=SimpleNamespace(set=lambda **_: SimpleNamespace(render_as_string=lambda: "mariadb://x"))
        )

    def exec_driver_sql(self, _text):
        row = self.answers.pop(0)
        return SimpleNamespace(one=lambda: row, scalar_one=lambda: row)


def told(findings):
    return [(each.severity, each.code, each.problem.split()[0]) for each in findings]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (("on", "on", "on", False, "off"), []),
        (("remote_apply", "on", "on", False, "off"), []),
        (("off", "on", "on", False, "off"), [("info", "server-durability", "synchronous_commit")]),
        (("on", "off", "on", False, "off"), [("warning", "server-durability", "fsync")]),
        (("on", "on", "off", False, "off"), [("warning", "server-durability", "full_page_writes")]),
        (("on", "on", "on", True, "off"), [("error", "database-read-only", "the")]),
        (("on", "on", "on", False, "on"), [("error", "database-read-only", "default_transaction_read_only")]),
    ],
)
def test_settings_of_postgresql(answer, expected):
    assert told(postgresql_findings(Server(answer), "postgresql://x")) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((1, 0, 0, 16_777_216, 0), []),
        ((3, 1, 1, 16_777_216, 0), []),
        ((2, 0, 0, 16_777_216, 0), [("warning", "server-durability", "innodb_flush_log_at_trx_commit")]),
        ((1, 1, 0, 16_777_216, 0), [("warning", "server-durability", "sync_binlog")]),
        ((1, 0, 0, 65_536, 0), [("warning", "server-packet", "max_allowed_packet")]),
        ((1, 0, 0, 16_777_216, 1), [("error", "database-read-only", "read_only")]),
    ],
)
def test_settings_of_mariadb(answer, expected):
    settings = (1, 0, 0, 16_777_216, *CHARSETS)
    assert told(mariadb_findings(Server(settings, answer), "mariadb://x", 65_536)) == expected


@pytest.mark.parametrize(
    "server",
    [
        Server(is_mariadb=False, version=(8, 0)),
        Server(version=(10, 4, 1)),
        Server((1, 0, 0, 16_777_216, "latin1", "utf8mb4", "utf8mb4")),
    ],
)
def test_a_server_that_cannot_be_used(server):
    assert [each[:2] for each in told(mariadb_findings(server, "mariadb://x", 65_536))] == [("error", "server-unfit")]


def test_the_packet_that_is_advised_is_enough():
    settings, answer = (1, 0, 0, 16_777_216, *CHARSETS), (1, 0, 0, 1024, 0)
    (finding,) = mariadb_findings(Server(settings, answer), "mariadb://x", 65_536)
    advised = int(finding.advice.split()[4].rstrip(","))
    assert list(mariadb_findings(Server(settings, (1, 0, 0, advised, 0)), "mariadb://x", 65_536)) == []


def test_the_way_to_the_server_and_back_is_not_taken_for_a_wrong_clock():
    times = iter([100.0, 104.0, 200.0, 200.2, 300.0, 302.0])
    ahead, unsure = skew(Server(102.0, 200.1 + 3, 301.0), "", lambda: next(times))
    assert (round(ahead, 6), round(unsure, 6)) == (3.0, 0.1)
