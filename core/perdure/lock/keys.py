"""What locks are called in the places that keep them."""

from __future__ import annotations

import hashlib

DIGITS = 48


def first_write_key(tenant: str, module: str, name: str) -> str:
    """Return the key under which first writes of a status name are put in order."""
    return lock_key("first", tenant, module, name)


def named_key(tenant: str, module: str, name: str) -> str:
    """Return the key of a lock that a module takes by name."""
    return lock_key("named", tenant, module, name)


def lock_key(kind: str, *parts: str) -> str:
    """Return a key that no other kind and no other parts have.

    The parts are hashed, each behind its length: joined by a separator, `("a:b", "c")` and `("a", "b:c")` would be one. The
    kind is hashed too and shown in front, for whoever looks at a server. 62 characters fit MariaDB's GET_LOCK, which takes
    64, and all of them may be part of a file's name.
    """
    digest = hashlib.sha256()
    for part in (kind, *parts):
        text = part.encode()
        digest.update(b"%d:" % len(text) + text)
    return f"perdure-{kind}-{digest.hexdigest()[:DIGITS]}"
