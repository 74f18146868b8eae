"""Values that cannot be read: damaged ones, and those that newer code has written."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from perdure.doctor.finding import error, one_line
from perdure.errors import PerdureError, ValueCorrupt, ValueFromNewerVersion, place
from perdure.records.entry import moment
from perdure.scope.declared import DeclaredModule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perdure.doctor.finding import Finding
    from perdure.doctor.plugins import Installed
    from perdure.scope.declared import DeclaredName
    from perdure.scope.policy import Policy
    from perdure.store.rows import Row


class Values:
    """Reads stored values as the modules declare them.

    Args:
        installed: What declares them.
        policy: What the application decided about them.
    """

    def __init__(self, installed: Installed, policy: Policy) -> None:
        self.installed = installed
        self.policy = policy
        self.modules: dict[str, DeclaredModule | None] = {}

    def declaration(self, stored_module: str, stored_name: str) -> DeclaredName | None:
        """Return what declares the value that is stored under a module and name, or None for what nobody declares."""
        module = self.installed.registry.by_stored_module.get(stored_module)
        if module is None or module in self.installed.doubtful:
            return None
        if module not in self.modules:
            self.modules[module] = self.compiled(module)
        declared = self.modules[module]
        return None if declared is None else declared.by_stored_name.get(stored_name)

    def compiled(self, module: str) -> DeclaredModule | None:
        """Return a module as an App would run it, or None where it cannot be run."""
        registry = self.installed.registry
        try:
            return DeclaredModule(registry.specs[module], self.policy, registry.lifecycles)
        except PerdureError:  # which is told of with the plugins
            return None

    def found_in(self, declared: DeclaredName, row: Row) -> Iterator[Finding]:
        """Tell why a row cannot be read, if it cannot."""
        if row.text is None:
            return
        where = place(row.tenant, declared.module, declared.name)
        try:
            declared.decoded(row.tenant, row.stored)
            moment(row.created_at)
            moment(row.updated_at)
        except ValueFromNewerVersion as newer:
            problem = f"newer code wrote it, in record version {newer.found}; what is installed reads up to {newer.newest}"
            yield error(
                "value-newer", where, problem, "Install the newer version of its module again: nothing older may replace it"
            )
        except ValueCorrupt as corrupt:
            yield error(
                "value-unreadable",
                where,
                one_line(f"{corrupt.path}: {corrupt.problem}"),
                corrupt.advice or mending(row, declared),
            )
        except (TypeError, OverflowError):
            problem = f"expected times in microseconds, got {row.created_at!r:.40} and {row.updated_at!r:.40}"
            yield error("value-unreadable", where, problem, mending(row, declared))


def mending(row: Row, declared: DeclaredName) -> str:
    """Return the commands that lead from a damaged value to one that can be read."""
    name = shlex.join((declared.module, declared.name))
    whose = f" --tenant {shlex.quote(row.tenant)}" if row.tenant else ""
    look = "" if declared.field.secret else f"perdure get {name} --raw{whose} shows it; "
    return f"{look}perdure history {name}{whose}, perdure revert {name} VERSION{whose}, or perdure set {name} VALUE{whose}"
