"""The status of one module and tenant as it is read where it may be a little old: from memory, in a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from perdure.scope.field_reading import ABSENT
from perdure.scope.status_reading import StatusReading

if TYPE_CHECKING:
    from perdure.lock.protocol import FirstWrites
    from perdure.scope.declared import DeclaredModule
    from perdure.store.protocol import AgedRowStore
    from perdure.store.watching.poller import Poller

R = TypeVar("R")


class AgedReading(StatusReading[R]):
    """The reading half of what `ModuleStatus.max_age` returns."""

    def __init__(
        self, store: AgedRowStore, tenant: str, declared: DeclaredModule, poller: Poller, first_writes: FirstWrites | None = None
    ) -> None:
        """Bind a module to a tenant of a store; see `StatusReading`."""
        super().__init__(store, tenant, declared, poller, first_writes)
        self.memory = store.memory(tenant, declared.spec.stored_module)
        self.young = store.young
        self.clock = store.clock
        self.seconds = store.seconds
        self.count_hit = store.count_hit

    def get(self, name: str, default: object = ABSENT) -> Any:
        """Return a name's value as it was not longer ago than the age allows; see `ModuleStatus.get`."""
        state = self.memory.state
        if self.clock() - state.at < self.seconds:
            try:
                value = state.made[name]
            except (KeyError, TypeError):  # nobody has asked for it yet, or it is no name at all
                pass
            else:
                self.count_hit()
                return value
        return self.looked_up(name, default)

    def looked_up(self, name: str, default: object) -> Any:
        """Return a name's value as it is remembered; where every reader may have the same one, it is so from now on."""
        field = self.field_named(name)
        if field.declared.pinned is not None:
            return field.get()
        state = self.young(self.memory)
        stored = state.values.get(field.key.name)
        if stored is None or stored[0] is None:
            return field.standing_in(default)
        value = field.decoded(stored)
        if field.declared.codec.immutable:
            state.made[name] = value
        return value
