"""Whether a spec can be kept at all: said when its plugin is loaded, and not when its first value is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from perdure.errors import InvalidSpec
from perdure.records.values.codec import Codec, Mismatch
from perdure.records.values.support import refuse_unsupported

if TYPE_CHECKING:
    from perdure.records.spec import StatusSpec


def refuse_unfit(spec: StatusSpec[Any]) -> None:
    """Return if every name of a spec can be kept, and every default fits; a factory's is looked at when it is made.

    Raises:
        InvalidSpec: An annotation does not resolve, an attribute cannot be a status, or a default does not fit.
        UnsupportedType: A type cannot be written to JSON and read back.
    """
    for field in spec.fields.values():
        refuse_unsupported(spec.module, field.name, field.annotation)
        if field.has_default and not isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]
            try:
                Codec.of(spec.module, field).accept(field.default)
            except Mismatch as mismatch:
                problem = f"the default does not fit: {mismatch.path}: {mismatch.problem}"
                raise InvalidSpec(spec.module, problem) from None
