"""An immutable set of texts that keeps their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import TypeVar

import attrs

T = TypeVar("T", bound=str, covariant=True)  # noqa: PLC0105 - T is what the type is called throughout


def unique(texts: Iterable[T]) -> tuple[T, ...]:
    """Return the texts in order, each once, the first of those that are equal."""
    return tuple(dict.fromkeys(texts))


@attrs.frozen(eq=False, repr=False)
class OrderedSet(AbstractSet[T]):
    """Texts in order, with the membership test of a set: `code in Statuses.ACTIVE_SCHEME_SET`.

    It compares with every other set, whatever the order; `&`, `|`, `-` and `^` return an `OrderedSet`.

    Attributes:
        members: The texts, in order, each once.
        texts: The same as exact `str`: a frozenset of these answers in half the time that one of a subclass takes.
    """

    members: tuple[T, ...] = attrs.field(default=(), converter=unique)
    texts: frozenset[str] = attrs.field(
        init=False, default=attrs.Factory(lambda self: frozenset(str(member) for member in self.members), takes_self=True)
    )

    def __contains__(self, text: object) -> bool:
        """Tell whether a text is a member."""
        return text in self.texts

    def __iter__(self) -> Iterator[T]:
        """Yield the members, in order."""
        return iter(self.members)

    def __len__(self) -> int:
        """Return how many members there are."""
        return len(self.members)

    def __hash__(self) -> int:
        """Hash as the frozenset that it equals."""
        return hash(self.texts)

    def __repr__(self) -> str:
        """Return the members, in order."""
        return f"OrderedSet([{', '.join(repr(str(member)) for member in self.members)}])"
