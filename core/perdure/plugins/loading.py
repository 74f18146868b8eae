"""Loading plugins: import, register, ask; one that fails is left out whole or ends it all, as the application wants."""

from __future__ import annotations

import inspect
import logging
from typing import TYPE_CHECKING, Any, Literal

import attrs
import pluggy

from perdure.bindings import Binding
from perdure.codes.family import FamilyMeta
from perdure.codes.lifecycle import LifecycleMeta
from perdure.errors import DefinitionError, PluginError, PluginFailed, UnknownHook
from perdure.plugins import hookspecs
from perdure.plugins.hookspecs import PROJECT
from perdure.plugins.report import FailedPlugin, LoadedPlugin
from perdure.records.spec import StatusSpec
from perdure.records.values.fitness import refuse_unfit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pluggy import HookImpl

    from perdure.codes.family import StatusFamily
    from perdure.codes.lifecycle import Lifecycle
    from perdure.plugins.discovery import Candidate
    from perdure.plugins.report import Origin

logger = logging.getLogger("perdure.plugins")

FailurePolicy = Literal["raise", "skip"]
"""What becomes of a plugin that fails: everything ends, or it is left out and told of."""

EXPECTED = {
    "perdure_status_specs": "StatusSpec",
    "perdure_status_families": "StatusFamily classes",
    "perdure_lifecycles": "Lifecycle classes",
    "perdure_bindings": "Binding",
}
"""What each hook that hands something in returns a list of."""


@attrs.frozen
class Contribution:
    """What one plugin hands in.

    Attributes:
        origin: Where the plugin came from.
        specs: The status it declares.
        families: The families and extensions of families it hands in.
        lifecycles: The lifecycles and extensions of lifecycles it hands in.
        bindings: The parts it binds.
        hooks: Its implementations, by the name of the hook.
    """

    origin: Origin
    specs: tuple[StatusSpec[Any], ...] = ()
    families: tuple[type[StatusFamily], ...] = ()
    lifecycles: tuple[type[Lifecycle], ...] = ()
    bindings: tuple[Binding, ...] = ()
    hooks: Mapping[str, HookImpl] = attrs.field(factory=dict)

    def told(self) -> LoadedPlugin:
        """Return what the load report says of it."""
        return LoadedPlugin(
            self.origin,
            tuple(spec.module for spec in self.specs),
            tuple(family.name for family in self.families),
            tuple(each.__qualname__ for each in self.lifecycles),
        )


def load(candidates: Iterable[Candidate], policy: FailurePolicy) -> tuple[list[Contribution], list[FailedPlugin]]:
    """Import the candidates, register them with pluggy and collect what they contribute.

    Args:
        candidates: What to load, in this order.
        policy: Whether a plugin that fails raises, or is left out and listed.

    Returns:
        What the loaded plugins contribute, and the plugins that failed.

    Raises:
        PluginError: A plugin failed, and the policy is "raise".
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    contributions: list[Contribution] = []
    failed: list[FailedPlugin] = []
    for candidate in candidates:
        try:
            contribution = loaded(manager, candidate)
        except PluginError as error:
            if policy == "raise":
                raise
            logger.warning("A plugin is left out: %s", error)
            failed.append(FailedPlugin(candidate.origin, error))
        else:
            if contribution is not None:
                contributions.append(contribution)
    return contributions, failed


def loaded(manager: pluggy.PluginManager, candidate: Candidate) -> Contribution | None:
    """Load one plugin whole; None where the same object is registered under another entry point already."""
    origin = candidate.origin
    plugin = attempt(origin, "importing it", candidate.load)
    if manager.is_registered(plugin):
        return None
    attempt(origin, "registering it", lambda: manager.register(plugin, name=f"{origin.distribution}:{origin.plugin}"))
    try:
        hooks = implemented(manager, plugin, origin)
        return Contribution(
            origin,
            resolved(answers(hooks, origin, "perdure_status_specs", StatusSpec), origin),
            answers(hooks, origin, "perdure_status_families", FamilyMeta),
            answers(hooks, origin, "perdure_lifecycles", LifecycleMeta),
            answers(hooks, origin, "perdure_bindings", Binding),
            hooks,
        )
    except PluginError:
        manager.unregister(plugin)
        raise


def attempt(origin: Origin, doing: str, step: Callable[[], Any]) -> Any:
    """Do what a plugin has a part in, and name the plugin where it fails."""
    try:
        return step()
    except KeyboardInterrupt:
        raise
    # A plugin that calls sys.exit when imported, or panics in Rust, has failed; it does not get to end the application.
    except BaseException as error:
        problem = f"{doing} raised {type(error).__name__}: {told(str, error)}"
        raise PluginFailed(origin.plugin, origin.distribution, problem) from error


def told(show: Callable[[object], str], what: object) -> str:
    """Return what `str` or `repr` says of something of a plugin's, which may fail in that too."""
    try:
        return show(what)
    except Exception as error:  # noqa: BLE001 - whatever it is, another failure is to be told
        return f"({type(what).__name__}, of which {show.__name__} raised {type(error).__name__})"


def implemented(manager: pluggy.PluginManager, plugin: object, origin: Origin) -> dict[str, HookImpl]:
    """Return a plugin's implementations by hook, and refuse what would be overlooked.

    Raises:
        UnknownHook: It implements a hook that does not exist.
        PluginFailed: It implements none, wraps one, or forgot the decorator.
    """
    known = tuple(sorted(name for name in vars(hookspecs) if name.startswith(f"{PROJECT}_")))
    hooks: dict[str, HookImpl] = {}
    for caller in manager.get_hookcallers(plugin) or ():
        implementation = next(each for each in caller.get_hookimpls() if each.plugin is plugin)
        if not caller.has_spec() and not implementation.optionalhook:
            raise UnknownHook(origin.plugin, origin.distribution, caller.name, known)
        if implementation.wrapper or implementation.hookwrapper:
            raise PluginFailed(
                origin.plugin, origin.distribution, f"it wraps {caller.name}, and hooks of perdure are not wrapped"
            )
        hooks[caller.name] = implementation
    if name := next(forgotten(plugin, hooks), None):
        problem = f"{name} lacks the decorator @hookimpl and would never be called"
        raise PluginFailed(origin.plugin, origin.distribution, problem)
    if not hooks:
        raise PluginFailed(origin.plugin, origin.distribution, f"it implements no hook; there are {', '.join(known)}")
    return hooks


def forgotten(plugin: object, hooks: Mapping[str, HookImpl]) -> Iterator[str]:
    """Yield the functions of a plugin that are called like hooks and are none; what it imported from elsewhere is not meant."""
    for name in dir(plugin):
        if name.startswith(f"{PROJECT}_") and name not in hooks:
            function = getattr(plugin, name, None)
            home = getattr(plugin, "__name__", None) or type(plugin).__module__
            if inspect.isroutine(function) and getattr(function, "__module__", None) in (home, type(plugin).__module__):
                yield name


def answers(hooks: Mapping[str, HookImpl], origin: Origin, hook: str, kind: type) -> tuple[Any, ...]:
    """Ask a plugin for what it hands in through one hook.

    Raises:
        PluginFailed: The hook raised, or returned something else than a list of that kind.
    """
    implementation = hooks.get(hook)
    if implementation is None:
        return ()
    found = attempt(origin, f"its hook {hook}", implementation.function)
    if not isinstance(found, list | tuple) or not all(isinstance(each, kind) for each in found):
        problem = f"its hook {hook} returned {told(repr, found):.80}; expected a list of {EXPECTED[hook]}"
        raise PluginFailed(origin.plugin, origin.distribution, problem)
    return tuple(found)


def resolved(specs: tuple[StatusSpec[Any], ...], origin: Origin) -> tuple[StatusSpec[Any], ...]:
    """Return specs that can be kept, so that a broken one fails here, under the plugin's name."""
    for spec in specs:
        try:
            refuse_unfit(spec)
        except DefinitionError as error:
            raise PluginFailed(origin.plugin, origin.distribution, str(error).rstrip(".")) from error
    return specs
