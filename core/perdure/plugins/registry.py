"""What the loaded plugins contribute, put together: the one place an App looks things up in."""

from __future__ import annotations

import logging
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs

from perdure.bindings import Bindings
from perdure.codes.families import Families
from perdure.codes.keys import BindingNamespaces, CoreBindings
from perdure.codes.lifecycles import Lifecycles
from perdure.errors import DuplicateModule, PluginError, UnknownModule, place
from perdure.plugins.loading import Contribution, attempt, load
from perdure.plugins.report import FailedPlugin, LoadReport, Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from perdure.app import App
    from perdure.plugins.discovery import Selection
    from perdure.plugins.loading import FailurePolicy
    from perdure.records.entry import Change
    from perdure.records.spec import StatusSpec


logger = logging.getLogger("perdure.plugins")


@attrs.define(eq=False)
class Registry:
    """What plugins hand in, merged, and what came of loading each of them.

    Attributes:
        specs: The specs by module, in the order of the modules' names; former names are not among them.
        families: The families of status codes, with all extensions.
        lifecycles: The lifecycles, with all extensions, over these families.
        bindings: The named parts.
        report: Which plugins are loaded, blocked or failed.
        contributions: What each plugin handed in.
        policy: What becomes of a plugin that fails.
    """

    specs: Mapping[str, StatusSpec[Any]]
    families: Families
    lifecycles: Lifecycles
    bindings: Bindings
    report: LoadReport
    contributions: tuple[Contribution, ...]
    policy: FailurePolicy

    @classmethod
    def of(cls, *specs: StatusSpec[Any]) -> Registry:
        """Return a registry of these specs alone, with no plugin behind them.

        Raises:
            DuplicateModule: Two of them are for one module, or one claims another's name as a former one.
        """
        return cls.put_together([Contribution(Origin("Registry.of"), specs)], LoadReport(), "raise")

    @classmethod
    def load(
        cls,
        selection: Selection,
        policy: FailurePolicy,
        *,
        allow_shared_numbers: bool = False,
    ) -> Registry:
        """Load the candidates and put together what they contribute.

        Args:
            selection: The plugins to load, and those that are blocked.
            policy: What becomes of a plugin that fails.
            allow_shared_numbers: Let two plugins use one number of a family for two names.

        Raises:
            PluginError: A plugin failed and the policy is "raise"; or two plugins clash, whatever the policy: which of them to
                leave out is not for chance to say.
            DefinitionError: What plugins define does not fit together.
        """
        contributions, failed = load(selection.candidates, policy)
        report = LoadReport(tuple(each.told() for each in contributions), selection.blocked, tuple(failed), selection.unmatched)
        return cls.put_together(contributions, report, policy, allow_shared_numbers=allow_shared_numbers)

    @classmethod
    def put_together(
        cls,
        contributions: Iterable[Contribution],
        report: LoadReport,
        policy: FailurePolicy,
        *,
        allow_shared_numbers: bool = False,
    ) -> Registry:
        """Return the registry of several plugins' contributions, or raise an error that names both owners of a clash."""
        given = tuple(contributions)
        families = Families.merge(
            ((str(each.origin), family) for each in given for family in each.families), allow_shared_numbers=allow_shared_numbers
        )
        handed_in = ((str(each.origin), lifecycle) for each in given for lifecycle in each.lifecycles)
        return cls(
            specs=united_specs(given),
            families=families,
            lifecycles=Lifecycles.merge(handed_in, families),
            bindings=united_bindings(given),
            report=report,
            contributions=given,
            policy=policy,
        )

    def spec(self, module: str) -> StatusSpec[Any]:
        """Return the spec of a module, which a former name finds too; what it is called now is the spec's `module`.

        Raises:
            UnknownModule: No loaded plugin declares it; the nearest known one is suggested.
        """
        try:
            return self.specs[self.current_name(module)]
        except KeyError:
            raise UnknownModule(module, tuple(self.specs)) from None

    def current_name(self, module: str) -> str:
        """Return what a module is called now: another name for a former one, and the same for one that nobody declares."""
        return self.by_former_name.get(module, module)

    @cached_property
    def by_former_name(self) -> Mapping[str, str]:
        """What each renamed module is called now, by each name that it had before."""
        return MappingProxyType({former: module for module, spec in self.specs.items() for former in spec.formerly})

    @cached_property
    def by_stored_module(self) -> Mapping[str, str]:
        """What each module is called now, by the name that its values are stored under."""
        return MappingProxyType({spec.stored_module: module for module, spec in self.specs.items()})

    def listens(self) -> bool:
        """Whether any plugin wants to be told of writes."""
        return any("perdure_value_changed" in each.hooks for each in self.contributions)

    def announce_change(self, app: App, change: Change) -> None:
        """Tell every plugin of a committed write; one that fails is logged."""
        for contribution in self.contributions:
            implementation = contribution.hooks.get("perdure_value_changed")
            if implementation is None:
                continue
            arguments = {name: value for name, value in (("app", app), ("change", change)) if name in implementation.argnames}
            try:
                implementation.function(**arguments)
            except Exception:
                logger.exception(
                    "plugin %s failed in perdure_value_changed; version %s of %s is committed",
                    contribution.origin,
                    change.version,
                    place(change.tenant, change.module, change.name),
                )

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
                logger.warning("A plugin is left out: %s", error)
                self.report = attrs.evolve(self.report, failed=(*self.report.failed, FailedPlugin(contribution.origin, error)))


def united_specs(contributions: Iterable[Contribution]) -> Mapping[str, StatusSpec[Any]]:
    """Return every plugin's specs by module, or raise `DuplicateModule` naming both owners of a name, be it a former one."""
    owners: dict[str, tuple[StatusSpec[Any], Origin]] = {}
    for contribution in contributions:
        for spec in contribution.specs:
            for name in (spec.module, *spec.formerly):
                first, origin = owners.setdefault(name, (spec, contribution.origin))
                if first is not spec:
                    raise DuplicateModule(name, claim(name, first, origin), claim(name, spec, contribution.origin))
    return MappingProxyType({name: owners[name][0] for name in sorted(owners) if owners[name][0].module == name})


def claim(name: str, spec: StatusSpec[Any], origin: Origin) -> str:
    """Return how a clash names an owner of a name: by its plugin, and by what the module is called now if that is another."""
    return str(origin) if spec.module == name else f"{origin} (as a former name of {spec.module!r})"


def united_bindings(contributions: Iterable[Contribution]) -> Bindings:
    """Return every plugin's bindings in one table, or raise `DuplicateBinding` naming both owners."""
    bindings = Bindings(known=CoreBindings.SCHEME_SET, namespaces=BindingNamespaces.SCHEME_SET)
    for contribution in contributions:
        for binding in contribution.bindings:
            bindings.add(binding, owner=str(contribution.origin))
    return bindings
