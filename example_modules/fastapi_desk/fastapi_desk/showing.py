"""What clients see of values, changes and status codes."""

from collections.abc import Mapping
from typing import Any

from cattrs.preconf.json import make_converter
from pydantic import BaseModel, Field

from perdure import Change, Entry, StatusFamily

JSON = make_converter()


class Given(BaseModel):
    """A value as a client sends it."""

    value: Any
    reason: str | None = None


class Shown(BaseModel):
    """A value as a client sees it."""

    name: str
    value: Any
    version: int
    actor: str | None


def shown(entry: Entry[Any]) -> Shown:
    """Return what is stored; a secret is masked, and what cannot be read is an error."""
    if entry.error is not None:
        raise entry.error
    value = JSON.unstructure(entry.shown_value())
    return Shown(name=entry.name, value=value, version=entry.version, actor=entry.actor)


def default(name: str, value: object) -> Shown:
    """Return what stands in for a value that is not stored."""
    return Shown(name=name, value=JSON.unstructure(value), version=0, actor=None)


def shown_change(change: Change) -> Mapping[str, Any]:
    """Return a change; a secret is masked, and of what cannot be read there is no value."""
    told = {name: getattr(change, name) for name in ("module", "name", "operation", "version", "actor", "reason")}
    value = JSON.unstructure(change.shown_value()) if change.error is None else None
    return {**told, "at": change.at.isoformat(), "value": value}


def described(family: type[StatusFamily]) -> Any:
    """Return what OpenAPI says of a field beside its enum: what each code of the family means."""
    lines = "\n".join(f"- `{code}`: {code.description}" for code in family.SCHEME_SET)
    return Field(description=lines, json_schema_extra={"x-enum-descriptions": [code.description for code in family.SCHEME_SET]})
