"""JSON text: an encoder and a decoder of our own, since another library may replace `json.dumps` for the whole process."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NoReturn

from perdure.records.values.mismatch import Flaw, shown

if TYPE_CHECKING:
    from collections.abc import Sequence


def refuse_constant(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python's decoder takes though they are not JSON."""
    raise Flaw(f"it is not JSON: {name} is no JSON number", "it is not JSON")


def finite(digits: str) -> float:
    """Return a float; Python's decoder would make an infinity of `1e999`."""
    if math.isfinite(value := float(digits)):
        return value
    raise Flaw(f"it holds {shown(digits)}, which is no finite float", "it holds a float that is not finite")


to_text = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
BLANKS = " \t\n\r"
"""What JSON allows around a value. `decode` looks for it twice, which takes as long as to read a short text."""

decoder = json.JSONDecoder(parse_constant=refuse_constant, parse_float=finite)


def unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object, unless it would have to lose one of two values, as Python's decoder does."""
    found = dict(pairs)
    if len(found) < len(pairs):
        problem = f"an object of {len(pairs)} keys has one of them twice"  # which may be part of a secret
        raise Flaw(problem, problem)
    return found


from_people = json.JSONDecoder(parse_constant=refuse_constant, parse_float=finite, object_pairs_hook=unique).decode
"""Read JSON that people may have written: they have a key twice by mistake."""


def from_text(text: str) -> Any:
    """Return the data that a JSON text holds.

    Raises:
        Flaw: The text is not JSON, or holds what Python cannot read or UTF-8 cannot hold.
    """
    try:
        bare = text.lstrip(BLANKS)
        data, end = decoder.raw_decode(bare)
        if end != len(bare):  # blanks, of which we write none, or what does not belong there
            data = decoder.decode(text)
    except json.JSONDecodeError as error:
        raise Flaw(f"it is not JSON: {error.msg} at character {error.pos}", "it is not JSON") from None
    except ValueError as error:  # Python reads no int of more than 4300 digits
        raise Flaw(f"it cannot be read: {error}", "it cannot be read") from None
    if "\\u" in text:  # the only way into a decoded text for a lone surrogate
        refuse_surrogates(to_text(data))
    return data


def refuse_surrogates(text: str) -> None:
    """Refuse a text with lone surrogates, which no database takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Flaw("it holds a lone surrogate, which is no character", "it holds a lone surrogate") from None
