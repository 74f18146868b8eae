"""The host's own App, found as Flask finds an application: `--app package:app`."""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from perdure.aio.app import AsyncApp, Opening
from perdure.app import App
from perdure.errors import PerdureError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

USUAL = "app"
"""What the App is called where only the package is named."""


@attrs.frozen
class Host:
    """The host's App.

    Attributes:
        app: The App.
        made: Whether it was opened for this run, which is to close it.
    """

    app: App
    made: bool


def host(target: str) -> Host:
    """Import the host's App, from the current folder too.

    Args:
        target: `package:app`; the app may be an App, an AsyncApp, what `AsyncApp.open` returns, a Flask application that has
            an App in its `extensions["perdure"]`, or a function without arguments that returns one of these. `package` alone
            stands for `package:app`.

    Raises:
        click.BadParameter: There is no such thing.
        click.ClickException: The host's own code failed.
        PerdureError: The host's App cannot be opened.
    """
    package, _, path = target.partition(":")
    path = (path or USUAL).removesuffix("()")
    if not package or not all(part.isidentifier() for part in (*package.split("."), *path.split("."))):
        raise refused(f"{target!r} is not of the form package:app")
    found = attribute(imported(package), path)
    made = is_factory(found)
    if made:
        found = attempted(f"calling {target}", found)
    app, opened = app_of(found)
    if app is None:
        came = f"{package}:{path}{' returned' if made else ' is'} {described(found)}"
        raise refused(f"{came}. Expected an App, an AsyncApp or a function that returns one")
    return Host(app, made or opened)


def refused(problem: str) -> click.BadParameter:
    """Return the error for an `--app` that does not lead to an App."""
    return click.BadParameter(f"{problem}.", param_hint="--app")


def imported(package: str) -> Any:
    """Import a package or module, from the current folder too."""
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return attempted(f"importing {package}", lambda: importlib.import_module(package), missing=package)
    except ModuleNotFoundError as error:
        raise refused(f"there is no module {error.name!r}: looked in {folder}, and among what is installed") from None


def attribute(module: Any, path: str) -> Any:
    """Return what a dotted path leads to within a module."""
    found = module
    for part in path.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            names = [name for name in vars(module) if not name.startswith("_")]
            raise refused(f"{module.__name__} has no {path!r}. {nearest(path, names).rstrip('.')}") from None
    return found


def is_factory(found: Any) -> bool:
    """Whether something is a function to be called; a Flask application can be called too, and is none."""
    return inspect.isroutine(found) or isinstance(found, partial)


def app_of(found: Any) -> tuple[App | None, bool]:
    """Return the App that something is or has, and whether it was opened here."""
    if isinstance(found, Opening):
        return attempted("opening the AsyncApp", found.open_app), True
    if isinstance(found, AsyncApp):
        return found.app, False
    if isinstance(extensions := getattr(found, "extensions", None), dict):
        found = extensions.get("perdure")
    return found if isinstance(found, App) else None, False


def described(found: Any) -> str:
    """Return how a message calls what is no App."""
    if inspect.iscoroutine(found):
        found.close()
        return "a coroutine, which nobody awaits here"
    return f"of type {type(found).__qualname__}"


def attempted(doing: str, step: Callable[[], Any], missing: str | None = None) -> Any:
    """Run the host's own code; where it fails, say where.

    Args:
        doing: What it is, for the message.
        step: The code.
        missing: A module whose absence is for the caller to tell of.

    Raises:
        click.ClickException: It failed.
    """
    try:
        return step()
    except (PerdureError, click.ClickException):
        raise
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and missing and error.name and f"{missing}.".startswith(f"{error.name}."):
            raise
        raise click.ClickException(f"{doing} raised {type(error).__name__} (--app):\n\n{own_traceback(error)}") from None


def own_traceback(error: BaseException) -> str:
    """Return a traceback without the frames of what imports and calls the host's code."""
    ours = (__file__, importlib.__file__)
    frames = traceback.extract_tb(error.__traceback__)
    kept = [each for each in frames if each.filename not in ours and not each.filename.startswith("<frozen importlib")]
    # Without the lines themselves: a URL or a pin may stand in them, and a password in that.
    places = [f'  File "{each.filename}", line {each.lineno}, in {each.name}\n' for each in kept]
    return "".join([*places, *traceback.format_exception_only(error)]).rstrip()
