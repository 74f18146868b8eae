"""A module's status in the shape of its record: for reading by attribute, typed, always as it is now."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NoReturn

from perdure.scope.field_reading import ABSENT

if TYPE_CHECKING:
    from perdure.scope.status_reading import StatusReading


class CurrentView:
    """Reads each attribute of the record when it is asked for; `status.current` gives it the record's type.

    The record's own properties and methods work on it too, on the values as they are now.
    """

    __slots__ = ("__status",)

    def __init__(self, status: StatusReading[Any]) -> None:
        """Show a module's status."""
        object.__setattr__(self, "_CurrentView__status", status)

    def __getattr__(self, name: str) -> Any:
        """Return a name's value or default.

        Raises:
            StatusNotSet: It has neither.
            AttributeError: The record has no such attribute.
            ValueCorrupt: What is stored does not fit the declaration.
        """
        if name.startswith("__"):  # what copy, pickle and inspect look for, also before there is a status
            raise AttributeError(name)
        status: StatusReading[Any] = self.__status
        if name in status.declared.names:
            return status.field_named(name).required()
        of_record = inspect.getattr_static(status.declared.spec.record, name, ABSENT)
        if of_record is ABSENT:
            raise AttributeError(str(status.declared.unknown(name)))
        bind = getattr(type(of_record), "__get__", None)
        return of_record if bind is None else bind(of_record, self, status.declared.spec.record)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse to write: reading is what a view is for.

        Raises:
            AttributeError: Always.
        """
        raise AttributeError(f"status.current is read-only: use status.set({name!r}, …) or status.update({name!r}, …)")

    def __delattr__(self, name: str) -> NoReturn:
        """Refuse to write: reading is what a view is for.

        Raises:
            AttributeError: Always.
        """
        raise AttributeError(f"status.current is read-only: use status.unset({name!r})")

    def __dir__(self) -> list[str]:
        """List the record's names."""
        return list(self.__status.declared.names)

    def __repr__(self) -> str:
        return f"<current status of {self.__status.module!r}: {', '.join(self.__status.declared.names)}>"
