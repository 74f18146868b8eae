"""An immutable set of texts that keeps their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import TypeVar

import attrs

T = TypeVar("T", bound=str, covariant=True)  # noqa: PLC0105 - T is what the type is called throughout


def unique(texts: Iterable[T]) -> tuple[T, ...]:
    """Return the texts in order, each once, the first of those that are equal."""
    return tuple(dict.fromkeys(texts))


@attrs.frozen(eq=False, repr=False)
class OrderedSet(Set[T]):
    """Texts in order, with the membership test of a set: `code in Statuses.ACTIVE_SCHEME_SET`.

    It compares with every other set, whatever the order; `&`, `|`, `-` and `^` return an `OrderedSet`.

    Attributes:
        members: The texts, in order, each once.
        texts: The same as exact `str`: a frozenset of these answers in half the time that one of a subclass takes.
    """

    members: tuple[T, ...] = attrs.field(default=(), converter=unique)
    texts: frozenset[str] = attrs.field(init=False)

    @texts.default
    def exact_texts(self) -> frozenset[str]:
        """Return the members as exact `str`."""
        return frozenset(str(member) for member in self.members)

    def __contains__(self, text: object) -> bool:
        return text in self.texts

    def __iter__(self) -> Iterator[T]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)

    def __hash__(self) -> int:
        return hash(self.texts)

    def __repr__(self) -> str:
        return f"OrderedSet([{', '.join(repr(str(member)) for member in self.members)}])"
