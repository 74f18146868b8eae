"""Changes as those who read a history, watch, or are told of writes see them: with declared names and typed values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from perdure.errors import InvalidArgument, PerdureError, ValueCorrupt, shortened
from perdure.records.entry import EPOCH, Change, moment
from perdure.store.rows import LATEST, Mark

if TYPE_CHECKING:
    from perdure.scope.declared import DeclaredModule, DeclaredName
    from perdure.store.rows import ChangeRow

PAGE = 100
"""How many changes a history returns at once, where the caller does not say."""

MICROSECOND = timedelta(microseconds=1)

IN_HISTORY = "This is a change of the past, and not what is stored now: go back to another version, or forget the history"
"""What to do about a change that cannot be read."""

FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
"""What is told of a damaged time: the end of all times at which a history has the change."""


def told(declared: DeclaredName, row: ChangeRow) -> Change:
    """Return a change of a declared name. What cannot be read of it is its `error`."""
    value: Any = None
    error: PerdureError | None = None
    if row.text is not None:
        try:
            value = declared.decoded(row.tenant, row.stored)
        except ValueCorrupt as corrupt:
            error = corrupt.with_facts(advice=IN_HISTORY)
        except PerdureError as unreadable:
            error = unreadable
    at, damaged = time_of(row)
    if damaged:
        problem = f"expected a time in microseconds, got {row.at!r}"
        error = declared.corrupt(row.tenant, declared.name, problem).with_facts(advice=IN_HISTORY)
    return change_of(row, declared.module, declared.name, value, at, secret=declared.field.secret, error=error)


def told_in(declared: DeclaredModule, row: ChangeRow) -> Change:
    """Return a change of a module. The value of a name that it no longer declares cannot be read."""
    of_name = declared.by_stored_name.get(row.name)
    if of_name is None:
        return told_of_none(row, declared.spec.module, declared.unknown(row.name))
    return told(of_name, row)


def told_of_none(row: ChangeRow, module: str, error: PerdureError) -> Change:
    """Return a change that no loaded plugin declares the name of: whether its value is secret, nobody can say."""
    at, _ = time_of(row)
    return change_of(row, module, row.name, None, at, secret=True, error=error)


def time_of(row: ChangeRow) -> tuple[datetime, bool]:
    """Return the time of a change, and whether it is damaged; SQLite orders what is no number after all numbers."""
    try:
        return moment(row.at), False
    except (TypeError, OverflowError):
        at: object = row.at
        return FIRST if isinstance(at, (int, float)) and at < 0 else LAST, True


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
        mark=(row.at, row.module, row.name, row.version),
    )


def counted(argument: str, given: object, *, least: int = 0) -> int:
    """Return an argument that counts something, or refuse it; beyond what a database can count, there is no difference.

    Raises:
        InvalidArgument: It is no int, or too small.
    """
    if isinstance(given, bool) or not isinstance(given, int) or given < least:
        raise InvalidArgument(argument, shortened(given), f"an int of {least} or more")
    return min(given, LATEST)


def mark_before(before: Change | datetime | None, tenant: str, module: str | None = None) -> Mark | None:
    """Return the place in a history of several names where a page begins; None begins with the latest.

    Args:
        before: A change, to begin with the one that was made before it; a time, for what was made before that; or None.
        tenant: Whose history it is.
        module: The module that it is of, as it is stored; None for all of them.

    Raises:
        InvalidArgument: It is neither, a change of another history, or a time without a zone.
    """
    if before is None:
        return None
    if isinstance(before, Change):
        mark = mark_of(before, tenant)
        if module is not None and mark.module != module:
            raise InvalidArgument("before", repr(before), "a Change of this module")
        return mark
    if not isinstance(before, datetime) or before.tzinfo is None:
        raise InvalidArgument("before", f"{before!r:.80}", "a Change of this history, or an aware datetime")
    return Mark((before - EPOCH) // MICROSECOND, "", "", 0)


def mark_of(change: Change, tenant: str) -> Mark:
    """Return the place of a change in the history that it came from.

    Raises:
        InvalidArgument: It is another tenant's, or came from no history.
    """
    if change.tenant != tenant or change.mark is None:
        raise InvalidArgument("before", repr(change), f"a Change that was returned by a history of the tenant {tenant!r}")
    return Mark(*change.mark)
