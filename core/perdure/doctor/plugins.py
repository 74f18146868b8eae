"""What is installed: plugins that failed, clashes between them, and names that block nothing or decide about nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from perdure.doctor.finding import error, info, one_line, warning
from perdure.errors import DefinitionError, DuplicateModule, PerdureError, PluginError, PluginFailed
from perdure.plugins.loading import load
from perdure.plugins.registry import Registry
from perdure.plugins.report import LoadReport
from perdure.scope.declared import DeclaredModule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perdure.doctor.finding import Finding
    from perdure.plugins.discovery import Selection
    from perdure.plugins.loading import Contribution
    from perdure.plugins.report import FailedPlugin
    from perdure.scope.policy import Policy

CLASHING = ("module", "family", "lifecycle", "key")
"""What an error calls the thing that two plugins claim."""


@attrs.frozen
class Installed:
    """What can be made of the plugins, though some of them do not go together.

    Attributes:
        registry: What the others hand in.
        clashes: What stands between those that were left out and the others.
        missing: The plugins that take no part: failed, blocked or left out.
        doubtful: Modules that two plugins declare, so that nobody can say how their values are to be read.
    """

    registry: Registry
    clashes: tuple[PluginError | DefinitionError, ...] = ()
    missing: tuple[str, ...] = ()
    doubtful: frozenset[str] = frozenset()


def load_what_can_be(plugins: Selection | Registry) -> Installed:
    """Load plugins, and leave out those that fail or clash with others; one that is loaded already is taken as it is."""
    if isinstance(plugins, Registry):
        return Installed(plugins, missing=absent(plugins.report))
    contributions, failed = load(plugins.candidates, "skip")
    report = LoadReport(tuple(each.told() for each in contributions), plugins.blocked, tuple(failed), plugins.unmatched)
    kept, left_out, clashes = list(contributions), [], []
    while True:
        try:
            registry = Registry.put_together(kept, report, "skip")
        except (PluginError, DefinitionError) as clash:
            clashes.append(clash)
            left_out.append(involved(kept, clash))
            kept.remove(left_out[-1])
        else:
            break
    missing = (*absent(report), *(str(each.origin) for each in left_out))
    doubtful = frozenset(clash.module for clash in clashes if isinstance(clash, DuplicateModule))
    return Installed(registry, tuple(clashes), missing, doubtful)


def absent(report: LoadReport) -> tuple[str, ...]:
    """Return the plugins that take no part."""
    return tuple(map(str, (*report.blocked, *(each.origin for each in report.failed))))


def involved(contributions: Sequence[Contribution], clash: Exception) -> Contribution:
    """Return the last of the plugins without which this clash would not be."""
    for each in reversed(contributions):
        try:
            Registry.put_together([other for other in contributions if other is not each], LoadReport(), "skip")
        except (PluginError, DefinitionError) as another:
            if str(another) == str(clash):
                continue
        return each
    return contributions[-1]


def plugin_findings(installed: Installed) -> Iterator[Finding]:
    """Tell what is wrong with the plugins."""
    report = installed.registry.report
    yield from map(failed_plugin, report.failed)
    for clash in installed.clashes:
        where = next((str(getattr(clash, name)) for name in CLASHING if hasattr(clash, name)), "plugins")
        advice = "No App opens before it is solved: pip uninstall one of them, or block one: export PERDURE_BLOCKED=its-name"
        yield error("plugin-clash", where, one_line(clash), advice)
    for name in report.unmatched:
        problem = "it is blocked, and no plugin or distribution goes by this name"
        yield warning(
            "blocked-unmatched", name, problem, "Correct PERDURE_BLOCKED (or blocked=…): perdure plugins lists the names"
        )


def failed_plugin(failed: FailedPlugin) -> Finding:
    """Tell of a plugin that failed."""
    origin = failed.origin
    problem = failed.error.problem if isinstance(failed.error, PluginFailed) else str(failed.error)
    again = f"pip install --upgrade {origin.distribution}, or " if origin.distribution else "Repair it, or "
    return error("plugin-failed", str(origin), one_line(problem), f"{again}leave it out: export PERDURE_BLOCKED={origin.plugin}")


def policy_findings(installed: Installed, policy: Policy) -> Iterator[Finding]:
    """Tell of what the application decided about values that nobody declares, or wrongly, and of what it pins."""
    registry = installed.registry
    for argument, given in (("defaults", policy.defaults), ("pinned", policy.pinned)):
        for module in given:
            if module not in registry.specs:
                advice = f"Correct App.open({argument}=…), or install what declares it: perdure modules lists what is declared"
                yield warning(
                    "policy-undeclared", module, f"{argument} are given for it, and no loaded plugin declares it", advice
                )
    for module, spec in registry.specs.items():
        try:
            DeclaredModule(spec, policy, registry.lifecycles)
        except PerdureError as failure:
            yield error("module-unfit", module, one_line(failure), "Mend its StatusSpec, or what App.open is given for it")
    for module, names in policy.pinned.items():
        for name in names if module in registry.specs else ():
            problem = "the application pins it: what is stored is not seen, and writing it is refused"
            yield info("pinned", f"{module}.{name}", problem, "To have what is stored, take it out of App.open(pinned=…)")
