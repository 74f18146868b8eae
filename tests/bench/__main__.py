"""Measures perdure beside others, and writes down what came of it: `make bench`."""

from __future__ import annotations

import argparse
import sys
import time
import traceback
import warnings
from typing import TYPE_CHECKING

from rich.console import Console
from tests.bench.comparison import Outcome
from tests.bench.machine import described
from tests.bench.measure import Pace
from tests.bench.page import PAGE, side_by_side, target_rows, written
from tests.bench.places import Places
from tests.bench.report import said, summary
from tests.bench.target import Finding
from tests.bench.works import WORKS

if TYPE_CHECKING:
    from tests.bench.comparison import Work

terminal = Console(highlight=False, markup=False, soft_wrap=True)

QUICK = Pace(rounds=3, slice=0.001)


def main() -> None:
    """Run what the command line asks for, and write the page where that is everything."""
    asked = arguments()
    unknown = set(asked.names) - {work.name for work in WORKS}
    if unknown:
        sys.exit(f"There is no {', '.join(sorted(unknown))}. There are: {' '.join(work.name for work in WORKS)}")
    chosen = [work for work in WORKS if not asked.names or work.name in asked.names]
    with Places() as places, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the libraries say of one another
        outcomes = [done(work, places, QUICK if asked.quick else Pace()) for work in chosen]
        findings = [finding for outcome in outcomes for finding in outcome.findings]
        terminal.print(summary(findings))
        if asked.names or asked.quick:
            terminal.print("The page was not written: that takes a whole run.")
            return
        tables = [outcome.table for outcome in outcomes if outcome.table is not None]
        parts = {"targets": target_rows(findings), "machine": described(places), "candidates": side_by_side(tables)}
        PAGE.write_text(written(PAGE.read_text("utf-8"), parts), "utf-8")
        terminal.print(f"Written: {PAGE.name}")


def arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", help="what to measure; everything, unless named")
    parser.add_argument("--quick", action="store_true", help="see whether it works, and measure nothing that counts")
    return parser.parse_args()


def done(work: Work, places: Places, pace: Pace) -> Outcome:
    """Do a work, and tell at once what came of it; one that fails does not end the run."""
    began = time.perf_counter()
    try:
        outcome = work.run(places, pace)
    except Exception as error:  # noqa: BLE001 - told of, here and on the page
        traceback.print_exc(limit=-1)
        why = f"it failed: {type(error).__name__}"
        outcome = Outcome(tuple(Finding(target, None, why) for target in work.targets), why=why)
    terminal.print(said(work.name, outcome, time.perf_counter() - began))
    return outcome


if __name__ == "__main__":
    main()
