"""Everything that is stored, read once, row by row, for all tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure.doctor.clock import now
from perdure.doctor.database import rows
from perdure.doctor.finding import error
from perdure.doctor.future import Future
from perdure.doctor.keys import key_finding
from perdure.doctor.leftovers import Leftovers
from perdure.doctor.pending import Pending
from perdure.doctor.values import Values
from perdure.store.rows import Row, is_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perdure.doctor.case import Case
    from perdure.doctor.database import Database
    from perdure.doctor.finding import Finding
    from perdure.doctor.plugins import Installed

EVERYTHING = (
    "SELECT tenant, module, name, value, encoding, version, record_version, created_at, updated_at, actor, "
    "CASE WHEN value IS NOT NULL THEN 1 WHEN EXISTS (SELECT 1 FROM perdure_change c WHERE c.tenant = s.tenant "
    "AND c.module = s.module AND c.name = s.name) THEN 1 ELSE 0 END FROM perdure_status s ORDER BY tenant, module, name"
)
"""Every row, and whether there is anything under its key: a value, or at least a history."""

TOLD_EVERY = 1000


def row_findings(database: Database, installed: Installed, case: Case) -> Iterator[Finding]:
    """Tell of values that cannot be read, wait for an upgrade, come from the future, or belong to nobody.

    Args:
        database: Where they are.
        installed: What declares them.
        case: What the application decided about them, and who is told how many were seen.
    """
    values, pending, leftovers = Values(installed, case.policy), Pending(), Leftovers(installed)
    with database.reading() as connection:
        future = Future(now(connection, database.backend, case.clock))
        for count, (*cells, something) in enumerate(rows(connection, EVERYTHING), 1):
            row = Row._make(cells)
            if count % TOLD_EVERY == 0:
                case.progress("rows", count)
            if not is_key(row[:3]):
                yield key_finding("perdure_status", row[:3])
                continue
            future.note(row)
            try:
                declared = values.declaration(row.module, row.name)
                if declared is not None:
                    yield from values.found_in(declared, row)
                    pending.note(declared, row)
                elif something:
                    leftovers.note(row)
            except Exception as failure:  # noqa: BLE001 - one row must not hide the others
                # Its words are not shown: there may be a secret in them.
                problem = f"looking at it failed with {type(failure).__name__}"
                where = f"{row.module}.{row.name} (tenant {row.tenant!r})"
                yield error("check-failed", where, problem, "Look at its row in perdure_status")
    yield from (*pending.findings(), *leftovers.findings(), *future.findings())
