"""Stores on one real file, whose queries are counted, and pollers of them."""

from __future__ import annotations

import pytest
from tests.unit.store.watching.counting import Counting

from perdure.store.opening import open_store as opened
from perdure.store.watching.poller import Poller


@pytest.fixture
def counting(path):
    """Opens counting stores, each as another process would, and closes them."""
    stores = []

    def counting():
        stores.append(opened(f"sqlite:///{path}", durability="normal"))
        return Counting(stores[-1])

    yield counting
    for store in stores:
        store.close()


@pytest.fixture
def store(counting):
    return counting()


@pytest.fixture
def poller_of(store):
    """Makes pollers, which look every minute unless told otherwise, and closes them."""
    pollers = []

    def poller_of(of=store, interval=60.0):
        pollers.append(Poller(of, interval))
        return pollers[-1]

    yield poller_of
    for poller in pollers:
        poller.close()


@pytest.fixture
def poller(poller_of):
    return poller_of()
