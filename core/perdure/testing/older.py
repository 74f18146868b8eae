"""Values as an older version of their record wrote them, for tests of what upgrades them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure.errors import InvalidArgument, ValueRefused
from perdure.records.evolution import steady_text
from perdure.records.values.mismatch import Flaw, message
from perdure.store.rows import Content
from perdure.testing.overriding import view_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure.aio.tenant import AsyncTenantView
    from perdure.records.spec import StatusSpec
    from perdure.tenant import TenantView
    from perdure.testing.overriding import Overridden, Overrides


class StoreOlder:
    """Stores a value as an older version of its record wrote it; the fixture `perdure_store_older`.

    Args:
        overrides: All of the test's: what is stored here is put back with them.
        default_app: Returns the App, where a call names none.
    """

    def __init__(self, overrides: Overrides, default_app: Callable[[], TenantView | AsyncTenantView]) -> None:
        self.overrides = overrides
        self.default_app = default_app

    def __call__(  # noqa: PLR0913 - what, in which version, and where
        self,
        module: str | StatusSpec[Any],
        name: str,
        value: object,
        /,
        record_version: int = 1,
        *,
        app: TenantView | AsyncTenantView | None = None,
        tenant: str | None = None,
    ) -> Overridden:
        """Store JSON data in the place of what is stored, until the end of a `with` block or of the test.

        Nothing checks the data: whether the record's upgrades make a value of it is for the test to find out.

        Args:
            module: The module's name, or its spec.
            name: The status name, as the record calls it now.
            value: What the older code wrote, as JSON data: dicts, lists, texts, numbers, True, False and None.
            record_version: The version of the record that it was written in.
            app: The App, or a tenant's view of it; else `perdure_app`.
            tenant: Whose value; else the App's own tenant.

        Raises:
            InvalidArgument: The record has no such version before its own.
            ValueRefused: The data is not JSON.
            UnknownModule: No loaded plugin declares the module.
            UnknownStatusName: The module declares no such name.
            StatusPinned: The application pins the name; nothing was written.
            StoreError: The database refused; nothing was written.
        """
        view = view_of(self.default_app() if app is None else app, tenant)
        scope = view.scope(module)
        field = scope.status.field_named(name)
        newest = scope.spec.record_version
        if isinstance(record_version, bool) or not isinstance(record_version, int) or not 0 < record_version < newest:
            older = f"from 1 to {newest - 1}" if newest > 1 else "of which there is none"
            expected = f"a record version of {scope.module} before its present one, which is {newest}: an int {older}"
            raise InvalidArgument("record_version", f"{record_version!r:.80}", expected)
        try:
            text = steady_text(value)
        except (Flaw, TypeError, ValueError, RecursionError) as error:
            raise ValueRefused(*field.place, name, f"expected JSON data: {message(error)}") from None
        return self.overrides.begin(view, {field: Content(text, record_version)})
