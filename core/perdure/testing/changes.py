"""What an App has committed: at once, each name in the order of its versions, and also of names that keep no history."""

from __future__ import annotations

import threading
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from perdure.errors import InvalidArgument
from perdure.testing.overriding import REASON, view_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from perdure.aio.tenant import AsyncTenantView
    from perdure.names import Key
    from perdure.records.entry import Change
    from perdure.records.spec import StatusSpec
    from perdure.resources import Resources
    from perdure.store.protocol import AskedCommit
    from perdure.store.rows import Written
    from perdure.tenant import TenantView


class Changes:
    """What an App has committed since these were made; the fixture `perdure_changes`.

    A write is there once it is committed: of a caller's transaction after its COMMIT, and never if that was rolled back. What the
    fixtures of this kit have written themselves is left out.

    Args:
        resources: The App's.
    """

    def __init__(self, resources: Resources) -> None:
        self.resources = resources
        self.written: dict[Written, None] = {}
        self.cleared: set[Written] = set()
        self.asked: WeakKeyDictionary[AskedCommit, Sequence[Written]] = WeakKeyDictionary()
        self.mutex = threading.RLock()

    def __call__(
        self, module: str | StatusSpec[Any] | None = None, name: str | None = None, *, tenant: str | None = None
    ) -> list[Change]:
        """Return the changes of all tenants as they were heard of, those of one name always in the order of their versions.

        Args:
            module: Only those of one module: its name, or its spec.
            name: Only those of one name.
            tenant: Only those of one tenant.

        Raises:
            UnknownModule: No loaded plugin declares the module; of what there is not, nothing would ever be told.
            UnknownStatusName: The module declares no such name.
            InvalidArgument: No module declares it.
        """
        wanted = {"module": self.checked(module, name), "name": name, "tenant": tenant}
        self.settle()
        with self.mutex:
            changes = [self.resources.told(each.change) for each in by_version(self.written)]
        asked = {fact: value for fact, value in wanted.items() if value is not None}
        return [each for each in changes if all(getattr(each, fact) == value for fact, value in asked.items())]

    def values(
        self, module: str | StatusSpec[Any] | None = None, name: str | None = None, *, tenant: str | None = None
    ) -> list[tuple[Any, ...]]:
        """Return the same as `(module, name, value)`, to be compared with what is expected; None stands for an unset.

        Secrets are there in plain text, for a test to compare, and where that fails pytest shows them.

        Raises:
            PerdureError: A value cannot be read, or there is no such module or name.
        """
        return [(each.module, each.name, each.value) for each in self(module, name, tenant=tenant)]

    def clear(self) -> None:
        """Forget what was committed so far, so that what follows stands alone."""
        self.settle()
        with self.mutex:
            self.cleared.update(self.written)  # what was taken early is told of once more
            self.written.clear()

    def checked(self, module: str | StatusSpec[Any] | None, name: str | None) -> str | None:
        """Return what a module is called now, or refuse a module or name that there is not."""
        if module is None:
            declared_anywhere = any(name in spec.fields for spec in self.resources.registry.specs.values())
            if name is not None and not declared_anywhere:
                raise InvalidArgument("name", repr(name), "a name that a module declares")
            return None
        declared = self.resources.declared(module if isinstance(module, str) else module.module)
        declared.refuse_unknown([] if name is None else [name])
        return declared.spec.module

    def settle(self) -> None:
        """Take what a caller has committed on a connection that he still holds, of whose COMMIT nothing has told yet."""
        with self.mutex:
            for commit, written in list(self.asked.items()):
                if commit.succeeded:
                    self.noted(written)

    # ----------------------------------------------------------------------- what the store tells

    def noted(self, written: Sequence[Written]) -> None:
        """Take what a transaction has written, which is committed."""
        with self.mutex:
            new = (each for each in written if each.note.reason != REASON and each not in self.cleared)
            self.written.update(dict.fromkeys(new))

    def committing(self, commit: AskedCommit, written: Sequence[Written]) -> None:
        """Take note of what a caller has asked to commit."""
        with self.mutex:
            self.asked[commit] = written

    def __repr__(self) -> str:
        return f"<Changes: {len(self.written)} heard of>"


def by_version(written: Iterable[Written]) -> list[Written]:
    """Return writes in the order they have, but for those of one key, which take their places in the order of their versions.

    Who commits first need not be the first to tell of it.
    """
    of_key: defaultdict[Key, list[Written]] = defaultdict(list)
    for each in written:
        of_key[each.key].append(each)
    ordered = {key: iter(sorted(writes, key=lambda each: each.row.version)) for key, writes in of_key.items()}
    return [next(ordered[each.key]) for each in written]


@contextmanager
def recorded(app: TenantView | AsyncTenantView) -> Iterator[Changes]:
    """Record what an App commits in this process, for the length of a block.

    Args:
        app: The App or AsyncApp, or a tenant's view of it.
    """
    resources = view_of(app).resources
    changes = Changes(resources)
    end = resources.store.observe(changes)
    try:
        yield changes
    finally:
        end()
