"""The environment variables that say what `App.open` was not told. Arguments win over them."""

from __future__ import annotations

import os

from perdure.errors import InvalidArgument

URL = "PERDURE_URL"
REDIS = "PERDURE_REDIS"
TENANT = "PERDURE_TENANT"
MIGRATE = "PERDURE_MIGRATE"
BLOCKED = "PERDURE_BLOCKED"

YES = {"1", "true", "yes", "on"}
NO = {"0", "false", "no", "off"}


def url() -> str | None:
    """Return the database URL, or None."""
    return os.environ.get(URL) or None


def redis() -> tuple[str, ...]:
    """Return the URLs of Redis masters: a list with commas between them."""
    return listed(REDIS)


def tenant() -> str:
    """Return the tenant, or the empty string."""
    return os.environ.get(TENANT, "")


def migrate() -> bool:
    """Return whether tables are created and upgraded on opening; True unless the environment says no.

    Raises:
        InvalidArgument: The variable says neither yes nor no.
    """
    given = os.environ.get(MIGRATE, "").strip().lower()
    if not given or given in YES:
        return True
    if given in NO:
        return False
    raise InvalidArgument(MIGRATE, repr(given), "1, true, yes, on, 0, false, no or off")


def blocked() -> tuple[str, ...]:
    """Return the names of blocked plugins: a list with commas between them."""
    return listed(BLOCKED)


def listed(variable: str) -> tuple[str, ...]:
    """Return what a variable lists with commas."""
    return tuple(item for each in os.environ.get(variable, "").split(",") if (item := each.strip()))
