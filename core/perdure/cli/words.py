"""Values as people type them: JSON or plain words, read by the declared type; and as they are shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from perdure.cli.examples import example_of
from perdure.errors import PerdureError, ValueRefused
from perdure.records.fields import MASK
from perdure.records.values.codec import Mismatch
from perdure.records.values.jsontext import from_people
from perdure.records.values.mismatch import Flaw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perdure.codes.code import StatusCode
    from perdure.records.entry import Change, Entry
    from perdure.scope.field import Field


def typed(field: Field[Any], words: str) -> Any:
    """Return the value that words mean for a name.

    Args:
        field: The name.
        words: JSON, or a plain word where its type is written as a string: a text, a date, a status code.

    Raises:
        ValueRefused: The declared type takes neither; a note says what its values look like.
    """
    codec = field.declared.codec
    problems: list[Mismatch] = []
    for text in (words, json.dumps(words), *in_utc(words)):
        try:
            value = codec.decode(text)
        except Mismatch as mismatch:
            problems.append(mismatch)
            continue
        refuse_twice(field, text)
        # Code that reads passes over keys it does not know, which newer code may have written. People have mistyped them.
        if path := codec.unknown_key(text, value):
            raise with_example(ValueRefused(*field.place, *unknown(field, path)), field)
        refuse_foreign(field, value)
        return value
    found = problems[0] if is_json(words) else problems[1]
    raise with_example(ValueRefused(*field.place, found.path, found.problem), field)


def in_utc(words: str) -> tuple[str, ...]:
    """Return a time that ends in Z as the offset that it stands for, which is how times are stored."""
    return (json.dumps(f"{words[:-1]}+00:00"),) if words.endswith("Z") else ()


def unknown(field: Field[Any], path: str) -> tuple[str, str]:
    """Return the path and the problem of a key that the declared type does not have; of a secret, no more than its name."""
    return (field.name if field.declared.field.secret else path), "the declared type has no such key"


def refuse_twice(field: Field[Any], text: str) -> None:
    """Refuse an object that has a key twice: one of the two values would be lost."""
    try:
        from_people(text)
    except Flaw as flaw:
        problem = flaw.told(secret=field.declared.field.secret)
        raise with_example(ValueRefused(*field.place, field.name, problem), field) from None


def refuse_foreign(field: Field[Any], value: Any) -> None:
    """Refuse a status code that the family of a name's lifecycle does not have."""
    course = field.declared.course
    if course is not None and value not in course.graph.codes:
        given = "the secret" if field.declared.field.secret else repr(str(value))
        problem = f"{given} is no code of the family {course.graph.family.name!r}"
        raise with_example(ValueRefused(*field.place, field.name, problem), field)


def with_example(error: ValueRefused, field: Field[Any]) -> ValueRefused:
    """Return an error that says what values of a name look like."""
    example = example_of(field.declared.codec.annotation, codes_for(field))
    error.add_note(f"{field.name} is written {example if example.startswith('such as') else f'as {example}'}.")
    return error


def codes_for(field: Field[Any]) -> Sequence[StatusCode]:
    """Return the codes that a name with a lifecycle may have next; all there are, where that cannot be told."""
    course = field.declared.course
    if course is None:
        return []
    try:
        begins = [] if field.is_stored() else list(course.graph.initial)
        current = field.get()
    except PerdureError:
        return list(course.graph.codes)
    following = [] if current is None else course.graph.targets(current)
    return list(dict.fromkeys([*begins, *following])) or list(course.graph.codes)


def is_json(words: str) -> bool:
    """Whether words are JSON."""
    try:
        json.loads(words)
    except (ValueError, RecursionError):
        return False
    return True


def plain(field: Field[Any], value: Any) -> Any:
    """Return a value as JSON has it; None stays None."""
    return None if value is None else json.loads(field.declared.codec.text(value))


def entry_data(field: Field[Any], entry: Entry[Any]) -> dict[str, Any]:
    """Return an entry as JSON has it: a secret masked, and one that cannot be read with its error."""
    readable = entry.error is None and not entry.secret
    return {
        "tenant": entry.tenant,
        "module": entry.module,
        "name": entry.name,
        "value": plain(field, entry.value) if readable else None,
        "stored": not entry.pinned,
        "default": False,
        "secret": entry.secret,
        "pinned": entry.pinned,
        "error": None if entry.error is None else str(entry.error),
        "version": entry.version,
        "record_version": entry.record_version,
        "created_at": None if entry.pinned else entry.created_at.isoformat(),
        "updated_at": None if entry.pinned else entry.updated_at.isoformat(),
        "actor": entry.actor,
    }


def unstored_data(field: Field[Any]) -> dict[str, Any]:
    """Return the same, with the same keys, of a name that is not stored: its default, if it has one."""
    default, secret = field.declared.default, field.declared.field.secret
    tenant, module, name = field.place
    return {
        "tenant": tenant,
        "module": module,
        "name": name,
        "value": None if default is None or secret else plain(field, default.make()),
        "stored": False,
        "default": default is not None,
        "secret": secret,
        "pinned": False,
        "error": None,
        "version": 0,
        "record_version": field.declared.evolution.reads,
        "created_at": None,
        "updated_at": None,
        "actor": None,
    }


def change_data(field: Field[Any] | None, change: Change) -> dict[str, Any]:
    """Return a change as JSON has it, masked as an entry is; the field is None where nothing declares the name."""
    readable = field is not None and change.error is None and not change.secret
    return {
        "tenant": change.tenant,
        "module": change.module,
        "name": change.name,
        "operation": change.operation,
        "value": plain(field, change.value) if field is not None and readable else None,
        "secret": change.secret,
        "error": None if change.error is None else str(change.error),
        "version": change.version,
        "record_version": change.record_version,
        "change_set": change.change_set,
        "actor": change.actor,
        "reason": change.reason,
        "at": change.at.isoformat(),
    }


def shown(data: dict[str, Any]) -> str:
    """Return the value of an entry or a change for people: its JSON, its mask, or why it cannot be read."""
    if data["error"]:
        return str(data["error"])
    text = MASK if data["secret"] else json.dumps(data["value"], ensure_ascii=False)
    return f"{text} (pinned)" if data.get("pinned") else text
