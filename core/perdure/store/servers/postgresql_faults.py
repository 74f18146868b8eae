"""What PostgreSQL's refusals mean, by SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html."""

from __future__ import annotations

import psycopg

from perdure.errors import StoreCorrupt, StoreError, StoreFull, StoreReadOnly, StoreUnavailable
from perdure.store.faults import VERSION_TAKEN, Meaning, Refusal
from perdure.store.tables import change

UNIQUE_VIOLATION = "23505"

LOCKED = Meaning(StoreUnavailable, "another transaction was in the way. Look for one that stays open", passing=True)
AWAY = Meaning(StoreUnavailable, "see that the server at {server} is running and can be reached", away=True)
NO_ACCESS = Meaning(StoreUnavailable, "see that user and password are right, and that pg_hba.conf lets {user!r} in")
DAMAGED = Meaning(StoreCorrupt, "restore it from a backup")
TAKEN = Meaning(StoreCorrupt, VERSION_TAKEN)
UNKNOWN = Meaning(StoreError)

MEANINGS: dict[str, Meaning] = {
    "40001": LOCKED,
    "40P01": LOCKED,
    "55P03": LOCKED,
    "25006": Meaning(StoreReadOnly, "connect to the primary, or have default_transaction_read_only set off"),
    "53100": Meaning(StoreFull, "make room on the server's disk"),
    "53200": Meaning(StoreUnavailable, "the server is out of memory"),
    "53300": Meaning(StoreUnavailable, "the server has no connection left: raise max_connections, or use fewer"),
    "54000": Meaning(StoreFull, "the value is longer than the server takes"),
    "57014": Meaning(StoreUnavailable, "the statement was cancelled: look at statement_timeout"),
    "57P01": AWAY,
    "57P02": AWAY,
    "57P03": AWAY,
    "28P01": NO_ACCESS,
    "28000": NO_ACCESS,
    "3D000": Meaning(StoreUnavailable, "the server at {server} has no database {database!r}. Create it first"),
    "42501": Meaning(StoreUnavailable, "grant {user!r} what is missing", denied=True),
    "42P01": Meaning(StoreUnavailable, "perdure's tables are gone, or the search_path has changed"),
    "XX001": DAMAGED,
    "XX002": DAMAGED,
}
"""What a state means that is worth a word of its own."""


def refusal(error: BaseException) -> Refusal:
    """Return what an error of the driver means."""
    state = getattr(error, "sqlstate", None) or state_in_words(str(error))
    if state is None:  # libpq itself: no server answered
        return Refusal(AWAY if isinstance(error, psycopg.OperationalError) else UNKNOWN, str(error))
    if state == UNIQUE_VIOLATION:  # a COMMIT may be refused for a constraint of the caller's own
        ours = isinstance(error, psycopg.Error) and error.diag.table_name == change.name
        return Refusal(TAKEN if ours else UNKNOWN, str(error))
    if state in MEANINGS:
        return Refusal(MEANINGS[state], str(error))
    return Refusal(AWAY if state.startswith("08") else UNKNOWN, str(error))


def state_in_words(said: str) -> str | None:
    """Return the state behind a failure to connect, which libpq tells in words only."""
    for words, state in (
        ("password authentication failed", "28P01"),
        ("no password supplied", "28P01"),
        ("no pg_hba.conf entry", "28000"),
        ("permission denied for database", "42501"),
        ("starting up", "57P03"),
        ("shutting down", "57P03"),
        ("too many clients", "53300"),
        ("remaining connection slots", "53300"),
    ):
        if words in said:
            return state
    if 'database "' in said and "does not exist" in said:
        return "3D000"
    return "28000" if 'role "' in said else None
