"""Values in another version of their record than the one that their module writes: nothing is wrong, but code is still needed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from perdure.doctor.finding import info

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perdure.doctor.finding import Finding
    from perdure.scope.declared import DeclaredName
    from perdure.store.rows import Row

REWRITE = "perdure migrate --rewrite"


class Pending:
    """Counts values by the record version that they are in."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, int, int]] = Counter()

    def note(self, declared: DeclaredName, row: Row) -> None:
        """Count a row, if it can be read and is not in the version that is written."""
        writes, reads = declared.evolution.writes, declared.evolution.reads
        found = row.record_version
        if row.text is not None and isinstance(found, int) and 1 <= found <= reads and found != writes:
            self.counts[declared.module, found, writes] += 1

    def findings(self) -> Iterator[Finding]:
        """Tell how many there are of each version."""
        for (module, found, writes), count in sorted(self.counts.items()):
            values = "1 value is" if count == 1 else f"{count} values are"
            problem = f"{values} in record version {found}, and {writes} is written: they are converted when they are read"
            advice = f"Nothing now. Before the code that knows version {found} is removed: {REWRITE}"
            yield info("value-pending", module, problem, advice)
