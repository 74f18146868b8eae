"""What came of loading plugins: which are loaded, blocked or failed, and from which distribution each came."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from perdure.errors import owner

if TYPE_CHECKING:
    from perdure.errors import PluginError


@attrs.frozen
class Origin:
    """Where a plugin came from.

    Attributes:
        plugin: The name of its entry point, or of the object that was handed to `App.open`.
        distribution: The distribution that brought it, or None where it was handed in.
        version: That distribution's version, or None.
    """

    plugin: str
    distribution: str | None = None
    version: str | None = None

    def __str__(self) -> str:
        return owner(self.plugin, self.distribution)


@attrs.frozen
class LoadedPlugin:
    """A plugin that takes part.

    Attributes:
        origin: Where it came from.
        modules: The modules whose status it declares.
        families: The families of status codes that it brings or extends.
        lifecycles: The lifecycles that it brings or extends.
    """

    origin: Origin
    modules: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    lifecycles: tuple[str, ...] = ()


@attrs.frozen
class FailedPlugin:
    """A plugin that was left out because it failed.

    Attributes:
        origin: Where it came from.
        error: What happened; its `__cause__` is the plugin's own exception.
    """

    origin: Origin
    error: PluginError


@attrs.frozen
class LoadReport:
    """What came of loading plugins; `app.report`.

    Attributes:
        loaded: The plugins that take part, in the order of their names.
        blocked: The plugins that were never imported, because the application said so.
        failed: The plugins that failed; always empty with `on_plugin_failure="raise"`. They were left out, apart from one whose
            hook `perdure_opened` failed, which takes part all the same.
        unmatched: Names that the application blocks, and no plugin goes by.
        undeclared: Modules that the application gives defaults or pins for, and no loaded plugin declares; they are told of here,
            and not refused, where a plugin that failed or is blocked may be the one that does.
    """

    loaded: tuple[LoadedPlugin, ...] = ()
    blocked: tuple[Origin, ...] = ()
    failed: tuple[FailedPlugin, ...] = ()
    unmatched: tuple[str, ...] = ()
    undeclared: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every plugin that was found takes part."""
        return not self.blocked and not self.failed
