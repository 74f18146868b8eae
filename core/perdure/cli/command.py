"""What every command has in common: its options, and what becomes of errors."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click

from perdure.cli.output import data_apart
from perdure.cli.session import Session
from perdure.errors import (
    ConfigurationError,
    InvalidName,
    NoStoreConfigured,
    PerdureError,
    PluginsMissing,
    UnknownFamily,
    UnknownModule,
    UnknownStatusCode,
    UnknownStatusName,
    ValueCorrupt,
    ValueRefused,
    nearest,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

P = ParamSpec("P")
R = TypeVar("R")

USED_WRONGLY = (
    ConfigurationError,
    InvalidName,
    UnknownFamily,
    UnknownModule,
    UnknownStatusCode,
    UnknownStatusName,
    ValueRefused,
)
"""Errors of who typed the command; every other says that it failed."""


def mending(error: ValueCorrupt) -> str:
    """Return the commands for a value that cannot be read."""
    name = shlex.join((error.module, error.name))
    whose = f" --tenant {shlex.quote(error.tenant)}" if error.tenant else ""
    look = f"`perdure get {name}{whose} --raw` shows the stored text, unless it is secret"
    return f"{look}; `perdure set {name} VALUE{whose}` replaces it."


NO_STORE = (
    "No store is configured. Give its URL (--url sqlite:///app.db), set the environment variable PERDURE_URL, or name the "
    "application's own App (--app package:app)."
)


def told(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Keep what an option says, wherever it stood; one that says nothing leaves what was said before it."""
    if value not in (None, (), False) and parameter.name is not None:
        setattr(session_of(context), parameter.name, value)
    return value


def session_of(context: click.Context) -> Session:
    """Return the run that a command belongs to."""
    return context.find_root().ensure_object(Session)


def shared_options() -> Sequence[click.Option]:
    """Return the options of every command."""
    return [
        click.Option(["--url"], metavar="URL", help="The database; else PERDURE_URL.", expose_value=False, callback=told),
        click.Option(
            ["--redis"],
            multiple=True,
            metavar="URL",
            help="A Redis master, as often as there are any; else PERDURE_REDIS.",
            expose_value=False,
            callback=told,
        ),
        click.Option(["--tenant"], metavar="NAME", help="Whose values; else PERDURE_TENANT.", expose_value=False, callback=told),
        click.Option(
            ["--app", "target"],
            metavar="PACKAGE:APP",
            help="The application's own App in place of --url, or what returns one.",
            expose_value=False,
            callback=told,
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="Write data as JSON.", expose_value=False, callback=told),
    ]


def words_for(error: PerdureError) -> str:
    """Return what is said of an error: its message, what was noted of it, and what it means on the command line."""
    if isinstance(error, NoStoreConfigured):
        return NO_STORE
    said = [str(error), *getattr(error, "__notes__", ())]
    if isinstance(error, ValueCorrupt):
        said.append(mending(error))
    elif isinstance(error, PluginsMissing):
        said.append("`perdure plugins` says what is wrong with them.")
    return "\n".join(said)


@contextmanager
def in_words(context: click.Context) -> Iterator[None]:
    """End the command where the block fails: with 2 for an error of perdure where it was used wrongly, else with 1."""
    try:
        yield
    except PerdureError as error:
        session_of(context).output.fail(words_for(error))
        context.exit(2 if isinstance(error, USED_WRONGLY) else 1)
    except BrokenPipeError:
        raise
    except OSError as error:
        session_of(context).output.fail(f"{error.filename or 'stdout'}: {error.strerror or error}")
        context.exit(1)


class Command(click.Command):
    """A command with the options of every command, whose errors are told in plain words."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.params.extend(shared_options())

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with in_words(ctx):
            return super().invoke(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what was typed; say how a value is given that looks like an option."""
        try:
            with in_words(ctx):  # where help is asked for, this writes it
                return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if any(parameter.name == "value" for parameter in self.params):
                advice = (
                    f"A value that begins with a dash follows two of them: {ctx.command_path} MODULE NAME -- {error.option_name}"
                )
                raise click.UsageError(f"{error.format_message()} {advice}", ctx) from None
            raise


class Group(Command, click.Group):
    """A group of such commands."""

    command_class = Command
    group_class = type

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant; suggest the nearest where there is none."""
        if args and not ctx.resilient_parsing and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise click.UsageError(f"There is no command {args[0]!r}. {nearest(args[0], self.commands)}", ctx)
        return super().resolve_command(ctx, args)


def pass_session(function: Callable[Concatenate[Session, P], R]) -> Callable[P, R]:
    """Give a command the run that it belongs to, as its first argument."""

    def command(*args: P.args, **named: P.kwargs) -> R:
        with data_apart():
            return function(session_of(click.get_current_context()), *args, **named)

    return update_wrapper(command, function)
