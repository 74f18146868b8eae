"""What the loaded plugins contribute, put together: the one place an App looks things up in."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs

from perdure.errors import DuplicateModule, PluginError, UnknownModule
from perdure.plugins.loading import Contribution, attempt, load
from perdure.plugins.report import FailedPlugin, LoadedPlugin, LoadReport, Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from perdure.app import App
    from perdure.plugins.discovery import Candidate
    from perdure.plugins.loading import FailurePolicy
    from perdure.records.spec import StatusSpec


@attrs.define(eq=False)
class Registry:
    """The modules that plugins declare, and what came of loading each plugin.

    Attributes:
        specs: The specs by module, in the order of the modules' names.
        report: Which plugins are loaded, blocked or failed.
    """

    specs: Mapping[str, StatusSpec[Any]]
    report: LoadReport
    contributions: tuple[Contribution, ...]
    policy: FailurePolicy

    @classmethod
    def of(cls, *specs: StatusSpec[Any]) -> Registry:
        """Return a registry of these specs alone, with no plugin behind them.

        Raises:
            DuplicateModule: Two of them are for one module.
        """
        return cls.put_together([Contribution(Origin("Registry.of"), specs, {})], LoadReport(), "raise")

    @classmethod
    def load(cls, candidates: Iterable[Candidate], blocked: Iterable[Origin], policy: FailurePolicy) -> Registry:
        """Load the candidates and put together what they contribute.

        Raises:
            PluginError: A plugin failed and the policy is "raise", or two plugins declare one module, whatever the policy:
                which of them to leave out is not for chance to say.
        """
        contributions, failed = load(candidates, policy)
        loaded = tuple(LoadedPlugin(each.origin, tuple(spec.module for spec in each.specs)) for each in contributions)
        return cls.put_together(contributions, LoadReport(loaded, tuple(blocked), tuple(failed)), policy)

    @classmethod
    def put_together(cls, contributions: Iterable[Contribution], report: LoadReport, policy: FailurePolicy) -> Registry:
        """Return the registry of several plugins' contributions, or raise `DuplicateModule` naming both owners."""
        given = tuple(contributions)
        owners: dict[str, tuple[StatusSpec[Any], Origin]] = {}
        for contribution in given:
            for spec in contribution.specs:
                first, origin = owners.setdefault(spec.module, (spec, contribution.origin))
                if first is not spec:
                    raise DuplicateModule(spec.module, str(origin), str(contribution.origin))
        specs = {module: owners[module][0] for module in sorted(owners)}
        return cls(MappingProxyType(specs), report, given, policy)

    def spec(self, module: str) -> StatusSpec[Any]:
        """Return the spec of a module.

        Raises:
            UnknownModule: No loaded plugin declares it; the nearest known one is suggested.
        """
        try:
            return self.specs[module]
        except KeyError:
            raise UnknownModule(module, tuple(self.specs)) from None

    def announce_opened(self, app: App) -> None:
        """Tell every plugin that the App has opened; one that fails raises or is told of, as the policy says."""
        for contribution in self.contributions:
            implementation = contribution.hooks.get("perdure_opened")
            if implementation is None:
                continue
            arguments = {"app": app} if "app" in implementation.argnames else {}
            try:
                attempt(contribution.origin, "its hook perdure_opened", lambda f=implementation.function, a=arguments: f(**a))  # type: ignore[misc]
            except PluginError as error:
                if self.policy == "raise":
                    raise
                self.report = attrs.evolve(self.report, failed=(*self.report.failed, FailedPlugin(contribution.origin, error)))
