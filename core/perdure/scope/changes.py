"""Changes as those who read a history, watch, or are told of writes see them: with declared names and typed values."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from perdure.errors import InvalidArgument, PerdureError
from perdure.records.entry import EPOCH, Change, moment
from perdure.store.protocol import FROM_THE_END, Mark

if TYPE_CHECKING:
    from perdure.scope.declared import DeclaredModule, DeclaredName
    from perdure.store.protocol import ChangeRow

PAGE = 100
"""How many changes a history returns at once, where the caller does not say."""

MICROSECOND = timedelta(microseconds=1)


def told(declared: DeclaredName, row: ChangeRow) -> Change:
    """Return a change of a declared name. What cannot be read of it is its `error`."""
    value, error = None, None
    if row.text is not None:
        try:
            value = declared.decoded(row.tenant, row.stored)
        except PerdureError as unreadable:
            error = unreadable
    try:
        at = moment(row.at)
    except (TypeError, OverflowError):
        at = EPOCH
        error = declared.corrupt(row.tenant, declared.name, f"expected a time in microseconds, got {row.at!r}")
    return change_of(row, declared.module, declared.name, value, at, secret=declared.field.secret, error=error)


def told_in(declared: DeclaredModule, row: ChangeRow) -> Change:
    """Return a change of a module. The value of a name that it no longer declares cannot be read."""
    of_name = declared.by_stored_name.get(row.name)
    if of_name is None:
        return told_of_none(row, declared.spec.module, declared.unknown(row.name))
    return told(of_name, row)


def told_of_none(row: ChangeRow, module: str, error: PerdureError) -> Change:
    """Return a change that no loaded plugin declares the name of: whether its value is secret, nobody can say."""
    try:
        at = moment(row.at)
    except (TypeError, OverflowError):
        at = EPOCH
    return change_of(row, module, row.name, None, at, secret=True, error=error)


def change_of(  # noqa: PLR0913 - the facts of a change, by name where they could be confused
    row: ChangeRow, module: str, name: str, value: Any, at: datetime, *, secret: bool, error: PerdureError | None
) -> Change:
    """Return a change, and what its row says by itself."""
    return Change(
        tenant=row.tenant,
        module=module,
        name=name,
        operation=row.operation,
        value=value,
        version=row.version,
        record_version=row.record_version,
        change_set=row.change_set,
        actor=row.actor,
        reason=row.reason,
        at=at,
        secret=secret,
        error=error,
    )


def counted(argument: str, given: object, *, least: int = 0) -> int:
    """Return an argument that counts something, or refuse it.

    Raises:
        InvalidArgument: It is no int, or too small.
    """
    if isinstance(given, bool) or not isinstance(given, int) or given < least:
        raise InvalidArgument(argument, repr(given), f"an int of {least} or more")
    return given


def mark_before(before: Change | datetime | None, declared: DeclaredModule | None = None) -> Mark:
    """Return the place in a history of several names where a page begins.

    Args:
        before: A change, to begin with the one that was made before it; a time, for what was made before that; or None.
        declared: The module of the change, where it is declared: its row may have another name.

    Raises:
        InvalidArgument: It is neither, or a time without a zone.
    """
    if before is None:
        return FROM_THE_END
    if isinstance(before, Change):
        known = None if declared is None else declared.names.get(before.name)
        module, name = known.place if known else (declared.spec.stored_module if declared else before.module, before.name)
        return Mark((before.at - EPOCH) // MICROSECOND, module, name, before.version)
    if not isinstance(before, datetime) or before.tzinfo is None:
        raise InvalidArgument("before", repr(before), "a Change of this history, or an aware datetime")
    return Mark((before - EPOCH) // MICROSECOND)
