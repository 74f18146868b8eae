"""What an App and the views of its tenants share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure.errors import UnknownModule
from perdure.scope.changes import told_in, told_of_none
from perdure.scope.declared import DeclaredModule

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure.locks import Locks
    from perdure.names import Key
    from perdure.plugins.registry import Registry
    from perdure.records.entry import Change
    from perdure.scope.policy import Policy
    from perdure.store.protocol import Store
    from perdure.store.rows import ChangeRow
    from perdure.store.watching.poller import Poller


class Resources:
    """What an App and the views of its tenants share.

    Attributes:
        store: The database.
        registry: What plugins handed in.
        policy: What the application decided.
        locks: What keeps its locks.
        poller: What looks for changes, for all its watchers.
        closed: Whether the App is closed, and with it every view.
    """

    def __init__(self, store: Store, registry: Registry, policy: Policy, locks: Locks, poller: Poller) -> None:
        """Take what `App.open` has built."""
        self.store = store
        self.registry = registry
        self.policy = policy
        self.locks = locks
        self.poller = poller
        self.closed = False
        self.closing: list[Callable[[], None]] = [poller.close, store.close, locks.close]
        self.modules: dict[str, DeclaredModule] = {}

    def declared(self, module: str) -> DeclaredModule:
        """Return a module's names, compiled once for all tenants, or raise `UnknownModule`; a former name will do."""
        found = self.modules.get(module)
        if found is None:
            spec = self.registry.spec(module)
            if spec.module != module:
                return self.declared(spec.module)
            compiled = DeclaredModule(spec, self.policy, self.registry.lifecycles)
            found = self.modules.setdefault(module, compiled)
        return found

    def told(self, row: ChangeRow) -> Change:
        """Return a change, of a module that no loaded plugin declares too."""
        module = self.registry.by_stored_module.get(row.module)
        if module is None:
            return told_of_none(row, row.module, UnknownModule(row.module, tuple(self.registry.specs)))
        return told_in(self.declared(module), row)

    def place_of(self, key: Key) -> tuple[str, str, str]:
        """Return the tenant, module and name by which messages call what is stored under a key."""
        return self.declared(self.registry.by_stored_module[key.module]).place_of(key)

    def close(self) -> None:
        """Give back what is open; a second call does nothing."""
        self.closed = True
        while self.closing:
            self.closing.pop(0)()
