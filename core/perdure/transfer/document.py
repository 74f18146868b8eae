"""The document in which stored values travel: what is in it, and how it is written and read.

It is one JSON object in UTF-8:

```json
{
  "format": 1,
  "perdure": "0.1.0",
  "tenants": {
    "": {
      "training-student": {
        "visits": {
          "value": 3,
          "record_version": 1,
          "version": 7,
          "created_at": "2026-03-01T09:30:00+00:00",
          "updated_at": "2026-03-02T10:00:00.250000+00:00",
          "actor": "ada"
        }
      },
      "demo-course": {}
    }
  },
  "left_out": [{"tenant": "", "module": "mailer", "name": "password", "why": "secret", "problem": null}]
}
```

`tenants` has every tenant and module that was exported, those without a value too. Modules and names go by the names that they
are stored under, their first ones, which code from before a rename and after it knows. `value` is the JSON of the value in the
record version in which it is stored. Only `value` and `record_version` are imported; the rest is for those who read the document.
What a reader of this format does not know, it passes over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias

import attrs

from perdure.records.values.jsontext import from_people, refuse_surrogates, to_text
from perdure.records.values.mismatch import Flaw

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMAT = 1
"""The version of the format that is written, and the newest that is read."""

Why: TypeAlias = Literal["secret", "unreadable", "undeclared"]
"""Why a stored value is not in a document."""


class DocumentInvalid(ValueError):
    """A text is no document of this format; the message says where, what was expected, and what came."""


@attrs.frozen
class Kept:
    """A value in a document.

    Attributes:
        text: Its JSON text.
        record_version: The version of the record that the text is written in.
        told: What else the document tells of it, by key.
    """

    text: str = attrs.field(repr=False)  # somebody may have added a secret
    record_version: int
    told: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen
class LeftOut:
    """A stored value that is not in a document.

    Attributes:
        tenant: The tenant, or the empty string.
        module: The module, as it is stored.
        name: The name, as it is stored.
        why: `secret`; `unreadable`: damaged, or newer than the code; `undeclared`: nobody knows whether it is secret.
        problem: What is wrong with one that is unreadable, else None.
    """

    tenant: str
    module: str
    name: str
    why: Why
    problem: str | None = None


Tenants: TypeAlias = Mapping[str, Mapping[str, Mapping[str, Kept]]]
"""Values by tenant, module and name."""


@attrs.frozen
class Document:
    """What is stored for some tenants.

    Attributes:
        perdure: The version of perdure that wrote it.
        tenants: The values. A tenant or module that was exported is there without any, too.
        left_out: What is stored and not in it.
    """

    perdure: str
    tenants: Tenants
    left_out: Sequence[LeftOut] = ()

    @property
    def count(self) -> int:
        """How many values there are."""
        return sum(len(names) for modules in self.tenants.values() for names in modules.values())

    def text(self, *, indent: int | None = None) -> str:
        """Return the document as JSON, on one line unless it is told by how much to indent."""
        tenants = {
            tenant: {module: {name: data_of(kept) for name, kept in names.items()} for module, names in modules.items()}
            for tenant, modules in self.tenants.items()
        }
        left_out = [attrs.asdict(each) for each in self.left_out]
        data = {"format": FORMAT, "perdure": self.perdure, "tenants": tenants, "left_out": left_out}
        return json.JSONEncoder(ensure_ascii=False, allow_nan=False, indent=indent).encode(data)


def data_of(kept: Kept) -> dict[str, Any]:
    """Return a value as the document has it."""
    return {"value": json.JSONDecoder().decode(kept.text), "record_version": kept.record_version, **kept.told}


# --------------------------------------------------------------------------- reading


def read(text: str) -> Document:
    """Return the document that a text is.

    Raises:
        DocumentInvalid: It is none, or of a newer format.
    """
    data = mapping(parsed(text), "the document")
    number = data.get("format")
    if isinstance(number, bool) or not isinstance(number, int):
        refuse("the document", 'the key "format" with a number, as `perdure export` writes it', kind(number))
    if not 1 <= number <= FORMAT:
        refuse("format", f"{FORMAT}, which is what this perdure reads; a newer one may read it", str(number))
    tenants = {
        tenant: {
            module: {name: kept(value, path("tenants", tenant, module, name)) for name, value in names.items()}
            for module, names in mappings(modules, path("tenants", tenant)).items()
        }
        for tenant, modules in mappings(data.get("tenants"), "tenants").items()
    }
    return Document(str(data.get("perdure", "")), tenants, tuple(map(left_out, listed(data.get("left_out", []), "left_out"))))


def parsed(text: str) -> Any:
    """Return the data of a JSON text in which no key of an object is there twice."""
    try:
        data = from_people(text)
        refuse_surrogates(to_text(data))
    except (ValueError, Flaw, RecursionError) as error:
        problem = error.problem if isinstance(error, Flaw) else str(error)
        raise DocumentInvalid(f"it cannot be read as JSON: {problem}") from None
    return data


def kept(data: Any, where: str) -> Kept:
    """Return a value of a document."""
    given = dict(mapping(data, where))
    if "value" not in given:
        refuse(where, 'the key "value"', kind(given))
    version = given.pop("record_version", None)
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        refuse(f"{where}.record_version", "the number of the record version that the value is written in", kind(version))
    return Kept(to_text(given.pop("value")), version, given)


def left_out(data: Any) -> LeftOut:
    """Return what a document tells of a value that is not in it."""
    given = mapping(data, "an item of left_out")
    place = [given.get(key) for key in ("tenant", "module", "name")]
    if not all(isinstance(each, str) for each in place):
        refuse("an item of left_out", "a tenant, a module and a name", kind(place))
    tenant, module, name = map(str, place)
    return LeftOut(tenant, module, name, given.get("why", "undeclared"), given.get("problem"))


def listed(data: Any, where: str) -> Sequence[Any]:
    """Return a list."""
    if not isinstance(data, list):
        refuse(where, "a list", kind(data))
    return data


def mappings(data: Any, where: str) -> Mapping[str, Mapping[str, Any]]:
    """Return an object of objects."""
    return {key: mapping(value, path(where, key)) for key, value in mapping(data, where).items()}


def mapping(data: Any, where: str) -> Mapping[str, Any]:
    """Return an object."""
    if not isinstance(data, Mapping):
        refuse(where, "an object", kind(data))
    return data


def path(*keys: str) -> str:
    """Return how messages name a place in a document; the tenant of those who need none is the empty text."""
    return ".".join(key or '""' for key in keys)


def kind(given: object) -> str:
    """Return what messages say came: of which type it is, and no more, for it may be secret."""
    return "nothing" if given is None else type(given).__name__


def refuse(where: str, expected: str, came: str) -> NoReturn:
    """Raise what says that something in a document is not as it should be."""
    raise DocumentInvalid(f"{where}: expected {expected}, got {came}")
