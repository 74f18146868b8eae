"""The hooks that a plugin may implement. This file is their reference.

A plugin implements a hook by defining a function of its name, decorated with `hookimpl`, in the object that its entry point
in the group `perdure` names:

    @hookimpl
    def perdure_status_specs():
        return [STATUS]

Hooks return values; none changes an argument. Plugins are asked in the order of their entry points' names, so that the
order of installation never matters. What happens when a plugin fails is for the application to say: with
`App.open(on_plugin_failure="raise")`, the default, `App.open` raises `PluginFailed` naming the plugin and its distribution;
with `"skip"` the whole plugin is left out and told of in `app.report.failed`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perdure.app import App
    from perdure.records.spec import StatusSpec

PROJECT = "perdure"
"""The name of the pluggy project, and of the entry-point group."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function as the implementation of the hook whose name it has."""


@hookspec
def perdure_status_specs() -> Sequence[StatusSpec[Any]]:  # type: ignore[empty-body]
    """Declare the status of one or several modules.

    Called once, by `App.open`, before any database is touched.

    Returns:
        The specs. A module that another plugin declares too is refused with `DuplicateModule`, naming both distributions.
    """


@hookspec
def perdure_opened(app: App) -> None:
    """Do what a module has to do when an App has opened: write a first value, start a worker.

    Called once, last in `App.open`: the store is there and migrated, and every scope can be used.

    Args:
        app: The App that has opened.
    """
