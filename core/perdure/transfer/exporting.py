"""Out of the database: what is stored, as a document."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from perdure.errors import ValueCorrupt, ValueFromNewerVersion
from perdure.records.values.jsontext import from_text, to_text
from perdure.store.rows import is_key
from perdure.transfer.document import Document, Kept, LeftOut
from perdure.upkeep import legible_moment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perdure.resources import Resources
    from perdure.store.rows import Row


def export(
    resources: Resources, tenants: Sequence[str], module: str | None = None, *, progress: Callable[[int, int], None] | None = None
) -> Document:
    """Return what is stored, as a document.

    Each value is in the record version in which it is stored, and nothing is upgraded on the way: whatever code can read the
    database, the code of before a deploy too, can read the document, and nothing is lost that only newer code knows.

    A tenant is read in one query, so that names which were written together are seen together. Several are read one after the
    other.

    Args:
        resources: The App's.
        tenants: Whose values.
        module: The one module; not given, every one that is declared.
        progress: Told of how many tenants are done, and of how many there are.

    Raises:
        UnknownModule: No loaded plugin declares the module.
        DefinitionError: A module's record cannot be used.
        StoreError: The database cannot be read.
    """
    registry = resources.registry
    specs = list(registry.specs.values()) if module is None else [registry.spec(module)]
    found: dict[str, dict[str, dict[str, Kept]]] = {}
    left_out: list[LeftOut] = []
    for number, tenant in enumerate(tenants, start=1):
        of_tenant = found[tenant] = {name: {} for name in sorted(spec.stored_module for spec in specs)}
        for row in rows_of(resources, tenant, None if module is None else specs[0].stored_module):
            if row.text is None:
                continue
            taken = exported(resources, row)
            if isinstance(taken, LeftOut):
                left_out.append(taken)
            else:
                of_tenant[row.module][row.name] = taken
        if progress is not None:
            progress(number, len(tenants))
    return Document(version("perdure"), found, tuple(left_out))


def rows_of(resources: Resources, tenant: str, stored_module: str | None) -> Sequence[Row]:
    """Return the rows of a tenant, or of one module of it."""
    store = resources.store
    return store.read_tenant(tenant) if stored_module is None else store.read_module(tenant, stored_module)


def exported(resources: Resources, row: Row) -> Kept | LeftOut:
    """Return what becomes of a stored value."""
    place = (row.tenant, row.module, row.name)
    if not is_key(place):
        problem = "its module or name is no text: `perdure doctor` says what to do"
        return LeftOut(str(row.tenant), str(row.module), str(row.name), "unreadable", problem)
    module = resources.registry.by_stored_module.get(row.module)
    declared = None if module is None else resources.declared(module).by_stored_name.get(row.name)
    if declared is None:
        return LeftOut(*place, "undeclared")
    if declared.field.secret:
        return LeftOut(*place, "secret")
    try:
        declared.decoded(row.tenant, row.stored)
    except ValueCorrupt as error:
        return LeftOut(*place, "unreadable", f"{error.path}: {error.problem}")
    except ValueFromNewerVersion as error:
        problem = f"it is stored in record version {error.found}, and this code reads versions up to {error.newest}"
        return LeftOut(*place, "unreadable", problem)
    return Kept(to_text(from_text(str(row.text))), row.record_version, told_of(row))


def told_of(row: Row) -> dict[str, Any]:
    """Return what a document tells of a value for those who read it."""
    return {
        "version": row.version,
        "created_at": legible_moment(row.created_at).isoformat(),
        "updated_at": legible_moment(row.updated_at).isoformat(),
        "actor": row.actor,
    }
