"""What a document brings for one name, checked as far as that can be done without looking at what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from perdure.errors import InvalidName, PerdureError, UnknownModule, ValueCorrupt, ValueFromNewerVersion
from perdure.names import Key, checked_tenant
from perdure.scope.status import ModuleStatus
from perdure.store.rows import PLAIN, StoredValue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perdure.records.values.codec import Accepted
    from perdure.resources import Resources
    from perdure.scope.declared import DeclaredModule, DeclaredName
    from perdure.scope.field import Field
    from perdure.store.rows import Row
    from perdure.transfer.document import Document, Kept


@attrs.frozen
class Candidate:
    """What a document brings for one name.

    Attributes:
        place: The tenant, module and name, as they are called today; what is not declared, as the document calls it.
        field: The name, or None where there is no such.
        brought: What is to be stored, as the document has it; None to unset the name.
        accepted: What would be stored of it; None to unset the name, and where there is a problem.
        meaning: The JSON text of the value in the record version that this code has, by which equal values are known.
        problem: Why it cannot be stored, or None.
    """

    place: tuple[str, str, str]
    field: Field[Any] | None
    brought: StoredValue | None = attrs.field(default=None, repr=False)
    accepted: Accepted | None = attrs.field(default=None, repr=False)
    meaning: str | None = attrs.field(default=None, repr=False)
    problem: str | None = None

    @property
    def secret(self) -> bool:
        """Whether the value must not be shown; that of a name which nobody declares may be one, too."""
        return self.field is None or self.field.declared.field.secret


def candidates(resources: Resources, document: Document) -> list[Candidate]:
    """Return what a document brings, name by name."""
    found: list[Candidate] = []
    taken: set[Key] = set()
    for tenant, modules in document.tenants.items():
        for called, names in modules.items():
            for name, kept in names.items():
                candidate = candidate_of(resources, (tenant, called, name), kept)
                if candidate.field is not None and candidate.field.key in taken:
                    candidate = attrs.evolve(candidate, problem=f"it is in the document twice, once as {called}.{name}")
                elif candidate.field is not None:
                    taken.add(candidate.field.key)
                found.append(candidate)
    return found


def candidate_of(resources: Resources, called: tuple[str, str, str], kept: Kept) -> Candidate:
    """Return what a document brings for one name."""
    tenant, module, name = called
    try:
        declared = declared_module(resources, module)
        field = field_of(resources, checked_tenant(tenant), declared, declared_name(declared, name).name)
    except (InvalidName, LookupError) as error:
        return Candidate(called, None, problem=str(error))
    brought = StoredValue(kept.text, PLAIN, kept.record_version)
    try:
        value = field.declared.decoded(tenant, brought)
        field.refuse_loss(brought, value)
        accepted = field.declared.accept(tenant, value)
    except PerdureError as error:
        return Candidate(field.place, field, brought, problem=told(error))
    return Candidate(field.place, field, brought, accepted, field.declared.codec.text(value))


def told(error: PerdureError) -> str:
    """Return what is wrong with a value of a document; the errors speak of values that are stored, or are to be."""
    if isinstance(error, ValueCorrupt):
        return f"{error.path}: {error.problem}{f'. {error.advice}' if error.advice else ''}"
    if isinstance(error, ValueFromNewerVersion):
        newer = f"it is in record version {error.found}, and this code reads versions up to {error.newest}"
        return f"{newer}. Import it with the code that reads version {error.found}"
    return str(error)


def declared_module(resources: Resources, called: str) -> DeclaredModule:
    """Return a module by the name that it is stored under, or by one that it has or had.

    Raises:
        UnknownModule: No loaded plugin declares it.
    """
    registry = resources.registry
    module = registry.by_stored_module.get(called) or registry.current_name(called)
    if module not in registry.specs:
        raise UnknownModule(called, tuple(registry.specs))
    return resources.declared(module)


def declared_name(declared: DeclaredModule, called: str) -> DeclaredName:
    """Return a name by that which it is stored under, or its own.

    Raises:
        UnknownStatusName: The record declares no such name.
    """
    found = declared.by_stored_name.get(called) or declared.names.get(called)
    if found is None:
        raise declared.unknown(called)
    return found


def field_of(resources: Resources, tenant: str, declared: DeclaredModule, name: str) -> Field[Any]:
    """Return a name of a tenant."""
    status: ModuleStatus[Any] = ModuleStatus(resources.store, tenant, declared, resources.poller)
    return status.field_named(name)


def strangers(resources: Resources, document: Document, brought: list[Candidate]) -> Iterator[Candidate]:
    """Return what is stored in the tenants and modules of a document without being in it, to be unset.

    Secrets and what the document says was left out are none: that they are not in it says nothing about them.
    """
    there = {candidate.field.key for candidate in brought if candidate.field is not None}
    spared = {(each.tenant, each.module, each.name) for each in document.left_out}
    for tenant, modules in document.tenants.items():
        for called in modules:
            try:
                declared = declared_module(resources, called)
                rows = resources.store.read_module(checked_tenant(tenant), declared.spec.stored_module)
            except (InvalidName, LookupError):
                continue  # nothing that is stored here; its values are refused
            for row in rows:
                name = declared.by_stored_name.get(row.name)
                if row.text is None or name is None or name.field.secret or Key(*row[:3]) in there:
                    continue
                if (row.tenant, row.module, row.name) not in spared:
                    field = field_of(resources, tenant, declared, name.name)
                    yield Candidate(field.place, field)


def is_there(candidate: Candidate, before: Row | None) -> bool:
    """Whether what is to be stored is stored: the same text, whether or not this code can read it, or an equal value."""
    if candidate.field is None:
        return False
    if before is None or candidate.brought is None:
        return before is None and candidate.brought is None
    return before.stored == candidate.brought or (
        candidate.meaning is not None and candidate.meaning == meaning(candidate.field, before)
    )


def meaning(field: Field[Any], row: Row) -> str | None:
    """Return the JSON text of a stored value in the record version that this code has; None for one that cannot be read."""
    try:
        return field.declared.codec.text(field.declared.decoded(field.key.tenant, row.stored))
    except (ValueCorrupt, ValueFromNewerVersion):
        return None
