"""How a value is addressed: the key, and what may be part of one.

The limits are those of the tables: SQLite enforces no length and PostgreSQL refuses NUL only when the row is written, so
every part of a key is checked here, before any database sees it.
"""

from __future__ import annotations

from typing import NamedTuple

from perdure.errors import InvalidName

TENANT_LENGTH = 64
MODULE_LENGTH = 255
NAME_LENGTH = 255
ACTOR_LENGTH = 255
REASON_LENGTH = 1000
CHANGE_SET_LENGTH = 64


class Key(NamedTuple):
    """The identity of a stored value, in the order of the primary key."""

    tenant: str
    module: str
    name: str


def checked_tenant(tenant: str) -> str:
    """Return the tenant as it is, or raise `InvalidName`; the empty string is the tenant of those who need none."""
    return checked(tenant, "tenant", TENANT_LENGTH, may_be_empty=True)


def checked_module(module: str) -> str:
    """Return the module's name as it is, or raise `InvalidName`."""
    return checked(module, "module", MODULE_LENGTH)


def checked_name(name: str) -> str:
    """Return the status name as it is, or raise `InvalidName`."""
    return checked(name, "name", NAME_LENGTH)


def checked_actor(actor: str) -> str:
    """Return the actor as it is, or raise `InvalidName`."""
    return checked(actor, "actor", ACTOR_LENGTH)


def checked_reason(reason: str) -> str:
    """Return the reason as it is, or raise `InvalidName`."""
    return checked(reason, "reason", REASON_LENGTH, may_be_empty=True)


def checked_change_set(change_set: str) -> str:
    """Return the id of a change set as it is, or raise `InvalidName`."""
    return checked(change_set, "change set", CHANGE_SET_LENGTH)


def checked(text: str, what: str, limit: int, *, may_be_empty: bool = False) -> str:
    """Return `text` if every database stores and compares it faithfully.

    Args:
        text: The part of a key.
        what: What it is called in the error.
        limit: The longest that fits its column, in characters.
        may_be_empty: Whether nothing is something.

    Raises:
        InvalidName: It is no `str`, empty, too long, or holds NUL or half of a surrogate pair.
    """
    if not isinstance(text, str):
        raise InvalidName(what, repr(text), f"is no str but {type(text).__name__}")
    if not text and not may_be_empty:
        raise InvalidName(what, text, "is empty")
    if len(text) > limit:
        raise InvalidName(what, text, f"has {len(text)} characters, and {limit} fit")
    if "\0" in text:
        raise InvalidName(what, text, "holds a NUL character")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidName(what, text, "holds a lone surrogate, which UTF-8 cannot encode")
    return text
