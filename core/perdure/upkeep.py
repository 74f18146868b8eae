"""What those who run an application do about what is stored, over all tenants: values in old versions, and what is left over."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import attrs

from perdure.errors import PerdureError, PluginsMissing, StillDeclared, StoreError
from perdure.names import Key
from perdure.records.entry import EPOCH, moment
from perdure.scope.status import ModuleStatus
from perdure.store.rows import Content, Note, refuse_damaged_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from perdure.resources import Resources
    from perdure.scope.field import Field
    from perdure.store.protocol import Transaction
    from perdure.store.rows import Row


@attrs.frozen
class PendingUpgrade:
    """A stored value that is not in the record version that its module writes.

    Attributes:
        tenant: The tenant, or the empty string.
        module: The module.
        name: The status name.
        record_version: The version that it is stored in.
        write_version: The version that its module writes.
    """

    tenant: str
    module: str
    name: str
    record_version: int
    write_version: int


@attrs.frozen
class FailedRewrite:
    """A stored value that could not be written anew, and was left as it is.

    Attributes:
        pending: The value.
        error: Why.
    """

    pending: PendingUpgrade
    error: PerdureError


@attrs.frozen
class Rewritten:
    """What came of writing values anew.

    Attributes:
        count: How many were written.
        failed: Those that could not be.
    """

    count: int
    failed: tuple[FailedRewrite, ...]


@attrs.frozen
class Leftover:
    """Something stored that no loaded plugin declares. Its value is not shown: nobody knows whether it is secret.

    Attributes:
        tenant: The tenant, or the empty string.
        module: The module, as it is stored.
        name: The name, as it is stored.
        version: How often it was written.
        record_version: The version of the record that it was written in.
        created_at: When it was first written; aware, UTC.
        updated_at: When it was last written; aware, UTC.
        actor: Who wrote it last, or None where nobody said.
        stored: Whether a value is stored; else it was unset, and only its history is left.
    """

    tenant: str
    module: str
    name: str
    version: int
    record_version: int
    created_at: datetime
    updated_at: datetime
    actor: str | None
    stored: bool


def rows_of_all(resources: Resources) -> Iterator[Row]:
    """Return every row, tenant by tenant."""
    for tenant in resources.store.tenants():
        yield from resources.store.read_tenant(tenant)


def pending(resources: Resources) -> Iterator[tuple[Field[Any], PendingUpgrade]]:
    """Return every stored value that is not in the version that its module writes."""
    for (tenant, stored_module), rows in groupby(rows_of_all(resources), attrgetter("tenant", "module")):
        module = resources.registry.by_stored_module.get(stored_module)
        if module is None:
            continue
        declared = resources.declared(module)
        status: ModuleStatus[Any] = ModuleStatus(resources.store, tenant, declared, resources.poller)
        for row in rows:
            name = declared.by_stored_name.get(row.name)
            if name is not None and row.text is not None and row.record_version != name.evolution.writes:
                told = PendingUpgrade(tenant, module, name.name, row.record_version, name.evolution.writes)
                yield status.field_named(name.name), told


def pending_upgrades(resources: Resources) -> list[PendingUpgrade]:
    """Return what `App.pending_upgrades` does."""
    return [told for _, told in pending(resources)]


def rewrite_values(resources: Resources, actor: str | None, reason: str | None) -> Rewritten:
    """Do what `App.rewrite_values` does."""
    count, failed = 0, []
    for field, told in pending(resources):
        try:
            count += field.rewrite(actor=actor, reason=reason)
        except StoreError:
            raise
        except PerdureError as error:
            failed.append(FailedRewrite(told, error))
    return Rewritten(count, tuple(failed))


def leftovers(resources: Resources) -> list[Leftover]:
    """Return what `App.leftovers` does."""
    refuse_incomplete(resources)
    undeclared = [row for row in rows_of_all(resources) if not is_declared(resources, row.module, row.name)]
    for row in undeclared:
        refuse_damaged_key(resources.store.shown, row[:3])
    return [leftover_of(row) for row in undeclared if row.text is not None or has_history(resources, row)]


def leftover_of(row: Row) -> Leftover:
    """Return what is told of a row that nobody declares."""
    created_at, updated_at = legible_moment(row.created_at), legible_moment(row.updated_at)
    place = (row.tenant, row.module, row.name)
    return Leftover(*place, row.version, row.record_version, created_at, updated_at, row.actor, row.text is not None)


def has_history(resources: Resources, row: Row) -> bool:
    """Whether any change of a row is kept."""
    return bool(resources.store.read_changes(Key(row.tenant, row.module, row.name), limit=1))


def remove_leftover(resources: Resources, key: Key) -> bool:
    """Do what `App.remove_leftover` does."""
    refuse_incomplete(resources)
    if is_declared(resources, key.module, key.name):
        raise StillDeclared(key.module, key.name)
    if resources.store.read(key) is None:
        refuse_declared(resources, key)
        return False

    def work(transaction: Transaction) -> bool:
        row = transaction.lock(key)
        forgotten = transaction.forget(key)
        if row is None or row.text is None:
            return bool(forgotten)
        # No history keeps any of it, this change included.
        transaction.put(key, Content(None, newest=row.record_version), Note("remove", keep=0))
        return True

    return resources.store.transact(key, work)


def refuse_declared(resources: Resources, key: Key) -> None:
    """Refuse what is declared, and stored under a former name.

    Raises:
        StillDeclared: It is.
    """
    module = resources.registry.current_name(key.module)
    if module in resources.registry.specs and key.name in resources.declared(module).names:
        raise StillDeclared(key.module, key.name)


def refuse_incomplete(resources: Resources) -> None:
    """Refuse to say what is left over while plugins take no part."""
    report = resources.registry.report
    if not report.complete:
        missing = [*report.blocked, *(failed.origin for failed in report.failed)]
        raise PluginsMissing(tuple(map(str, missing)))


def is_declared(resources: Resources, module: str, name: str) -> bool:
    """Whether a loaded plugin declares what is stored under a module and name."""
    current = resources.registry.by_stored_module.get(module)
    return current is not None and name in resources.declared(current).by_stored_name


def legible_moment(microseconds: int) -> datetime:
    """Return a time as the tables hold it; one that is damaged as the beginning of all times."""
    try:
        return moment(microseconds)
    except (TypeError, OverflowError):
        return EPOCH
