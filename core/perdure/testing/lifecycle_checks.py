"""What a suite says of its lifecycle, checked when its tests are made: a slip there would make tests that prove nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from perdure.codes.graph import graph
from perdure.codes.lifecycle import Lifecycle
from perdure.errors import nearest

if TYPE_CHECKING:
    from perdure.codes.transition import Transition

PAIR = 2
"""How many rows a condition is tried on: one that it says yes to, and one that it says no to."""


def checked_lifecycle(suite: type[Any]) -> type[Lifecycle]:
    """Return the lifecycle that a suite names, or fail."""
    found = getattr(suite, "lifecycle", None)
    if found is None:
        fail(suite, "does not say which lifecycle it is about: lifecycle = …")
    if not isinstance(found, type) or not issubclass(found, Lifecycle):
        fail(suite, f"has lifecycle = {found!r}, expected a class made of perdure.Lifecycle")
    return found


def check(suite: type[Any], lifecycle: type[Lifecycle]) -> None:
    """Fail where a suite says what cannot be, or what would prove nothing.

    Args:
        suite: The class of the tests.
        lifecycle: Its lifecycle, with what plugins add.
    """
    conditional = {each.name for each in transitions(lifecycle) if each.when is not None}
    for name, rows in suite.conditions.items():
        if name not in conditional:
            hint = nearest(name, conditional) if conditional else "It has none."
            fail(suite, f"has conditions for {name!r}, which is no transition of {lifecycle.__name__} with when=. {hint}")
        if not isinstance(rows, tuple) or len(rows) != PAIR or not all(isinstance(each, Mapping) for each in rows):
            example = f'conditions = {{"{name}": ({{"attempts": 0}}, {{"attempts": 3}})}}'
            fail(suite, f"is to give for {name!r} a row that when= says yes to, and one that it says no to, such as {example}")
    if not isinstance(suite.refusals, tuple) or not suite.refusals:
        fail(suite, f"has refusals = {suite.refusals!r}, expected a tuple of exceptions")
    if suite.racers < PAIR or suite.rounds < 1:
        fail(suite, f"has racers = {suite.racers} and rounds = {suite.rounds}: a race takes two, and one round")


def transitions(lifecycle: type[Lifecycle]) -> set[Transition]:
    """Return the transitions of a lifecycle."""
    return {edge.transition for edge in graph(lifecycle).edges}


def fail(suite: type[Any], problem: str) -> NoReturn:
    """Fail with what is wrong with a suite."""
    pytest.fail(f"{suite.__name__} {problem}", pytrace=False)
