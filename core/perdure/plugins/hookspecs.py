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
    from perdure.bindings import Binding
    from perdure.codes.family import StatusFamily
    from perdure.codes.lifecycle import Lifecycle
    from perdure.records.entry import Change
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
def perdure_status_families() -> Sequence[type[StatusFamily]]:  # type: ignore[empty-body]
    """Hand in families of status codes, and extensions of families.

    Called once, by `App.open`, before any database is touched.

    Returns:
        The classes. Codes of an extension are added to its family, for every part of the application. The same code from two
        plugins is agreement; one number with two names, or one name with two numbers, is refused with `CodeClash`, and two
        families of one name with `DuplicateFamily`, naming both distributions.
    """


@hookspec
def perdure_lifecycles() -> Sequence[type[Lifecycle]]:  # type: ignore[empty-body]
    """Hand in lifecycles, and extensions of lifecycles.

    Called once, by `App.open`, before any database is touched.

    Returns:
        The classes. Transitions of an extension are added to its lifecycle. Two plugins that say different things of one
        transition are refused with `LifecycleClash`, naming both distributions.
    """


@hookspec
def perdure_bindings() -> Sequence[Binding]:  # type: ignore[empty-body]
    """Bind named parts, for `app.bindings`.

    Called once, by `App.open`, before any database is touched. Factories and classes are called when their part is asked for.

    Returns:
        The bindings. A key that another plugin binds too is refused with `DuplicateBinding`, naming both distributions.
    """


@hookspec
def perdure_opened(app: App) -> None:
    """Do what a module has to do when an App has opened: write a first value, start a worker.

    Called once, last in `App.open`: the store is there and migrated, and every scope can be used.

    One that fails ends `App.open`; with `on_plugin_failure="skip"` it is told of in `app.report.failed`, and the plugin takes
    part all the same, since others may have used it by then.

    Args:
        app: The App that has opened.
    """


@hookspec
def perdure_value_changed(app: App, change: Change) -> None:
    """Take note of a write that this process has committed.

    Called once for each write, in the order of the commits, on a thread of the App's own: soon after the COMMIT, and never for
    what was rolled back, a savepoint's part included. Writes of other processes are not told of. One that fails is logged, and
    ends nothing.

    Args:
        app: The App that wrote.
        change: What was written.
    """
