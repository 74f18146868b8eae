"""All checks, each for itself: one that fails is told of, and the others go on."""

from __future__ import annotations

import traceback
from collections import Counter
from typing import TYPE_CHECKING

import attrs

from perdure import environment
from perdure.doctor.clock import clock_findings
from perdure.doctor.database import opened
from perdure.doctor.finding import WORST_FIRST, Finding, error, one_line
from perdure.doctor.history import history_findings
from perdure.doctor.place import database_finding, place_findings
from perdure.doctor.plugins import Installed, load_what_can_be, plugin_findings, policy_findings
from perdure.doctor.redis import redis_findings
from perdure.doctor.rows import row_findings
from perdure.doctor.schema import schema_findings
from perdure.doctor.servers import server_findings
from perdure.doctor.sqlite import sqlite_findings
from perdure.errors import ConfigurationError, InvalidName, SchemaMismatch, StoreError
from perdure.names import checked_tenant
from perdure.plugins.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from perdure.doctor.case import Case
    from perdure.doctor.database import Database
    from perdure.doctor.finding import Severity

OUT_OF_REACH = ("database-missing", "database-in-memory")
UNREADABLE = ("schema-missing", "schema-damaged", "database-denied")
"""Findings after which there is no use in going on with a database, and with its rows."""

AT_MOST = 100
"""How many findings of one code are told one by one; a table of a million damaged values has as many."""


@attrs.frozen
class Diagnosis:
    """What came of an examination.

    Attributes:
        findings: What was found, the worst first.
        checked: Which checks were made, to their end.
    """

    findings: tuple[Finding, ...]
    checked: tuple[str, ...]

    def count(self, severity: Severity) -> int:
        """Return how many findings are of a severity."""
        return sum(finding.severity == severity for finding in self.findings)

    def ok(self, *, strict: bool = False) -> bool:
        """Whether there is no error and, where that is asked for, no warning."""
        return not self.count("error") and not (strict and self.count("warning"))


class Examination:
    """Makes one check after the other."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.checked: list[str] = []
        self.seen: Counter[tuple[Severity, str]] = Counter()

    def check(self, name: str, findings: Iterable[Finding], where: str = "") -> None:
        """Take what a check finds; what it raises becomes a finding too.

        Args:
            name: What is checked.
            findings: Yields what is found.
            where: The database that it is about, if it is about one.
        """
        try:
            for finding in findings:
                self.take(finding)
        except Exception as failure:  # noqa: BLE001 - a check that crashes is told of, and must not end the others
            self.take(failed(name, failure, where))
        else:
            self.checked.append(name)

    def take(self, finding: Finding) -> None:
        """Keep a finding, or count it where there are too many like it."""
        kind = (finding.severity, finding.code)
        self.seen[kind] += 1
        if self.seen[kind] <= AT_MOST:
            self.findings.append(finding)

    def found(self, codes: Collection[str]) -> bool:
        """Whether anything of these codes was found."""
        return any(finding.code in codes for finding in self.findings)

    def diagnosis(self) -> Diagnosis:
        """Return what was found, the worst first."""
        for (severity, code), count in self.seen.items():
            if count > AT_MOST:
                problem = f"there are {count - AT_MOST} more of these"
                self.findings.append(Finding(severity, code, "…", problem, "Mend those above, then look again: perdure doctor"))
        ranked = sorted(self.findings, key=lambda finding: WORST_FIRST.index(finding.severity))
        return Diagnosis(tuple(ranked), tuple(self.checked))


def failed(name: str, failure: Exception, where: str) -> Finding:
    """Return what an error that ended a check comes to."""
    if isinstance(failure, StoreError | ConfigurationError):
        return database_finding(failure, where)
    # Not what it says: nobody knows what an error that nobody expected may quote.
    problem = f"the check itself failed with {type(failure).__name__}, {raised_at(failure)}"
    return error("check-failed", f"{name} of {where}" if where else name, problem, "Tell the authors of perdure")


def raised_at(failure: Exception) -> str:
    """Return where an error was raised."""
    frames = traceback.extract_tb(failure.__traceback__)
    return f"at {frames[-1].filename}:{frames[-1].lineno}" if frames else "nobody knows where"


def diagnose(case: Case) -> Diagnosis:
    """Examine everything that can be examined; nothing is changed.

    Args:
        case: What it is about.
    """
    examination = Examination()
    examination.check("environment", environment_findings(case))
    try:
        installed = load_what_can_be(case.plugins)
    except Exception as failure:  # noqa: BLE001 - as for every check
        examination.take(failed("plugins", failure, ""))
        installed = Installed(Registry.of(), missing=("all of them",))
    examination.check("plugins", plugin_findings(installed))
    examination.check("policy", policy_findings(installed, case.policy))
    if case.redis:
        examination.check("redis", redis_findings(case.redis))
    if case.where is not None:
        try:
            with opened(case.where) as database:
                examine_database(examination, case, database, installed)
        except Exception as failure:  # noqa: BLE001 - as for every check
            examination.take(failed("database", failure, ""))
    return examination.diagnosis()


def examine_database(examination: Examination, case: Case, database: Database, installed: Installed) -> None:
    """Examine a database and what is stored in it, if it can be reached."""
    where = database.shown
    examination.check("database", place_findings(database), where)
    if examination.found(OUT_OF_REACH) or "database" not in examination.checked:
        return
    if database.backend == "sqlite":
        examination.check("sqlite", sqlite_findings(database, deep=case.deep), where)
    else:
        examination.check("server", server_findings(database, case.policy.max_value_bytes), where)
        examination.check("clock", clock_findings(database, case.clock), where)
    examination.check("schema", schema_findings(database), where)
    if not examination.found(UNREADABLE):
        examination.check("values", row_findings(database, installed, case), where)
        examination.check("history", history_findings(database, installed, case), where)


def environment_findings(case: Case) -> Iterator[Finding]:
    """Tell what is wrong with what the application was told."""
    if case.failure is not None:
        behind = isinstance(case.failure, SchemaMismatch)
        advice = "perdure migrate, with the same --app" if behind else "Correct it; what else is told is about what is installed"
        yield error("app-failed", "--app", one_line(case.failure), advice)
    elif case.where is None:
        yield error("no-database", "PERDURE_URL", "no database is named", "export PERDURE_URL=sqlite:///app.db, or give --url")
    for variable, look in (
        (environment.MIGRATE, environment.migrate),
        (environment.TENANT, lambda: checked_tenant(environment.tenant())),
    ):
        try:
            look()
        except (ConfigurationError, InvalidName) as refused:
            yield error("environment", variable, one_line(refused), f"Correct it, or unset {variable}")
