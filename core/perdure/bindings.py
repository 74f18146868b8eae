"""A table of named parts: a value, factory or class under a key.

A key is a text such as `@app/config`, or a namespace, a dot and a name: `services.Mailer`. This lies in the ground layer, so
the keys and namespaces that are known from the start are handed in; `perdure.codes.keys` has those of perdure itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import RLock
from typing import Any

import attrs

from perdure.errors import BindingNotBound, DuplicateBinding, InvalidBinding, UnknownBinding

APPLICATION = "the application"
"""Who binds where nobody says."""


@attrs.frozen
class Binding:
    """What is bound under one key; plugins return these from the hook `perdure_bindings`.

    Attributes:
        key: The key.
        value: The part itself, handed out as it is. Give one of value, factory and cls.
        factory: A function that makes the part; it is called with the table, and may ask it for other parts.
        cls: A class whose instance is the part; it is called without arguments.
        singleton: Whether the first that is made is handed out from then on; otherwise each `get` makes a new one.

    Raises:
        InvalidBinding: None or several of the three are given, the key is empty, or a value is said to be a singleton.
    """

    key: str
    value: Any = attrs.field(factory=lambda: attrs.NOTHING, kw_only=True)  # as a default, NOTHING would mean that there is none
    factory: Callable[[Bindings], Any] | None = attrs.field(default=None, kw_only=True)
    cls: type | None = attrs.field(default=None, kw_only=True)
    singleton: bool = attrs.field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Refuse a binding that contradicts itself."""
        if not self.key:
            raise InvalidBinding(self.key, "the key is empty")
        if [self.value is attrs.NOTHING, self.factory is None, self.cls is None].count(False) != 1:
            raise InvalidBinding(self.key, "give exactly one of value=, factory= and cls=")
        if self.singleton and self.value is not attrs.NOTHING:
            raise InvalidBinding(self.key, "a value is one and the same anyway; leave singleton out")

    def made(self, bindings: Bindings) -> Any:
        """Return the part: the value, or a new one."""
        if self.value is not attrs.NOTHING:
            return self.value
        return self.factory(bindings) if self.factory else self.cls()  # type: ignore[misc]  # one of the three is given


class Bindings:
    """Named parts, each handed in by its owner and asked for by its key.

    It may be used from several threads. A singleton is made once, by whoever asks first; the others wait. If its factory
    fails, nothing is kept, and the next to ask tries again.

    Args:
        known: Keys that are known although nothing may be bound under them.
        namespaces: Namespaces that are known although nothing may be bound in them.
    """

    def __init__(self, *, known: Iterable[str] = (), namespaces: Iterable[str] = ()) -> None:
        self.known = frozenset(map(str, known))
        self.namespaces = frozenset(map(str, namespaces))
        self.bound: dict[str, tuple[Binding, str]] = {}
        self.singletons: dict[str, Any] = {}
        # One lock for all singletons: with a lock each, two that need each other would wait for ever.
        self.lock = RLock()

    def add(self, binding: Binding, *, owner: str = APPLICATION) -> None:
        """Bind a part, for its owner.

        Raises:
            DuplicateBinding: The key is bound already; the error names both owners.
        """
        with self.lock:
            if binding.key in self.bound:
                raise DuplicateBinding(binding.key, self.bound[binding.key][1], owner)
            self.bound[str(binding.key)] = (binding, owner)

    def value(self, key: str, value: Any, *, owner: str = APPLICATION) -> None:
        """Bind a part as it is; raises as `add` does."""
        self.add(Binding(key, value=value), owner=owner)

    def factory(self, key: str, factory: Callable[[Bindings], Any], *, singleton: bool = False, owner: str = APPLICATION) -> None:
        """Bind what a function makes of this table; raises as `add` does."""
        self.add(Binding(key, factory=factory, singleton=singleton), owner=owner)

    def instance_of(self, key: str, cls: type, *, singleton: bool = False, owner: str = APPLICATION) -> None:
        """Bind instances of a class, made without arguments; raises as `add` does."""
        self.add(Binding(key, cls=cls, singleton=singleton), owner=owner)

    def get(self, key: str) -> Any:
        """Return the part that is bound under a key.

        Raises:
            BindingNotBound: The key is known, and nothing is bound under it.
            UnknownBinding: Nobody has heard of the key; the nearest is suggested.
        """
        if key in self.singletons:
            return self.singletons[key]
        if key not in self.bound:
            if key in self.known:
                raise BindingNotBound(key)
            raise UnknownBinding(key, tuple(sorted({*self.known, *self.bound})))
        binding, _ = self.bound[key]
        if not binding.singleton:
            return binding.made(self)
        with self.lock:
            if key not in self.singletons:
                self.singletons[key] = binding.made(self)
            return self.singletons[key]

    def namespace(self, namespace: str) -> Namespace:
        """Return the parts of a namespace, by their whole keys; each is made when it is asked for.

        Raises:
            UnknownBinding: Nobody has heard of the namespace; the nearest is suggested.
        """
        known = {*self.namespaces, *(key.partition(".")[0] for key in self.bound if "." in key)}
        if namespace not in known:
            raise UnknownBinding(namespace, tuple(sorted(known)))
        return Namespace(self, f"{namespace}.")

    def __contains__(self, key: str) -> bool:
        """Tell whether something is bound under a key."""
        return key in self.bound

    def __iter__(self) -> Iterator[str]:
        """Yield the keys under which something is bound, sorted."""
        return iter(sorted(self.bound))


@attrs.frozen(eq=False)
class Namespace(Mapping[str, Any]):
    """The parts of one namespace, by their whole keys, as they are bound at the time."""

    bindings: Bindings = attrs.field(repr=False)
    prefix: str

    def __getitem__(self, key: str) -> Any:
        """Return a part; a key that is not bound in this namespace is a `KeyError`, as in every mapping."""
        if key not in self.bindings or not key.startswith(self.prefix):
            raise KeyError(key)
        return self.bindings.get(key)

    def __iter__(self) -> Iterator[str]:
        """Yield the keys, sorted."""
        return (key for key in self.bindings if key.startswith(self.prefix))

    def __len__(self) -> int:
        """Return how many parts there are."""
        return sum(1 for _ in self)
