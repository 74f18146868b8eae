"""What the application decides about the values of its modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@attrs.frozen
class Policy:
    """The decisions of `App.open`, which hold for every module.

    Attributes:
        defaults: What the application knows better than a module, below stored values: module to name to value.
        pinned: The same above stored values.
        max_value_bytes: How long a value's JSON text may be, in bytes of UTF-8.
        actor: Who writes where neither the call nor `acting_as` says.
        opened_at: When the App was opened, and its pins came into force.
    """

    defaults: Mapping[str, Mapping[str, Any]] = attrs.field(repr=False)  # secrets may be among them
    pinned: Mapping[str, Mapping[str, Any]] = attrs.field(repr=False)
    max_value_bytes: int
    actor: str | None
    opened_at: datetime
