"""What MariaDB's refusals mean, by error number: https://mariadb.com/kb/en/mariadb-error-code-reference/."""

from __future__ import annotations

from perdure.errors import StoreCorrupt, StoreError, StoreFull, StoreReadOnly, StoreUnavailable
from perdure.store.faults import VERSION_TAKEN, Meaning, Refusal

LOCKED = Meaning(StoreUnavailable, "another transaction was in the way. Look for one that stays open", passing=True)
AWAY = Meaning(StoreUnavailable, "see that the server at {server} is running and can be reached", away=True)
NO_ACCESS = Meaning(StoreUnavailable, "see that user and password are right, and that {user!r} may use {database!r}")
DENIED = Meaning(StoreUnavailable, "grant {user!r} what is missing", denied=True)
READ_ONLY = Meaning(StoreReadOnly, "connect to the primary, or have read_only set off")
FULL = Meaning(StoreFull, "make room on the server's disk")
TOO_LONG = Meaning(StoreFull, "raise the server's max_allowed_packet")
CROWDED = Meaning(StoreUnavailable, "the server has no connection left: raise max_connections, or use fewer")
DAMAGED = Meaning(StoreCorrupt, "repair the table, or restore it from a backup")

MEANINGS: dict[int, Meaning] = {
    1020: LOCKED,
    1205: LOCKED,
    1213: LOCKED,
    1062: Meaning(StoreCorrupt, VERSION_TAKEN),
    1290: READ_ONLY,
    1792: READ_ONLY,
    1836: READ_ONLY,
    1021: FULL,
    1114: FULL,
    1041: Meaning(StoreUnavailable, "the server is out of memory"),
    1153: TOO_LONG,
    1301: TOO_LONG,
    1040: CROWDED,
    1203: CROWDED,
    1226: CROWDED,
    1044: NO_ACCESS,
    1045: NO_ACCESS,
    1698: NO_ACCESS,
    1049: Meaning(StoreUnavailable, "the server at {server} has no database {database!r}. Create it first"),
    1046: Meaning(StoreUnavailable, "the URL names no database: append one, as in mariadb+pymysql://host/database"),
    1142: DENIED,
    1143: DENIED,
    1146: Meaning(StoreUnavailable, "perdure's tables are gone"),
    1969: Meaning(StoreUnavailable, "the statement was cancelled: look at max_statement_time"),
    1034: DAMAGED,
    1712: DAMAGED,
    1877: DAMAGED,
    1053: AWAY,
    1077: AWAY,
    1927: AWAY,
    2002: AWAY,
    2003: AWAY,
    2006: AWAY,
    2013: AWAY,
}
"""What a number means that is worth a word of its own."""


def refusal(error: BaseException) -> Refusal:
    """Return what an error of the driver means."""
    number = error.args[0] if error.args else None
    said = str(error.args[1] if len(error.args) > 1 else error) or type(error).__name__
    if isinstance(number, int) and number in MEANINGS:
        return Refusal(MEANINGS[number], said)
    # A closed connection is an InterfaceError with number 0 and an empty text.
    return Refusal(AWAY if type(error).__name__ == "InterfaceError" else Meaning(StoreError), said)
