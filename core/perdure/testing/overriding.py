"""Values in the place of others for a while, and then what was there before, whatever it was.

An override is how a test arranges what it needs, and no move of the application: a lifecycle has no say in it. What is put back
is the row's text as it stood, which need not be one that this code can read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import attrs

from perdure.aio.tenant import AsyncTenantView
from perdure.errors import InvalidArgument, PerdureError, ValueRefused
from perdure.names import Key, checked_tenant
from perdure.store.database import DatabaseStore
from perdure.store.rows import Content, Note
from perdure.tenant import TenantView

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from perdure.records.spec import StatusSpec
    from perdure.scope.field import Field
    from perdure.store.protocol import Store, Transaction
    from perdure.store.rows import Row

REASON = "a fixture of perdure.testing"
"""What a history says of what these fixtures have written."""

ANY_VERSION = 2**31 - 1
"""A record version that none is newer than, since the column holds no larger number: what stands there may be overwritten."""


class Overrides:
    """What a test has overridden, in order.

    Args:
        at_end: Has a function called when the test has ended, before what was set up earlier is torn down.
    """

    def __init__(self, at_end: Callable[[Callable[[], object]], object]) -> None:
        self.at_end = at_end
        self.standing: list[Overridden] = []

    def begin(self, view: TenantView, contents: Mapping[Field[Any], Content]) -> Overridden:
        """Put contents in the place of what is stored, all of them or none.

        Raises:
            StatusPinned: The application pins one of the names.
            StoreError: The database refused.
        """
        store = view.resources.store
        notes = {field: field.note("set", None, REASON) for field in contents}
        ordered = sorted(contents, key=lambda field: field.key)

        def work(transaction: Transaction) -> dict[Key, Row | None]:
            before = {field.key: transaction.lock(field.key) for field in ordered}
            for field in ordered:
                transaction.put(field.key, contents[field]._replace(newest=ANY_VERSION), notes[field])
            return before

        keep = {field.key: field.declared.keep for field in contents}
        database = database_of(store)
        overridden = Overridden(self, store, database, store.transact(about(ordered), work), keep)
        self.standing.append(overridden)
        self.at_end(overridden.put_back)
        return overridden

    def end(self, overridden: Overridden) -> None:
        """Put back what an override has replaced, and try again where that has failed; once it is done, do nothing.

        Where a later override of the same name still stands, it is that one which is to put it back.
        """
        if overridden not in self.standing:
            return
        heirs = self.heirs(overridden)
        due = {key: row for key, row in overridden.before.items() if key not in heirs}
        if due:
            try:
                overridden.write(due)
            except PerdureError as error:
                error.add_note("So what a fixture of perdure.testing had stored there was not put back.")
                raise
        for key, heir in heirs.items():
            heir.before[key] = overridden.before[key]
        self.standing.remove(overridden)

    def heirs(self, overridden: Overridden) -> dict[Key, Overridden]:
        """Return the next override of each name that stands over this one, of whichever App on the same database."""
        later = self.standing[self.standing.index(overridden) + 1 :]
        over = [each for each in later if each.database == overridden.database]
        return {key: each for each in reversed(over) for key in overridden.before if key in each.before}


@attrs.define(eq=False)
class Overridden:
    """Values that stand in the place of others, until the end of a `with` block, of `put_back()`, or of the test.

    Attributes:
        overrides: All of the test's.
        store: Where they are.
        database: What tells the store's database from others.
        before: What is to be put back: what was there before, or before an override that this one has outlived.
        keep: How many changes the history of each keeps.
    """

    overrides: Overrides
    store: Store
    database: object
    before: dict[Key, Row | None] = attrs.field(repr=False)  # secrets may be among them
    keep: Mapping[Key, int]

    def put_back(self) -> None:
        """Store what was stored before, and unset what was not; afterwards this does nothing.

        Raises:
            StoreError: The database refused; nothing was put back.
            AppClosed: The App was closed meanwhile.
        """
        self.overrides.end(self)

    def write(self, due: Mapping[Key, Row | None]) -> None:
        """Write what was there before, where something else is there now."""

        def work(transaction: Transaction) -> None:
            for key in sorted(due):
                before, now = due[key], transaction.lock(key)
                if content(before) != content(now):
                    actor = None if before is None else before.actor
                    transaction.put(key, content(before), Note("revert", actor, REASON, keep=self.keep[key]))

        self.store.transact(next(iter(due))._replace(name=""), work)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.put_back()


class Override:
    """Overrides values of a module; the fixture `perdure_override`.

    Args:
        overrides: All of the test's.
        default_app: Returns the App, where a call names none.
    """

    def __init__(self, overrides: Overrides, default_app: Callable[[], TenantView | AsyncTenantView]) -> None:
        self.overrides = overrides
        self.default_app = default_app

    def __call__(
        self,
        module: str | StatusSpec[Any],
        values: Mapping[str, object] | None = None,
        /,
        *,
        app: TenantView | AsyncTenantView | None = None,
        tenant: str | None = None,
        **named: object,
    ) -> Overridden:
        """Set values, until the end of a `with` block over what is returned, and else of the test.

        Types are checked as by `set`. A lifecycle is not asked: any code of its family may be set.

        Args:
            module: The module's name, or its spec.
            values: The values by name.
            app: The App, or a tenant's view of it; else `perdure_app`.
            tenant: Whose values; else the App's own tenant.
            named: Values by name, too.

        Raises:
            UnknownModule: No loaded plugin declares the module.
            UnknownStatusName: The module declares no such name.
            InvalidArgument: No value is given, or a name has two.
            ValueRefused: A value does not fit; nothing was written.
            StatusPinned: The application pins one of the names; nothing was written.
            StoreError: The database refused; nothing was written.
        """
        view = view_of(self.default_app() if app is None else app, tenant)
        status = view.scope(module).status
        if twice := sorted(named.keys() & (values or {}).keys()):
            raise InvalidArgument("values", repr(twice[0]), "each name once: in the mapping or as a keyword")
        wanted = {**(values or {}), **named}
        if not wanted:
            raise InvalidArgument("values", "{}", "what to override, by name: perdure_override(module, name=value)")
        contents = {}
        for name, value in wanted.items():
            field = status.field_named(name)
            contents[field] = checked(field, value)
        return self.overrides.begin(view, contents)


def checked(field: Field[Any], value: object) -> Content:
    """Return what is to be stored for a value, or raise `ValueRefused`."""
    accepted = field.declared.accept(field.key.tenant, value)
    course = field.declared.course
    if course is not None and (problem := course.unfit_pin(accepted.value)):
        raise ValueRefused(*field.place, field.name, problem)
    return field.declared.content(accepted.text)


def view_of(app: TenantView | AsyncTenantView, tenant: str | None = None) -> TenantView:
    """Return an App, or the view of one of its tenants, by the face that does not await."""
    view = app.sync if isinstance(app, AsyncTenantView) else app
    return view if tenant is None else TenantView(view.resources, checked_tenant(tenant))


def database_of(store: Store) -> object:
    """Return what tells the database of a store from others, for two Apps may work on one; else the store itself."""
    return store.home.identity() if isinstance(store, DatabaseStore) else store


def about(fields: list[Field[Any]]) -> Key:
    """Return what a transaction on several names of a module is about."""
    return fields[0].key._replace(name="")


def content(row: Row | None) -> Content:
    """Return what is to be stored for a row to be as it was, whether this code can read it or not."""
    if row is None or row.text is None:
        return Content(None, newest=ANY_VERSION)
    version: object = row.record_version
    newest = ANY_VERSION if isinstance(version, int) else row.record_version  # of a damaged row, it may be anything
    return Content(row.text, row.record_version, row.encoding, newest)
