"""An App in place of one whose database has no tables yet: what is tried on it changes nothing and is told to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure.app import WATCH_INTERVAL, App
from perdure.doctor.case import no_decisions
from perdure.locks import locks_for
from perdure.names import checked_tenant
from perdure.plugins.registry import Registry
from perdure.resources import Resources
from perdure.store.opening import open_store
from perdure.store.watching.poller import Poller

if TYPE_CHECKING:
    from perdure.plugins.discovery import Selection


def stand_in(selection: Selection, tenant: str) -> App:
    """Return an empty App in memory, to be closed.

    No plugin hears that it opens or what is written to it, and no Redis is asked.

    Args:
        selection: The plugins.
        tenant: Whose values.

    Raises:
        PluginError: Two plugins clash.
        InvalidName: No table can hold the tenant.
    """
    registry, store = Registry.load(selection, "skip"), open_store("sqlite://")
    locks = locks_for(store, (), required=False)
    return App(Resources(store, registry, no_decisions(), locks, Poller(store, WATCH_INTERVAL)), checked_tenant(tenant))
