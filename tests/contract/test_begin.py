"""A transaction that `app.begin()` began: what a fork, or an error that was swallowed, makes of it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from perdure import App, StoreError, TransactionRefused

from .conftest import TRAINING, emptied, plugin

MODULE = "training-student"


@pytest.fixture
def app(shared_url):
    with App.open(shared_url, plugins=[plugin(TRAINING)]) as app:
        yield app


def in_child(work):
    """Run something in a forked child, and return its exit code."""
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_child_that_ends_within_a_transaction_ends_nothing_of_its_parents(app):
    status = app.scope(MODULE).status
    with app.begin() as connection:
        inside = status.within(connection)
        inside.set("visits", 5)

        def refused():
            with pytest.raises(StoreError):
                status.within(connection).set("visits", 6)

        assert in_child(refused) == 0
        inside.set("size", 7)
    assert (status.get("visits"), status.get("size")) == (5, 7)


def test_a_child_that_leaves_the_block_neither_commits_nor_rolls_back(app):
    status = app.scope(MODULE).status
    parent = os.getpid()
    try:
        with app.begin() as connection:
            status.within(connection).set("visits", 5)
            child = os.fork()
            if child:
                os.waitpid(child, 0)
    except StoreError:
        if os.getpid() != parent:  # pragma: no cover - another process
            os._exit(0)
        raise
    if os.getpid() != parent:  # pragma: no cover - another process
        os._exit(1)
    assert status.get("visits") == 5


def test_a_transaction_that_cannot_be_committed_does_not_end_as_if_it_had_been(app):
    status = app.scope(MODULE).status
    postgresql = app.resources.store.engine.dialect.name == "postgresql"
    refusal = pytest.raises(TransactionRefused, match="an earlier error") if postgresql else None

    def work():
        with app.begin() as connection:
            status.within(connection).set("visits", 5)
            with pytest.raises(DBAPIError):
                connection.execute(text("SELECT * FROM nowhere"))

    if refusal is None:
        work()
        assert status.get("visits") == 5
    else:
        with refusal:
            work()
        assert status.get("visits") == 0


CLOSED_UNDER_WRITERS = """
import sys, threading, time
from perdure import App, AppClosed
from training_student import STATUS

app = App.open(sys.argv[1])
status = app.scope(STATUS).status
failed = []

def write():
    while True:
        try:
            with app.begin() as connection:
                status.within(connection).update("visits", lambda visits: visits + 1)
        except AppClosed:
            return
        except BaseException as error:
            failed.append(repr(error))
            return

writers = [threading.Thread(target=write) for _ in range(3)]
for writer in writers:
    writer.start()
while not status.get("visits"):
    time.sleep(0.01)
app.close()
for writer in writers:
    writer.join(30)
print(failed, [writer.is_alive() for writer in writers])
"""


def test_an_app_may_be_closed_while_transactions_of_others_run(shared_url):
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-X", "dev", "-c", CLOSED_UNDER_WRITERS, shared_url], capture_output=True, check=False, text=True
        )
        assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "[] [False, False, False]", "")


def test_a_constraint_of_the_callers_own_is_no_damage_of_the_store(postgresql_url):
    with App.open(emptied(postgresql_url), plugins=[plugin(TRAINING)]) as app:
        with pytest.raises(StoreError, match="once") as refused, app.begin() as connection:
            connection.execute(
                text("CREATE TABLE door (number int, CONSTRAINT once UNIQUE (number) DEFERRABLE INITIALLY DEFERRED)")
            )
            connection.execute(text("INSERT INTO door VALUES (1), (1)"))
        assert type(refused.value) is StoreError  # and no StoreCorrupt, whose advice is about perdure's tables
