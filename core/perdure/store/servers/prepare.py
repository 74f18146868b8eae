"""Opens a store on a server: its settings are asked, its tables brought up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.exc import DBAPIError

from perdure.store.faults import Address
from perdure.store.patience import Patience
from perdure.store.schema import versions
from perdure.store.schema.alone import alone
from perdure.store.servers.outage import RIDE_OUT

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

    from perdure.store.servers.driver import Driver
    from perdure.store.servers.store import ServerStore

S = TypeVar("S", bound="ServerStore")


def prepared(  # noqa: PLR0913 - the parts of a store, which only its own file knows
    kind: type[S], engine: Engine, plain: Driver, driver_for: Callable[[Connection], Driver], *, own: bool, migrate: bool
) -> S:
    """Return a store whose tables are there.

    Args:
        kind: The store's class.
        engine: What connects.
        plain: The driver, as far as it is known without having connected.
        driver_for: Returns the driver that fits what the server says of itself.
        own: Whether the engine is the store's own.
        migrate: Whether tables may be created or upgraded.
    """
    address = Address(plain.product, engine.url)
    riding = Patience(RIDE_OUT)
    try:
        while True:
            try:
                with engine.connect() as connection:
                    connection.execution_options(isolation_level=plain.isolation)  # the host's comes back with the connection
                    driver = driver_for(connection)
                    connection.rollback()
                    upgraded = versions.ensure(connection, address.shown, migrate=migrate, alone=alone)
            except DBAPIError as error:
                if not isinstance(error.orig, plain.error):
                    raise
                refusal = plain.refusal(error.orig)
                if not (refusal.meaning.away or error.connection_invalidated) or not riding.pause():
                    raise refusal.error(address) from error
            else:
                break
        store = kind(engine, driver, own=own)
    except BaseException:
        if own:
            engine.dispose()
        raise
    store.upgraded = upgraded
    return store
