"""The scope of one module: what is its own within an application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

if TYPE_CHECKING:
    from perdure.records.spec import StatusSpec
    from perdure.scope.status import ModuleStatus

R = TypeVar("R")


@attrs.frozen
class Scope(Generic[R]):
    """What belongs to one module; got from `app.scope(…)`.

    Attributes:
        spec: What the module declared.
        status: Its values.
    """

    spec: StatusSpec[R]
    status: ModuleStatus[R]

    @property
    def module(self) -> str:
        """The module's name."""
        return self.spec.module
