"""A store that is a dict, with a clock that is set by hand."""

from __future__ import annotations

from perdure.errors import StoreUnavailable
from perdure.metrics import Counters
from perdure.store.aged.rows import AgedRows
from perdure.store.aged.snapshots import Snapshots
from perdure.store.callers.delivery import Delivery
from perdure.store.rows import Note, Row, Written


class Clock:
    """The seconds now."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def tick(self, seconds):
        self.now += seconds


def row_of(name, version, text=None, module="module", tenant=""):
    """Return a row whose text is its version, unless told otherwise."""
    return Row(tenant, module, name, str(version) if text is None else text, "json", version, 1, 5, 5, None)


class Shelf:
    """What `AgedRows` asks of a store, beside an App's snapshots of it.

    Attributes:
        rows: What is stored, by tenant, module and name.
        asked: How many queries there were.
        away: Whether the database is.
        during: Called in the middle of every query: what happens meanwhile.
    """

    shown = "shelf"
    statements = None

    def __init__(self):
        self.rows = {}
        self.asked = 0
        self.away = False
        self.during = lambda: None
        self.counters = Counters()
        self.delivery = Delivery(self.counters)
        self.clock = Clock()
        self.snapshots = Snapshots(self.delivery, self.clock)

    def read_module(self, tenant, module):
        self.asked += 1
        found = sorted(row for key, row in self.rows.items() if key[:2] == (tenant, module))
        self.during()
        if self.away:
            raise StoreUnavailable(self.shown, "is away")
        return found

    def in_transaction(self):
        return False

    def aged(self, seconds, on_outage=0.0):
        return AgedRows(self, self.snapshots, seconds, on_outage)

    def put(self, *rows):
        """Let another process write."""
        for row in rows:
            self.rows[row.tenant, row.module, row.name] = row

    def write(self, *rows):
        """Let this App write, and be told of it."""
        self.put(*rows)
        self.tell(*rows)

    def tell(self, *rows):
        self.delivery.tell([Written(row, Note("set")) for row in rows])
