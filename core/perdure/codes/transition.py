"""Transitions: the moves that a lifecycle allows, as they are written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from perdure.codes.category import Category
from perdure.codes.code import StatusCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure.codes.lifecycle import Lifecycle

    Place: TypeAlias = StatusCode | Category
    """One end of a transition: a code, or all codes of a category."""


@attrs.frozen(eq=False, repr=False)
class Transition:
    """A named move from some statuses to one, or to one of several; made by `transition(…)` in the body of a lifecycle.

    It pickles by reference, as the attribute of its lifecycle class. A merged lifecycle's pickles as the transition that was
    written, which every graph of that lifecycle knows.

    Attributes:
        sources: The codes and categories that it leaves.
        targets: The codes and categories that it leads to.
        when: A function of a row that says whether it may happen, or None. It works on an object's attributes and on a table's
            columns alike.
        allow_terminal: Whether it may leave a terminal category.
        name: What its lifecycle calls it.
        lifecycle: The class that it is an attribute of.
        written: The transition, in the lifecycle as written, that a merged one stands for; None for one that is written.
    """

    sources: tuple[Place, ...]
    targets: tuple[Place, ...]
    when: Callable[[Any], Any] | None = None
    allow_terminal: bool = False
    name: str = attrs.field(default="", init=False)
    lifecycle: type[Lifecycle] = attrs.field(default=None, init=False)
    written: Transition | None = attrs.field(default=None, kw_only=True)

    def __set_name__(self, owner: type[Lifecycle], name: str) -> None:
        """Learn the name and the lifecycle, once, when the class is made."""
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "lifecycle", owner)

    @property
    def target(self) -> StatusCode | None:
        """The code that it leads to; None where it has several, and the call names one."""
        only = self.targets[0] if len(self.targets) == 1 else None
        return only if isinstance(only, StatusCode) else None

    def leaves(self, source: str, target: str) -> bool:
        """Tell whether it moves a status from one code to another, both of them known to be real.

        A code moves to itself only where both ends name it: a category never covers the target itself. Otherwise a worker that
        comes second would be let through by a transition from `Category.ACTIVE` to a code that is active.
        """
        named = source in self.sources and target in self.targets
        return named or (source != target and covers(self.sources, source) and covers(self.targets, target))

    def __repr__(self) -> str:
        """Return where it is written, and what it does."""
        place = f"{self.lifecycle.__qualname__}.{self.name}" if self.name else "transition"
        sources, targets = (" | ".join(map(shown, ends)) for ends in (self.sources, self.targets))
        return f"<{place}: {sources} -> {targets}{' when ' + named(self.when) if self.when else ''}>"

    def __reduce__(self) -> tuple[Any, tuple[type[Lifecycle], str]]:
        """Pickle as an attribute of the lifecycle in which it is written."""
        origin = self.written or self
        return getattr, (origin.lifecycle, origin.name)


def transition(
    *sources: Place, to: Place | Iterable[Place], when: Callable[[Any], Any] | None = None, allow_terminal: bool = False
) -> Transition:
    """Declare a move, to be assigned to its name in the body of a lifecycle.

    ```python
    class JobLifecycle(Lifecycle, family=Statuses, initial=Statuses.NEW):
        run = transition(Statuses.NEW, Category.INACTIVE, to=Statuses.RUNNING)
    ```

    Args:
        sources: The codes that it leaves; a category stands for all codes of the family in it, those that plugins add too, and
            for codes of uninstalled plugins by their first digit. A category does not cover the target itself.
        to: The code that it leads to, or several codes and categories; then every call names the target.
        when: A condition on the row: one function that works on an object's attributes and on a table's columns alike, such as
            `lambda row: row.attempts < 3`.
        allow_terminal: Let it leave COMPLETED or FAILED, which is refused otherwise. It adds no source: name the terminal
            codes or categories among the sources.
    """
    targets = tuple(to) if isinstance(to, Iterable) and not isinstance(to, str) else (to,)
    return Transition(sources, targets, when, allow_terminal)


def covers(ends: Iterable[Place], code: str) -> bool:
    """Tell whether codes and categories cover a code."""
    return any(end.prefix == code[:1] if isinstance(end, Category) else end == code for end in ends)


def shown(end: Place) -> str:
    """Return how messages call one end of a transition."""
    return repr(end) if isinstance(end, Category) else str(end)


def named(function: Callable[..., Any]) -> str:
    """Return how messages and diagrams call a condition."""
    name = getattr(function, "__name__", "<lambda>")
    return "when" if name == "<lambda>" else name
